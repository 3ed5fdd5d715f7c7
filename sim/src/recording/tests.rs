//! Claims about the recordings in the binary and about reading them.

use super::*;

/// What is kept in the repository is far smaller than any of the media it stands for.
const FIXTURES_BYTES_MAX: usize = 3 << 20;

fn recording(name: &str) -> &'static Recording {
    Recording::named(name).unwrap()
}

fn only(name: &str) -> &'static [RecordedFrame] {
    let [track] = &recording(name).encodings[..] else { panic!("{name} has one encoding") };
    &track.frames
}

#[test]
fn every_embedded_recording_is_sound() {
    for (file, text) in EMBEDDED {
        let recording = Recording::parse(file, text).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(file.strip_suffix(".tsv"), Some(recording.name));
    }
    assert!(Recording::names().is_sorted());
    assert!(Recording::named("nobody").is_none());
}

#[test]
fn every_recording_beside_the_script_is_embedded_and_all_are_small() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/media");
    let mut files: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|file| std::path::Path::new(file).extension().is_some_and(|extension| extension == "tsv"))
        .collect();
    files.sort_unstable();
    assert_eq!(files, EMBEDDED.map(|(file, _)| file));
    let bytes: usize = EMBEDDED.iter().map(|(_, text)| text.len()).sum();
    assert!((100_000..FIXTURES_BYTES_MAX).contains(&bytes), "{bytes}");
}

#[test]
fn encoders_kept_to_their_rates() {
    // Shares of the target in percent. A slide show mostly stands still and needs a fraction of its rate.
    for (name, low, high) in [
        ("camera-carphone", 97, 102),
        ("camera-passersby", 90, 105),
        ("camera-vp9", 90, 105),
        ("camera-h264", 90, 105),
        ("screen-slides", 3, 60),
        ("talk-vbr", 94, 100),
        ("talk-fec", 94, 102),
        ("talk-dtx", 80, 92),
        ("reply-vbr", 94, 100),
        ("reply-dtx", 78, 92),
    ] {
        for track in &recording(name).encodings {
            let percent = track.mean_bps * 100 / track.target_bps;
            assert!((low..=high).contains(&percent), "{name}: {percent} % of {} bit/s", track.target_bps);
        }
    }
}

#[test]
fn a_camera_has_three_encodings_with_key_frames_at_the_same_instants() {
    for name in ["camera-carphone", "camera-passersby"] {
        let camera = recording(name);
        let sizes: Vec<_> = camera.encodings.iter().map(|track| (track.width, track.height)).collect();
        assert_eq!(sizes, [(320, 180), (640, 360), (1280, 720)]);
        let keys: Vec<Vec<_>> = camera
            .encodings
            .iter()
            .map(|track| track.frames.iter().filter(|frame| frame.key).map(|frame| frame.at).collect())
            .collect();
        assert_eq!(keys[0], keys[1]);
        assert_eq!(keys[1], keys[2]);
        assert_eq!(keys[0][..2], [Duration::ZERO, Duration::from_secs(4)]);
    }
}

#[test]
fn header_bytes_agree_with_the_flags() {
    for name in Recording::names() {
        let recording = recording(name);
        for track in &recording.encodings {
            for frame in &track.frames {
                let header = frame.header.as_slice();
                let key = match recording.codec {
                    Codec::Opus => false,
                    Codec::Vp8 => header[0] & 1 == 0,
                    Codec::Vp9 => header[0] & 4 == 0,
                    Codec::H264 => header.iter().any(|nal| nal & 31 == 5),
                };
                assert_eq!(frame.key, key, "{name} at {:?}", frame.at);
                if key && recording.codec == Codec::Vp8 {
                    let [.., w0, w1, h0, h1] = *header else { panic!("dimensions") };
                    let dimensions = [u16::from_le_bytes([w0, w1]), u16::from_le_bytes([h0, h1])];
                    assert_eq!(dimensions.map(u32::from), [track.width, track.height]);
                }
                if recording.codec == Codec::Opus {
                    // Configuration 15 (hybrid, full band, 20 ms), mono, one frame (RFC 6716 section 3.1).
                    assert_eq!(header[0], 15 << 3);
                }
            }
        }
    }
}

