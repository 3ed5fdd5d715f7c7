//! Owns the check of what stands in clear (E2E-011): the observer finds no field on the wire that the table in the header
//! of `media_core::e2ee` does not state, each stated extension is in use, and a lie about a bound field opens nothing.

use std::collections::BTreeSet;

use media_core::{
    DropReason,
    e2ee::{BaseKey, CipherSuite, FrameMetadata, KeyId, KeySource, Opener, Sealer},
    media::{Codec, MediaKind},
    rtp::ext::{AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR, MID, REPAIRED_RID, RID, TRANSPORT_SEQUENCE},
};
use sim::packet::person_of;

use crate::{
    check::{Check, EVERY_SCENARIO, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

/// Header extensions that the table states.
const STATED: [(u8, &str); 6] = [
    (AUDIO_LEVEL, "audio level"),
    (TRANSPORT_SEQUENCE, "transport-wide sequence number"),
    (MID, "MID"),
    (RID, "RID"),
    (REPAIRED_RID, "repaired RID"),
    (DEPENDENCY_DESCRIPTOR, "dependency descriptor"),
];
/// RTCP packet types that are needed: sender and receiver reports (RFC 3550), transport and payload-specific feedback
/// (RFC 4585). No source description: it would name somebody.
const RTCP_TYPES: [u8; 4] = [200, 201, 205, 206];

/// The checks of this file.
pub(super) const CHECKS: &[Check] = &[
    Check {
        name: "nothing-else-stands-in-clear",
        requirements: &["E2E-011"],
        scenarios: &[EVERY_SCENARIO],
        judge: Judge::Run(clear_fields),
    },
    Check {
        name: "a-lie-about-a-bound-field-opens-nothing",
        requirements: &["E2E-011"],
        scenarios: &[],
        judge: Judge::Standing(|| lies(&FIELDS)),
    },
];

fn clear_fields(evidence: &RunEvidence) -> Findings {
    let mut findings = Findings::new();
    let run = evidence.run();
    let mut used = BTreeSet::new();
    for (sender, clear) in &run.server.tap.clear {
        let person = sender.map(person_of);
        // What a hostile client writes on the wire is the client's own affair.
        if person.is_some_and(|person| run.scenario.misbehaves(person)) {
            continue;
        }
        let name = person.map_or("the server", |person| &run.scenario.person(person).name);
        findings.add_examined(clear.packets);
        findings.count("RTP packets", clear.packets);
        for (id, packets) in &clear.extensions {
            used.insert(*id);
            findings.expect(STATED.iter().any(|(stated, _)| stated == id), || {
                format!("{name} wrote the extension {id} into {packets} packets, which nobody stated")
            });
        }
        findings.expect(clear.with_sources == 0, || {
            format!("{name} named contributing sources in {} packets", clear.with_sources)
        });
        for (kind, packets) in &clear.rtcp {
            findings.expect(RTCP_TYPES.contains(kind), || {
                format!("{name} sent {packets} RTCP packets of type {kind}, which nobody stated")
            });
        }
    }
    findings.count("kinds of extensions", used.len() as u64);
    findings
}

/// A field of the metadata, and a lie about it.
type Field = (&'static str, fn(FrameMetadata) -> FrameMetadata);

const FIELDS: [Field; 6] = [
    ("kind of media", |metadata| FrameMetadata { kind: MediaKind::Screen, ..metadata }),
    ("codec", |metadata| FrameMetadata { codec: Codec::Vp9, ..metadata }),
    ("spatial layer", |metadata| FrameMetadata { spatial_layer: 2, ..metadata }),
    ("temporal layer", |metadata| FrameMetadata { temporal_layer: 1, ..metadata }),
    ("key frame", |metadata| FrameMetadata { key_frame: true, ..metadata }),
    ("frame number", |metadata| FrameMetadata { frame_number: 8, ..metadata }),
];

/// The one key of the trial.
struct OneKey(BaseKey);

impl KeySource for OneKey {
    fn base_key(&mut self, _: KeyId) -> Option<BaseKey> {
        Some(self.0.clone())
    }
}

/// Opens a frame as it was sealed, and with a lie about each field.
fn lies(fields: &[Field]) -> Findings {
    let mut findings = Findings::new();
    let honest = FrameMetadata {
        kind: MediaKind::Camera,
        codec: Codec::Vp8,
        spatial_layer: 1,
        temporal_layer: 0,
        key_frame: false,
        frame_number: 7,
    };
    let suite = CipherSuite::Aes128GcmSha256;
    let Ok(key) = BaseKey::from_bytes(&[7; 32]) else { return findings };
    let mut sealed = Vec::new();
    let sealing = Sealer::new(suite, KeyId(1), &key).seal(b"frame", &honest.to_bytes(), &mut sealed);
    let open = |metadata: FrameMetadata| -> Result<(), DropReason> {
        let mut clear = Vec::new();
        Opener::new(suite, OneKey(key.clone())).open(&sealed, &metadata.to_bytes(), &mut clear).map(drop)
    };
    findings.expect(sealing.is_ok() && open(honest).is_ok(), || {
        "the frame does not open as it was sealed".to_owned()
    });
    for (name, lie) in fields {
        let opened = open(lie(honest));
        findings.expect(opened == Err(DropReason::BadTag), || {
            format!("a frame with a lie about its {name} gives {opened:?}")
        });
    }
    findings.count("fields", fields.len() as u64);
    findings
}

/// What is said of a field that is not bound.
pub(super) fn unbound_field() -> Findings {
    lies(&[("nothing", |metadata| metadata)])
}
