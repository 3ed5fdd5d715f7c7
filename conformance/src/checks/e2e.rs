//! Owns the checks of end-to-end encryption (E2E): published vectors, what the forwarding side can name, what the wire
//! shows, and what happens without a key.

use std::collections::BTreeSet;

use media_core::{
    ParticipantId,
    e2ee::{BaseKey, CipherSuite, KeyId, KeySource, Opener},
};
use serde_json::Value;
use sim::{
    endpoint::ReceivedTrack,
    packet::person_of,
    run::Run,
    scenario::{LinkKind, PersonIndex},
};

use crate::{
    check::{Check, EVERY_SCENARIO, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// One row for each suite, of AES-GCM and of AES-CTR with HMAC; then the rows of the header.
const VECTORS: [&str; 2] = [
    include_str!("../../../fixtures/rfc9605/aes_gcm.json"),
    include_str!("../../../fixtures/rfc9605/sframe_aes_ctr_hmac.json"),
];
const HEADERS: &str = include_str!("../../../fixtures/rfc9605/header.json");

macro_rules! sources {
    ($($path:literal,)*) => {
        &[$(($path, include_str!(concat!("../../../media-core/src/", $path)))),*]
    };
}

/// Everything that forwards: each file of the module, and what it stands on.
const FORWARDING: &[(&str, &str)] = sources![
    "engine.rs",
    "forwarding.rs",
    "forwarding/climber.rs",
    "forwarding/downlink.rs",
    "forwarding/feedback.rs",
    "forwarding/front.rs",
    "forwarding/grants.rs",
    "forwarding/key_frames.rs",
    "forwarding/member.rs",
    "forwarding/membership.rs",
    "forwarding/missing.rs",
    "forwarding/output.rs",
    "forwarding/packets.rs",
    "forwarding/rates.rs",
    "forwarding/redundancy.rs",
    "forwarding/repair.rs",
    "forwarding/report.rs",
    "forwarding/retransmissions.rs",
    "forwarding/rewrite.rs",
    "forwarding/speakers.rs",
    "forwarding/subscription.rs",
    "forwarding/track.rs",
    "forwarding/voice.rs",
];

/// Names by which a file would reach keys or plaintext.
const SECRETS: [&str; 6] = ["e2ee", "aws_lc_rs", "BaseKey", "Opener", "Sealer", "KeySource"];

pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "the-vectors-of-rfc-9605-open",
        requirements: &["E2E-001"],
        scenarios: &[],
        judge: Judge::Standing(|| vectors(&VECTORS, HEADERS)),
    },
    Check {
        name: "every-frame-that-arrives-opens",
        requirements: &["E2E-001"],
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(frames_open),
    },
    Check {
        name: "the-forwarding-side-cannot-name-the-decrypting-side",
        requirements: &["E2E-002"],
        scenarios: &[],
        judge: Judge::Standing(|| names_no_secret(FORWARDING)),
    },
    Check {
        name: "the-marker-is-nowhere-on-the-wire",
        requirements: &["E2E-003"],
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(no_plaintext),
    },
    Check {
        name: "without-a-key-nothing-is-sent-and-nothing-is-played",
        requirements: &["E2E-004"],
        scenarios: &["keyless"],
        judge: Judge::Run(fails_closed),
    },
    Check {
        name: "only-opened-frames-are-played",
        requirements: &["E2E-004"],
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(only_opened),
    },
];

/// The one key of a vector.
struct OneKey(BaseKey);

impl KeySource for OneKey {
    fn base_key(&mut self, _: KeyId) -> Option<BaseKey> {
        Some(self.0.clone())
    }
}

/// What is said of vectors of which one has a wrong plaintext.
pub(super) fn broken_vectors() -> Findings {
    vectors(&[&VECTORS[0].replacen("9901234567b7", "9901234567b8", 1), VECTORS[1]], HEADERS)
}

/// What is said of a forwarder that imports the opener.
pub(super) fn naming_forwarder() -> Findings {
    names_no_secret(&[("forwarding.rs", "//! Owns.\nuse crate::e2ee::Opener;\n")])
}

