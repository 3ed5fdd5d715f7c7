//! Owns the first inputs of each target: packets and messages of a rehearsed conference, one of each kind, and scripts
//! that lead the stateful targets to where something happens. `UPDATE_CORPUS=1 cargo test -p sim --test fuzz seeds`
//! writes them to `fixtures/corpus`.

use std::{collections::BTreeMap, fs, path::PathBuf};

use media_core::{
    rtp::{Protocol, RtpView, demux, ext::DEPENDENCY_DESCRIPTOR},
    signalling::ClientMessage,
};
use sim::{
    fuzz::TARGETS,
    run::{Options, Run, run},
    scenario::Scenario,
    trace::Channel,
};

/// Scenarios that have every kind of media, request and feedback between them.
const SCENARIOS: [&str; 3] = ["rathaus", "moderation", "loss"];
/// Bytes of one descriptor script.
const DESCRIPTORS_BYTES_MAX: usize = 600;

/// Scripts of the stateful targets: where each leads stands beside it.
const SCRIPTS: &[(&str, &str, &[u8])] = &[
    // A microphone, a camera by RID, slides by SSRC; then ICE anew and the microphone silent.
    (
        "session-description",
        "seed-rounds",
        include_bytes!("../../../fixtures/corpus/session-description/seed-rounds"),
    ),
    ("session-description", "seed-firefox", include_bytes!("../../../fixtures/sdp/firefox-watch.sdp")),
    // Streams that are learned, redundant audio, reports, and what goes out.
    ("dialect", "seed-chromium", include_bytes!("../../../fixtures/corpus/dialect/seed-chromium")),
    ("dialect", "seed-firefox", include_bytes!("../../../fixtures/corpus/dialect/seed-firefox")),
    // An offer, a check, a handshake, packets; repeated, changed, from elsewhere; another port; ICE anew; goodbye.
    (
        "transport",
        "seed-connected",
        &[
            0, 0, 0, 0, 1, 2, 0, 0, 1, 4, 0, 0, 8, 0, 0, 3, 10, 1, 2, 6, 0, 0, 3, 0, 20, 0, 0, 6, 0, 1, 1, 0,
            9, 1, 3, 3, 0, 1, 1, 11, 0, 0, 20, 128, 111, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7,
            8, 9, 0, 0, 3, 232, 2, 0, 2, 1, 8, 0, 2, 2, 10, 5, 0, 0, 0, 0, 2, 2, 0, 3, 1, 5, 0, 4, 4, 22,
            254, 253, 0, 10, 0, 2, 1,
        ],
    ),
    // Offers over and over, noise in one, time that passes, removal.
    (
        "transport",
        "seed-offers",
        &[
            0, 0, 0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 4, 1, 1, 0, 1, 1, 0, 3, 97, 61, 10, 9,
            0, 0, 255, 255, 2, 0, 1, 1, 4, 0, 1, 10, 0, 0, 0, 11, 0, 0, 4, 128, 200, 0, 1,
        ],
    ),
    // Two frames delivered, repeated, changed; then a leap beyond the window.
    (
        "sealed-frame",
        "seed-window",
        &[
            0, 0, 1, 2, 9, 9, 0, 1, 2, 8, 8, 2, 0, 0, 2, 0, 0, 4, 0, 1, 0, 12, 7, 1, 1, 1, 5, 4, 60, 2, 4, 0,
            2, 0, 1, 7, 1, 2, 0, 0,
        ],
    ),
    (
        "sealed-frame",
        "seed-splice",
        &[
            1, 0, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 0, 2, 4, 9,
            9, 9, 9, 5, 0, 0, 0, 1, 0, 9, 1, 2, 0, 1, 2, 0, 0,
        ],
    ),
    // Set-up, messages in both directions, loss, repetition, a close.
    (
        "signalling-channel",
        "seed-messages",
        &[
            2, 4, 0, 130, 0, 9, 11, 0, 139, 0, 11, 0, 139, 0, 5, 0, 1, 4, 0, 11, 0, 6, 0, 11, 0, 139, 0, 0,
            200, 4, 132,
        ],
    ),
    (
        "signalling-channel",
        "seed-forger",
        &[9, 1, 0, 0, 0, 0, 0, 0, 3, 1, 2, 3, 137, 0, 1, 1, 0, 0, 0, 0, 20, 5, 0, 0, 0, 40, 0, 0],
    ),
    // A key frame of two packets, a frame on it, a hole, a repair, a pause.
    (
        "video-assembly",
        "seed-frames",
        &[
            9, 0, 5, 1, 9, 0, 6, 1, 9, 0, 67, 2, 0, 9, 64, 67, 3, 0, 0, 20, 4, 1, 67, 2, 0, 0, 200, 3, 8, 0,
            7, 9, 0, 255,
        ],
    ),
    // In, with a microphone to hear and a camera to send; a picture in two packets; repairs; out and in again.
    (
        "endpoint",
        "seed-sound",
        &[
            0, 0, 1, 2, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 10, 1, 255, 20, 200, 11, 0, 0, 0, 3, 0,
            11, 0, 0, 0, 3, 0, 20, 200, 18, 3, 0,
        ],
    ),
    (
        "endpoint",
        "seed-picture",
        &[
            0, 0, 1, 2, 0, 1, 0, 2, 0, 0, 0, 3, 1, 0, 1, 2, 1, 0, 11, 0, 8, 0, 3, 0, 11, 0, 9, 0, 3, 0, 20,
            20, 11, 0, 201, 0, 1, 11, 0, 9, 183, 3, 160, 20, 50, 17, 0, 0, 255, 200, 4, 19, 1, 19, 0, 20,
            200,
        ],
    ),
    // In, a microphone; the welcome withheld, handed out; handshakes repeated, changed, as noise; keys renewed; somebody comes.
    (
        "endpoint",
        "seed-handshakes",
        &[
            0, 0, 1, 2, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 8, 4, 20, 200, 0, 8, 4, 11, 0, 0, 0, 3,
            0, 0, 8, 1, 4, 0, 0, 8, 2, 2, 0, 9, 1, 0, 8, 3, 3, 3, 1, 2, 3, 0, 8, 6, 0, 18, 2, 0, 11, 0, 0, 0,
            3, 0, 0, 8, 7, 5, 18, 2, 0,
        ],
    ),
    // In, told to found a group; somebody comes and is taken in.
    (
        "endpoint",
        "seed-founder",
        &[
            0, 0, 1, 2, 0, 1, 0, 2, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 8, 0, 0, 8, 7, 5, 18, 2, 0, 11, 0, 0, 0,
            3, 0, 18, 2, 0,
        ],
    ),
    // The furnished conferences, media from everybody, feedback, a mode switch, a departure.
    (
        "conference-server",
        "seed-media",
        &[
            1, 0, 80, 0, 144, 32, 80, 0, 144, 64, 82, 0, 0, 96, 82, 0, 0, 128, 83, 0, 0, 31, 40, 0, 80, 0,
            145, 64, 82, 0, 4, 64, 82, 230, 4, 13, 0, 0, 0, 3, 8, 45, 6, 0, 31, 40, 17, 20, 0, 1, 64, 80, 0,
            144, 25, 26,
        ],
    ),
    (
        "conference-server",
        "seed-doors",
        &[
            0, 17, 0, 0, 0, 1, 49, 1, 0, 200, 17, 17, 3, 81, 1, 0, 1, 17, 18, 4, 113, 31, 25, 57, 27, 255,
            255, 17, 0, 1, 1, 0, 49, 1, 0, 1,
        ],
    ),
];

