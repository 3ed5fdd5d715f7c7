//! Owns the sending direction of a session.

use std::collections::BTreeMap;

use thiserror::Error;

use super::{
    cipher::{Cipher, Clear, Place},
    derivation::MasterKey,
    layout::{ENCRYPTED, RTCP_HEADER, RTCP_INDEX, RtpFront, rtcp_sender},
    packet_index::rollover,
    profile::SrtpProfile,
    stream::Stream,
};
use crate::{DropReason, Ssrc, limits::SRTP_STREAMS_MAX};

/// Why a packet was not protected. What is in the buffer then must not be sent.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum ProtectError {
    /// It is none.
    #[error("not a packet that can be protected: {}", .0.name())]
    NotAPacket(DropReason),
    /// A packet of this stream with this number was protected before, or one so much newer that this cannot be told: two
    /// packets under one nonce would give both away (RFC 7714 section 10.1).
    #[error("number {sequence} of {ssrc:?} was used before")]
    NumberUsed {
        /// The stream.
        ssrc: Ssrc,
        /// The number.
        sequence: u16,
    },
    /// The master key has protected as much as it may (RFC 3711 section 9.2).
    #[error("the master key is used up")]
    KeyUsedUp,
    /// More streams than [`SRTP_STREAMS_MAX`].
    #[error("more than {SRTP_STREAMS_MAX} streams")]
    StreamLimit,
}

/// Protects packets.
pub struct SrtpSender {
    profile: SrtpProfile,
    rtp: Cipher,
    rtcp: Cipher,
    streams: BTreeMap<Ssrc, Stream>,
    /// The next index of each sender of RTCP.
    reports: BTreeMap<Ssrc, u32>,
}

impl SrtpSender {
    /// With the master key of this direction, which is to be used by no other sender.
    pub fn new(master: &MasterKey) -> Self {
        Self {
            profile: master.profile(),
            rtp: master.rtp(),
            rtcp: master.rtcp(),
            streams: BTreeMap::new(),
            reports: BTreeMap::new(),
        }
    }

    /// Bytes by which an RTP packet grows.
    pub const fn rtp_overhead(&self) -> usize {
        self.profile.tag_bytes()
    }

    /// Bytes by which an RTCP packet grows.
    pub const fn rtcp_overhead(&self) -> usize {
        self.profile.tag_bytes() + RTCP_INDEX
    }

    /// Appends the protected form of an RTP packet to `out`: `header` (RFC 3550 section 5.1, with its extensions) in clear
    /// and `payload` encrypted. So a payload that many get is copied once for each of them, and encrypted where it lies.
    ///
    /// # Errors
    /// [`ProtectError`] when the header is none, or its number may not be used. `out` is as before then.
    ///
    /// # Panics
    /// When the payload is longer than AES-GCM allows, which is 64 GiB.
    pub fn protect_rtp(
        &mut self,
        header: &[u8],
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), ProtectError> {
        let front = RtpFront::read(header).map_err(ProtectError::NotAPacket)?;
        if front.bytes != header.len() {
            return Err(ProtectError::NotAPacket(DropReason::Malformed));
        }
        let index = self.take_index(front)?;
        let begin = out.len();
        out.extend_from_slice(header);
        out.extend_from_slice(payload);
        self.seal(begin, front, index, out);
        Ok(())
    }

    /// Protects the RTP packet that stands in `out` from `begin` on: what was written straight into a send buffer is
    /// encrypted where it lies.
    ///
    /// # Errors
    /// [`ProtectError`] when what stands there is no packet, or its number may not be used. It is taken out of `out` then.
    ///
    /// # Panics
    /// When the payload is longer than AES-GCM allows, which is 64 GiB.
    pub fn protect_rtp_in_place(&mut self, begin: usize, out: &mut Vec<u8>) -> Result<(), ProtectError> {
        let packet = out.get(begin..).unwrap_or_default();
        let front = RtpFront::read(packet).map_err(ProtectError::NotAPacket);
        match front.and_then(|front| Ok((front, self.take_index(front)?))) {
            Ok((front, index)) => {
                self.seal(begin, front, index, out);
                Ok(())
            }
            Err(error) => {
                out.truncate(begin);
                Err(error)
            }
        }
    }