/// Opens each published ciphertext, and refuses it with its last bit flipped; reads each published header. Every suite has to
/// be among them.
fn vectors(texts: &[&str], headers: &str) -> Findings {
    let mut findings = Findings::new();
    let mut suites = BTreeSet::new();
    for row in texts.iter().flat_map(|text| serde_json::from_str::<Vec<Value>>(text).unwrap_or_default()) {
        match CipherSuite::from_id(row["cipher_suite"].as_u64().unwrap_or_default() as u16) {
            Some(suite) if suites.insert(suite.id()) => vector(suite, &row, &mut findings),
            _ => findings.expect(false, || format!("{} is no suite, or there twice", row["cipher_suite"])),
        }
    }
    for suite in CipherSuite::ALL {
        findings.expect(suites.contains(&suite.id()), || format!("no vector of {suite:?}"));
    }
    let rows: Vec<Value> = serde_json::from_str(headers).unwrap_or_default();
    for row in &rows {
        let read = KeyId::with_counter(&bytes(row, "encoded")).ok();
        let expected = row["kid"].as_u64().zip(row["ctr"].as_u64()).map(|(kid, ctr)| (KeyId(kid), ctr));
        findings.expect(expected.is_some() && read == expected, || {
            format!("the header {} is read as {read:?}", row["encoded"])
        });
    }
    findings.expect(!rows.is_empty(), || "no vector of the header".to_owned());
    findings.count("suites", suites.len() as u64);
    findings.count("headers", rows.len() as u64);
    findings
}

fn vector(suite: CipherSuite, row: &Value, findings: &mut Findings) {
    let Ok(key) = BaseKey::from_bytes(&bytes(row, "base_key")) else {
        return findings.expect(false, || format!("the vector of {suite:?} has no key"));
    };
    let (mut sealed, metadata, mut clear) = (bytes(row, "ct"), bytes(row, "metadata"), Vec::new());
    let opened = Opener::new(suite, OneKey(key.clone())).open(&sealed, &metadata, &mut clear);
    findings.expect(opened.is_ok() && clear == bytes(row, "pt"), || {
        format!("the vector of {suite:?} opens as {opened:?}")
    });
    if let Some(last) = sealed.last_mut() {
        *last ^= 1;
    }
    let forged = Opener::new(suite, OneKey(key)).open(&sealed, &metadata, &mut clear);
    findings.expect(forged.is_err() && clear.is_empty(), || {
        format!("the vector of {suite:?} opens when damaged")
    });
}

/// A field of hexadecimal digits; empty when it is not.
fn bytes(row: &Value, field: &str) -> Vec<u8> {
    hex::decode(row[field].as_str().unwrap_or_default()).unwrap_or_default()
}

fn names_no_secret(files: &[(&str, &str)]) -> Findings {
    let mut findings = Findings::new();
    for (path, text) in files {
        let code = text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"));
        for (number, line) in code {
            for secret in SECRETS {
                findings.expect(!line.contains(secret), || format!("{path}:{} names `{secret}`", number + 1));
            }
        }
    }
    findings.count("files", files.len() as u64);
    findings
}

fn frames_open(run: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    let mut opened = 0;
    let run = run.run();
    for (listener, source, track) in received(run) {
        opened += track.frames.opened;
        findings.add_examined(track.frames.opened);
        // Who breaks the rules sends, and asks for, what does not open.
        let broken = [Some(listener), source].into_iter().flatten().any(|who| run.scenario.misbehaves(who));
        findings.expect(track.frames.refused == 0 || broken, || {
            let name = &run.scenario.person(listener).name;
            format!("{name}: SFrame refused {} of {} frames", track.frames.refused, track.frames.opened)
        });
    }
    findings.count("frames opened", opened);
    findings
}

/// Every track that anybody received: who, whose, and what became of it.
pub(crate) fn received(
    run: &Run,
) -> impl Iterator<Item = (PersonIndex, Option<PersonIndex>, &ReceivedTrack)> {
    let of = |source: ParticipantId| run.people.iter().position(|person| person.stays.contains(&source));
    run.people.iter().enumerate().flat_map(move |(listener, person)| {
        person
            .received
            .iter()
            .map(move |track| (PersonIndex(listener), of(track.source).map(PersonIndex), track))
    })
}

