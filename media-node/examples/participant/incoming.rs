//! Owns what comes of the packets of others: frames that open under a key of the group, and frames that do not.

use std::collections::BTreeMap;

use media_core::{
    Codec, MediaKind, Timestamp,
    e2ee::{FrameMetadata, mls::Membership},
};
use rtc::rtp::Packet;
use serde_json::{Value, json};

use crate::{
    answer::{Source, name_of, sources_of},
    connection::DEPENDENCY_DESCRIPTOR,
    pictures::{Assembler, size_of},
};

/// What came of one track.
#[derive(Debug, Default)]
struct Account {
    opened: u64,
    refused: BTreeMap<String, u64>,
    /// Of the last key frame in VP8 that opened.
    size: Option<(u16, u16)>,
}

/// Everybody's tracks.
#[derive(Debug, Default)]
pub(crate) struct Incoming {
    sources: BTreeMap<u32, Source>,
    assemblers: BTreeMap<u32, Assembler>,
    accounts: BTreeMap<Source, Account>,
}

impl Incoming {
    pub(crate) fn on_answer(&mut self, answer: &str) {
        self.sources = sources_of(answer);
    }

    /// A packet; opens the frame that it ends.
    pub(crate) fn on_packet(&mut self, now: Timestamp, packet: &Packet, membership: &mut Membership) {
        // Padding is no frame.
        let Some(source) =
            self.sources.get(&packet.header.ssrc).copied().filter(|_| !packet.payload.is_empty())
        else {
            return;
        };
        let Some((sealed, metadata)) = self.frame_of(source.1, packet) else { return };
        let account = self.accounts.entry(source).or_default();
        let mut plain = Vec::new();
        match membership.open(now, source.0, &sealed, &metadata.to_bytes(), &mut plain) {
            Ok(_) => {
                account.opened += 1;
                account.size = size_of(&plain).filter(|_| source.1.is_video()).or(account.size);
            }
            Err(reason) => *account.refused.entry(format!("{reason:?}")).or_default() += 1,
        }
    }

    fn frame_of(&mut self, kind: MediaKind, packet: &Packet) -> Option<(Vec<u8>, FrameMetadata)> {
        let mut metadata = FrameMetadata {
            kind,
            codec: if kind.is_video() { Codec::Vp8 } else { Codec::Opus },
            spatial_layer: 0,
            temporal_layer: 0,
            key_frame: false,
            frame_number: 0,
        };
        if !kind.is_video() {
            return Some((packet.payload.to_vec(), metadata));
        }
        let descriptor = packet.header.get_extension(DEPENDENCY_DESCRIPTOR)?;
        let assembler = self.assemblers.entry(packet.header.ssrc).or_default();
        let whole = assembler.take(packet.header.sequence_number, &descriptor, &packet.payload)?;
        metadata.spatial_layer = whole.spatial;
        metadata.temporal_layer = whole.temporal;
        metadata.key_frame = whole.key;
        metadata.frame_number = whole.number;
        Some((whole.sealed, metadata))
    }

    /// By participant and kind.
    pub(crate) fn report(&self) -> Value {
        let accounts = self.accounts.iter().map(|((participant, kind), account)| {
            let Account { opened, refused, size } = account;
            let of = json!({ "opened": opened, "refused": refused, "size": size });
            (format!("{} {}", participant.0, name_of(*kind)), of)
        });
        Value::Object(accounts.collect())
    }
}