#[test]
fn a_talk_of_two_minutes_has_pauses_and_its_levels_show_them() {
    let talk = only("talk-vbr");
    assert!((110..140).contains(&recording("talk-vbr").duration().as_secs()));
    let spoken = talk.iter().filter(|frame| frame.voice).count() * 100 / talk.len();
    assert!((70..90).contains(&spoken), "{spoken} % spoken");
    let pauses = talk.chunk_by(|a, b| a.voice == b.voice).filter(|run| !run[0].voice && run.len() >= 25);
    let pauses: Vec<_> = pauses.map(<[_]>::len).collect();
    assert!((10..40).contains(&pauses.len()), "{} pauses of half a second or more", pauses.len());
    assert!(pauses.iter().any(|&frames| frames > 150), "a question is followed by a long silence");
    let mean = |voice| {
        let levels = talk.iter().filter(|frame| frame.voice == voice).map(|frame| u32::from(frame.level));
        levels.clone().sum::<u32>() / levels.count() as u32
    };
    assert!((20..40).contains(&mean(true)), "-{} dBov spoken", mean(true));
    assert!((55..70).contains(&mean(false)), "-{} dBov of room noise", mean(false));
}

#[test]
fn discontinuous_transmission_sends_fewer_packets_and_only_in_pauses() {
    for speaker in ["talk", "reply"] {
        let frames = only(&format!("{speaker}-dtx"));
        assert!(only(&format!("{speaker}-vbr")).iter().all(|frame| !frame.is_dtx()));
        let unsent: Vec<_> = frames.iter().filter(|frame| frame.is_dtx()).collect();
        let percent = unsent.len() * 100 / frames.len();
        assert!((10..25).contains(&percent), "{speaker}: {percent} % not sent");
        let silent = unsent.iter().filter(|frame| !frame.voice).count();
        assert!(silent * 100 >= unsent.len() * 95, "{silent} of {}", unsent.len());
        // libopus sends a frame of comfort noise every 400 ms.
        let longest = frames.chunk_by(|a, b| a.is_dtx() && b.is_dtx()).map(<[_]>::len).max().unwrap();
        assert!((15..=20).contains(&longest), "{longest} frames");
    }
}

#[test]
fn forward_error_correction_is_in_the_packets_of_one_recording() {
    // The second bit after the TOC octet is SILK's LBRR flag for a mono packet of one frame (RFC 6716 section 4.2.3).
    let with_fec = |name| {
        let spoken = only(name).iter().filter(|frame| frame.voice && frame.size > 2);
        let fec = spoken.clone().filter(|frame| frame.header.as_slice()[1] & 0x40 != 0).count();
        fec * 100 / spoken.count()
    };
    assert_eq!(with_fec("talk-vbr"), 0);
    assert!((75..100).contains(&with_fec("talk-fec")), "{} %", with_fec("talk-fec"));
}

#[test]
fn a_slide_show_has_large_frames_at_its_changes_and_small_ones_between() {
    let slides = only("screen-slides");
    let deltas: Vec<_> = slides.iter().filter(|frame| !frame.key).map(|frame| frame.size).collect();
    // In the first two seconds after a key frame the encoder sharpens it; beyond them only a change is large.
    let changes = slides.chunks(100).flat_map(|segment| &segment[20..]).filter(|frame| frame.size > 8000);
    let changes: Vec<_> = changes.map(|frame| frame.at.as_millis()).collect();
    assert_eq!(changes, [7000, 15_300, 22_500, 33_900, 42_400, 49_600]);
    // A picture that stands still costs less than a tenth of the smallest change (21 kB).
    let small = deltas.iter().filter(|&&size| size < 2100).count() * 100 / deltas.len();
    assert!((90..99).contains(&small), "{small} % small");
}

/// A sound recording of two temporal layers, two segments of four frames each.
const SOUND: &str = "\
# name\ttest
# kind\tcamera
# codec\tvp8
# clock\t90000
# fps\t10
# settle\t2
# encoding\t32\t16\t9000\t8000\t8
0\t100\t1\t0\t0\t127\t0\t10
100000\t100\t0\t0\t1\t127\t0\t11
200000\t100\t0\t0\t0\t127\t0\t11
300000\t100\t0\t0\t1\t127\t0\t11
400000\t100\t1\t0\t0\t127\t0\t10
500000\t100\t0\t0\t1\t127\t0\t11
600000\t100\t0\t0\t0\t127\t0\t11
700000\t100\t0\t0\t1\t127\t0\t11
";

