//! Owns the repair cache of one received encoding: the last packets as they came, by extended sequence number. It
//! answers NACKs, recognises duplicates and holds back microphones that may become loud.

use std::sync::Arc;

use bytes::Bytes;

use super::front::Front;
use crate::{drop_reason::DropReason, limits::REPAIR_CACHE_PACKETS, rtp::meta::PacketMeta};

/// A received packet: its metadata and a shared handle to its bytes.
#[derive(Clone, Debug)]
pub struct SourcePacket {
    /// Parsed once, at the door.
    pub meta: PacketMeta,
    /// The datagram as it came, whole or without its payload, which is never looked at.
    pub datagram: Bytes,
    pub(super) front: Front,
}

impl SourcePacket {
    /// Of what came, and what was read of it.
    pub fn new(meta: PacketMeta, datagram: Bytes) -> Self {
        let front = Front::of(&meta, &datagram);
        Self { meta, datagram, front }
    }

    /// Bytes of the payload.
    pub(super) fn payload_bytes(&self) -> usize {
        usize::from(self.meta.payload_len)
    }

    /// What is there of the payload when only its length is known of the rest: as much as an edge left in front of it.
    pub fn payload_front(&self) -> &[u8] {
        self.datagram.get(usize::from(self.meta.payload_offset)..).unwrap_or_default()
    }

    /// The payload: a fragment of an SFrame ciphertext. Empty when only its length is known.
    pub fn payload(&self) -> &[u8] {
        let start = usize::from(self.meta.payload_offset);
        self.datagram.get(start..start + usize::from(self.meta.payload_len)).unwrap_or_default()
    }
}

/// Ring of the last [`REPAIR_CACHE_PACKETS`] packets. Copies that are under way share them.
#[derive(Debug, Default)]
pub(super) struct RepairCache {
    slots: Vec<Option<(u64, Arc<SourcePacket>)>>,
    newest: Option<u64>,
}

impl RepairCache {
    /// Keeps a packet, unless it was kept before or is older than anything the ring still covers. The memory of the one whose
    /// place it takes is used again, if nobody has that any more.
    pub(super) fn insert(
        &mut self,
        sequence: u64,
        packet: SourcePacket,
    ) -> Result<Arc<SourcePacket>, DropReason> {
        if self.slots.is_empty() {
            self.slots.resize_with(REPAIR_CACHE_PACKETS, || None);
        }
        let newest = self.newest.unwrap_or(sequence);
        if sequence + REPAIR_CACHE_PACKETS as u64 <= newest {
            return Err(DropReason::TooOld);
        }
        let slot = &mut self.slots[Self::index(sequence)];
        if slot.as_ref().is_some_and(|(kept, _)| *kept == sequence) {
            return Err(DropReason::Duplicate);
        }
        let mut kept = slot.take().map(|(_, before)| before);
        let packet = match kept.as_mut().and_then(Arc::get_mut) {
            Some(place) => {
                *place = packet;
                kept.expect("it was looked into")
            }
            None => Arc::new(packet),
        };
        *slot = Some((sequence, Arc::clone(&packet)));
        self.newest = Some(newest.max(sequence));
        Ok(packet)
    }

    pub(super) fn get(&self, sequence: u64) -> Option<&Arc<SourcePacket>> {
        let (kept, packet) = self.slots.get(Self::index(sequence))?.as_ref()?;
        (*kept == sequence).then_some(packet)
    }

    fn index(sequence: u64) -> usize {
        (sequence % REPAIR_CACHE_PACKETS as u64) as usize
    }
}