#[test]
fn every_seed_of_the_generator_has_its_file() {
    let seeds = seeds();
    for target in TARGETS {
        assert!(seeds.keys().any(|(of, _)| of == target.name), "no seed for {}", target.name);
    }
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../fixtures/corpus");
    let update = std::env::var_os("UPDATE_CORPUS").is_some();
    for ((target, name), bytes) in seeds {
        let file = folder.join(&target).join(&name);
        if update {
            fs::create_dir_all(folder.join(&target)).expect("the corpus can be written");
            fs::write(&file, bytes).expect("the corpus can be written");
        }
        assert!(file.is_file(), "fixtures/corpus/{target}/{name} is missing: run with UPDATE_CORPUS=1");
    }
}

/// By target and name.
fn seeds() -> BTreeMap<(String, String), Vec<u8>> {
    let mut seeds = BTreeMap::new();
    for (target, name, bytes) in SCRIPTS {
        seeds.insert(((*target).to_owned(), (*name).to_owned()), bytes.to_vec());
    }
    for scenario in SCENARIOS {
        let run = rehearse(scenario);
        let mut add = |target: &str, kind: String, bytes: &[u8]| {
            let name = format!("seed-{kind}");
            seeds.entry((target.to_owned(), name)).or_insert_with(|| bytes.to_vec());
        };
        add_datagrams(&run, &mut add);
        add_descriptors(&run, scenario, &mut add);
        for seen in &run.server.tap.requests {
            let message = ClientMessage { request: seen.request, body: seen.body.clone() }.encode();
            add("client-signal", word(&message[br#"{"request":1,"body":"#.len()..]), &message);
        }
        for seen in &run.server.tap.messages {
            let message = seen.body.encode();
            add("server-signal", word(&message), &message);
        }
    }
    seeds
}

fn rehearse(scenario: &str) -> Run {
    let file =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../fixtures/scenarios/{scenario}.toml"));
    let scenario = Scenario::load(&file).expect("fixtures are valid");
    run(&scenario, 1, Options { keep_packets: true, ..Options::default() }).expect("fixtures run")
}

/// One RTP packet for each payload type and set of extensions, one compound for each sequence of packet types.
fn add_datagrams(run: &Run, add: &mut impl FnMut(&str, String, &[u8])) {
    let captured = run.server.capture.iter().flatten().map(|captured| &captured.datagram);
    for datagram in captured.filter(|datagram| datagram.channel == Channel::Media) {
        let bytes = &datagram.bytes;
        match demux(bytes) {
            Protocol::Rtp => {
                let Ok(view) = RtpView::parse(bytes) else { continue };
                let sizes = view.extensions().map(|(id, data)| format!("-{id}x{}", data.len()));
                let kind = format!("{}{}", view.payload_type(), sizes.collect::<String>());
                // What is behind the first bytes of a payload is nobody's business.
                add("rtp-packet", kind, &bytes[..bytes.len().min(view.payload_offset() + 12)]);
            }
            Protocol::Rtcp => {
                let mut kinds = Vec::new();
                let mut rest = &bytes[..];
                while let [first, kind, high, low, ..] = rest {
                    kinds.push(format!("{kind}.{}", first & 31));
                    let length = 4 * (usize::from(u16::from_be_bytes([*high, *low])) + 1);
                    rest = rest.get(length..).unwrap_or_default();
                }
                kinds.dedup();
                kinds.truncate(3);
                add("rtcp-compound", kinds.join("-"), bytes);
            }
            Protocol::Other => {}
        }
    }
}

/// The descriptors of the beginning of one stream of each run.
fn add_descriptors(run: &Run, scenario: &str, add: &mut impl FnMut(&str, String, &[u8])) {
    let mut scripts: BTreeMap<u32, Vec<u8>> = BTreeMap::new();
    for captured in run.server.capture.iter().flatten().filter(|captured| captured.inbound) {
        let Ok(view) = RtpView::parse(&captured.datagram.bytes) else { continue };
        let Some(data) = view.extension(DEPENDENCY_DESCRIPTOR) else { continue };
        let script = scripts.entry(view.ssrc().0).or_default();
        if script.len() < DESCRIPTORS_BYTES_MAX {
            script.push(data.len() as u8);
            script.extend_from_slice(data);
        }
    }
    if let Some(script) = scripts.into_values().max_by_key(Vec::len) {
        add("dependency-descriptor", scenario.to_owned(), &script);
    }
}

/// The first word of a message: its kind.
fn word(json: &[u8]) -> String {
    let text = String::from_utf8_lossy(json);
    text.split('"').nth(1).unwrap_or("nothing").to_owned()
}