    /// Encrypts the packet that stands in `out` from `begin` on, and appends its tag.
    fn seal(&self, begin: usize, front: RtpFront, index: u64, out: &mut Vec<u8>) {
        let (header, body) = out[begin..].split_at_mut(front.bytes);
        let clear = Clear { header, trailer: rollover(index), is_rtcp: false };
        let tag = self.rtp.seal(Place { ssrc: front.ssrc, index }, clear, body);
        let tag = tag.expect("a packet is shorter than what AES can encrypt with one nonce");
        out.extend_from_slice(&tag[..self.profile.tag_bytes()]);
    }

    /// Appends the protected form of an RTCP compound to `out`.
    ///
    /// # Errors
    /// [`ProtectError`] when it is none, or no index is left. `out` is as before then.
    ///
    /// # Panics
    /// When it is longer than AES-GCM allows, which is 64 GiB.
    pub fn protect_rtcp(&mut self, packet: &[u8], out: &mut Vec<u8>) -> Result<(), ProtectError> {
        let ssrc = rtcp_sender(packet).map_err(ProtectError::NotAPacket)?;
        if !self.reports.contains_key(&ssrc) && self.reports.len() >= SRTP_STREAMS_MAX {
            return Err(ProtectError::StreamLimit);
        }
        let next = self.reports.entry(ssrc).or_insert(1);
        let index = *next;
        if index >= ENCRYPTED {
            return Err(ProtectError::KeyUsedUp);
        }
        *next += 1;
        let (header, body) = packet.split_at(RTCP_HEADER);
        let trailer = (ENCRYPTED | index).to_be_bytes();
        let begin = out.len() + RTCP_HEADER;
        out.extend_from_slice(header);
        out.extend_from_slice(body);
        let place = Place { ssrc, index: u64::from(index) };
        let tag = self.rtcp.seal(place, Clear { header, trailer, is_rtcp: true }, &mut out[begin..]);
        let tag = tag.expect("a packet is shorter than what AES can encrypt with one nonce");
        let tag = &tag[..self.profile.tag_bytes()];
        // AES-GCM's tag is a part of its ciphertext; that of HMAC stands behind everything (RFC 7714 section 9.2).
        let is_aead = matches!(self.rtcp, Cipher::Gcm { .. });
        let (first, second) = if is_aead { (tag, &trailer[..]) } else { (&trailer[..], tag) };
        out.extend_from_slice(first);
        out.extend_from_slice(second);
        Ok(())
    }

    /// The index of a packet, which nothing else gets.
    fn take_index(&mut self, front: RtpFront) -> Result<u64, ProtectError> {
        let RtpFront { ssrc, sequence, .. } = front;
        if let Some(stream) = self.streams.get_mut(&ssrc) {
            return take(stream, ssrc, sequence);
        }
        if self.streams.len() >= SRTP_STREAMS_MAX {
            return Err(ProtectError::StreamLimit);
        }
        take(self.streams.entry(ssrc).or_insert_with(Stream::new), ssrc, sequence)
    }

    /// Begins a stream at a rollover counter other than zero.
    #[cfg(test)]
    pub(super) fn begin_at(&mut self, ssrc: Ssrc, index: u64) {
        self.streams.insert(ssrc, Stream::at(index));
        self.reports.insert(ssrc, index as u32 & (ENCRYPTED - 1));
    }

    #[cfg(test)]
    pub(super) fn with_ciphers(profile: SrtpProfile, [rtp, reports]: [Cipher; 2]) -> Self {
        Self { profile, rtp, rtcp: reports, streams: BTreeMap::new(), reports: BTreeMap::new() }
    }
}

fn take(stream: &mut Stream, ssrc: Ssrc, sequence: u16) -> Result<u64, ProtectError> {
    let used = ProtectError::NumberUsed { ssrc, sequence };
    let none = if stream.is_behind(sequence) { used } else { ProtectError::KeyUsedUp };
    let index = stream.guess(sequence).ok_or(none)?;
    stream.check(index).map_err(|_| used)?;
    stream.on_used(index);
    Ok(index)
}