fn no_plaintext(run: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    let run = run.run();
    let counters = run.server.tap.counters;
    let marked: u64 = run.people.iter().map(|person| person.frames.marked).sum();
    let strange: u64 = run.people.iter().map(|person| person.frames.strange).sum();
    findings.add_examined(counters.datagrams);
    findings.expect(counters.marker_found == 0, || {
        format!(
            "the plaintext's marker stands in {} of {} datagrams",
            counters.marker_found, counters.datagrams
        )
    });
    // Where media was heard at all, the marker was in it: the search looked for the right thing.
    let opened: u64 = run.people.iter().map(|person| person.frames.opened).sum();
    findings.expect(opened == 0 || marked > 0, || format!("none of {opened} opened frames had the marker"));
    findings.expect(strange == 0, || format!("{strange} opened frames were not what a sender wrote"));
    findings.count("bytes searched", counters.bytes_searched);
    findings.count("frames with the marker inside", marked);
    findings
}

fn fails_closed(run: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    let run = run.run();
    for (index, person) in run.scenario.people.iter().enumerate() {
        let record = &run.people[index];
        let own = |peer| person_of(peer).0 == index;
        let sent = run.server.tap.ingress.iter().filter(|packet| own(packet.peer)).count();
        let received = run.server.tap.egress.iter().filter(|packet| own(packet.peer)).count();
        let name = &person.name;
        if person.link == LinkKind::WithoutKey {
            findings
                .expect(!record.stays.is_empty(), || format!("{name} did not get in, so nothing was tried"));
            findings.expect(sent == 0, || format!("{name} has no key and sent {sent} media packets"));
            findings.expect(received > 0, || format!("{name} was sent nothing that could not be opened"));
            let frames = &record.frames;
            findings.expect(frames.opened == 0 && frames.decoded == 0, || {
                format!("{name} has no key and played {} frames", frames.decoded)
            });
            findings.count("packets that stayed closed", received as u64);
        } else {
            findings.expect(sent > 0 && record.frames.decoded > 0, || {
                format!("{name} has the key, sent {sent} packets and played {} frames", record.frames.decoded)
            });
        }
    }
    findings
}

fn only_opened(run: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    let mut played = 0;
    for person in &run.run().people {
        let frames = &person.frames;
        played += frames.decoded;
        findings.add_examined(frames.decoded);
        findings.expect(frames.decoded <= frames.opened, || {
            format!("{} played {} frames and opened {}", person.report.name, frames.decoded, frames.opened)
        });
    }
    findings.count("frames played", played);
    findings
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;

    #[test]
    fn a_wrong_vector_is_noticed() {
        assert_eq!(vectors(&VECTORS, HEADERS).violations_total(), 0);
        assert_eq!(broken_vectors().violations_total(), 1);
        let without = |texts: &[&str], headers| vectors(texts, headers).violations_total();
        assert_eq!(without(&VECTORS[..1], HEADERS), 3, "three suites are missing");
        assert_eq!(without(&VECTORS[1..], HEADERS), 2, "two suites are missing");
        assert_eq!(without(&[VECTORS[0], VECTORS[0], VECTORS[1]], HEADERS), 2, "two suites are there twice");
        assert_eq!(without(&VECTORS, "[]"), 1);
        assert_eq!(without(&VECTORS, &HEADERS.replacen("\"08ff\"", "\"08fe\"", 1)), 1);
    }

    #[test]
    fn a_forwarder_that_names_a_key_is_noticed() {
        assert_eq!(names_no_secret(FORWARDING).violations_total(), 0);
        assert_eq!(naming_forwarder().violations_total(), 2);
    }

    #[test]
    fn every_file_of_the_forwarding_module_is_looked_at() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../media-core/src/forwarding");
        let files: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_str().unwrap().to_owned())
            .filter(|name| Path::new(name).extension().is_some_and(|kind| kind == "rs") && name != "tests.rs")
            .map(|name| format!("forwarding/{name}"))
            .collect();
        let looked_at: BTreeSet<String> = FORWARDING
            .iter()
            .map(|(path, _)| (*path).to_owned())
            .filter(|path| path.starts_with("forwarding/"))
            .collect();
        assert_eq!(looked_at, files);
    }
}