/// Reads `SOUND` with one text replaced at its first place.
fn with(from: &str, to: &str) -> Result<Recording, RecordingError> {
    assert!(SOUND.contains(from), "{from}");
    Recording::parse("test.tsv", SOUND.replacen(from, to, 1).leak())
}

#[test]
fn a_broken_recording_is_refused_with_its_file_and_line() {
    use RecordingProblem as P;
    let sound = Recording::parse("test.tsv", SOUND).unwrap();
    assert_eq!(sound.duration(), Duration::from_millis(800));
    let bad = |column, text: &str| P::BadField { column, text: text.to_owned() };
    for (from, to, line, problem) in [
        ("# name", "# nmae", 1, P::UnknownHeader("nmae".to_owned())),
        ("# name\ttest\n", "", 15, P::MissingHeader("name")),
        ("# fps\t10\n", "", 6, P::MissingHeader("fps")),
        ("camera", "tv", 2, bad("kind", "tv")),
        ("vp8", "opus", 16, P::CodecDoesNotFit),
        ("90000", "48000", 4, bad("clock", "48000")),
        ("fps\t10", "fps\t0", 5, bad("fps", "0")),
        ("settle\t2", "settle\t3", 16, P::Settle(3)),
        ("settle\t2", "settle\t0", 16, P::Settle(0)),
        ("settle\t2", "settle\t4", 16, P::OddSegment(4)),
        ("\t8\n", "\t9\n", 16, P::FrameCount { expected: 9, found: 8 }),
        ("8000", "8002", 16, P::MeanRate { expected: 8002, found: 8000 }),
        ("100\t1\t0\t0\t127\t0\t10", "100\t1", 8, P::FieldCount { expected: 8, found: 3 }),
        ("100\t1\t0\t0\t127\t0\t10", "100\t0\t0\t0\t127\t0\t11", 16, P::MisplacedKeyFrame),
        ("100000", "100002", 9, P::IrregularTime { expected: 100_000, found: 100_002 }),
        ("\t100\t1", "\tmany\t1", 8, bad("size", "many")),
        ("\t100\t1", "\t0\t1", 8, bad("size", "0")),
        ("\t100\t1", "\t100\t2", 8, bad("key", "2")),
        ("127", "128", 8, bad("level", "128")),
        ("0\t10\n", "0\t1g\n", 8, bad("header", "1g")),
        ("0\t1\t127", "0\t0\t127", 16, P::TemporalPattern { expected: 1, found: 0 }),
        ("700000\t100\t0", "700000\t100\t1", 16, P::TemporalPattern { expected: 0, found: 1 }),
        ("600000\t100\t0", "600000\t100\t1", 16, P::OddSegment(2)),
    ] {
        let error = with(from, to).expect_err(to);
        assert_eq!(error, RecordingError { file: "test.tsv", line, problem }, "{from} -> {to}");
    }
    assert_eq!(
        with("camera", "tv").unwrap_err().to_string(),
        "test.tsv:2: `tv` is no kind",
        "people find the place"
    );
    let (head, frames) = SOUND.split_at(SOUND.find("# encoding").unwrap());
    let unequal = format!(
        "{head}{frames}{}",
        frames.replace("\t1\t0\t0\t127\t0\t10\n500000", "\t0\t0\t0\t127\t0\t11\n500000")
    );
    let error = Recording::parse("test.tsv", unequal.leak()).unwrap_err();
    assert_eq!(error.problem, P::UnequalEncodings);
}

#[test]
fn a_screen_needs_more_than_its_mean_and_less_than_its_target_and_a_camera_about_its_target() {
    let busy = |name, place: usize| {
        let recording = Recording::named(name).unwrap();
        recording.encodings[place].busy_bps(recording.fps)
    };
    assert_eq!(busy("screen-slides", 0) / 1_000, 295);
    assert_eq!([0, 1, 2].map(|place| busy("camera-carphone", place) / 1_000), [163, 538, 1_602]);
}
