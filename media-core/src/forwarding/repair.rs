//! Owns the repair cache of one received encoding: the last packets as they came, by extended sequence number. It
//! answers NACKs, recognises duplicates and holds back microphones that may become loud.

use bytes::Bytes;

use crate::{drop_reason::DropReason, limits::REPAIR_CACHE_PACKETS, rtp::meta::PacketMeta};

/// A received packet: its metadata and a shared handle to its bytes.
#[derive(Clone, Debug)]
pub struct SourcePacket {
    /// Parsed once, at the door.
    pub meta: PacketMeta,
    /// The datagram as it came, whole or without its payload, which is never looked at.
    pub datagram: Bytes,
}

impl SourcePacket {
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

/// Ring of the last [`REPAIR_CACHE_PACKETS`] packets.
#[derive(Debug, Default)]
pub(super) struct RepairCache {
    slots: Vec<Option<(u64, SourcePacket)>>,
    newest: Option<u64>,
}

impl RepairCache {
    /// Keeps a packet, unless it was kept before or is older than anything the ring still covers.
    pub(super) fn insert(&mut self, sequence: u64, packet: SourcePacket) -> Result<(), DropReason> {
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
        *slot = Some((sequence, packet));
        self.newest = Some(newest.max(sequence));
        Ok(())
    }

    pub(super) fn get(&self, sequence: u64) -> Option<&SourcePacket> {
        let (kept, packet) = self.slots.get(Self::index(sequence))?.as_ref()?;
        (*kept == sequence).then_some(packet)
    }

    fn index(sequence: u64) -> usize {
        (sequence % REPAIR_CACHE_PACKETS as u64) as usize
    }
}
