//! Owns the receiving direction of a session. Whatever comes in is either opened or dropped by name; only what is authentic
//! leaves a trace.

use std::collections::BTreeMap;

use super::{
    cipher::{Cipher, Clear, Place},
    derivation::MasterKey,
    layout::{ENCRYPTED, RTCP_HEADER, RTCP_INDEX, RtpFront, rtcp_sender},
    packet_index::rollover,
    profile::SrtpProfile,
    stream::Stream,
};
use crate::{DropReason, Ssrc, limits::SRTP_STREAMS_MAX};

/// Opens packets.
pub struct SrtpReceiver {
    profile: SrtpProfile,
    rtp: Cipher,
    rtcp: Cipher,
    streams: BTreeMap<Ssrc, Stream>,
    reports: BTreeMap<Ssrc, Stream>,
}

impl SrtpReceiver {
    /// With the master key of this direction.
    pub fn new(master: &MasterKey) -> Self {
        Self {
            profile: master.profile(),
            rtp: master.rtp(),
            rtcp: master.rtcp(),
            streams: BTreeMap::new(),
            reports: BTreeMap::new(),
        }
    }

    /// Opens an RTP packet in place; it is as long as before it was protected then.
    ///
    /// # Errors
    /// [`DropReason`] when it is malformed, forged, a replay, or of a stream beyond the limit. The buffer is of no use then.
    pub fn unprotect_rtp(&mut self, packet: &mut Vec<u8>) -> Result<(), DropReason> {
        let tag_bytes = self.profile.tag_bytes();
        let front = RtpFront::read(packet)?;
        let end = packet.len().checked_sub(tag_bytes).filter(|end| *end >= front.bytes);
        let end = end.ok_or(DropReason::Malformed)?;
        let known = self.streams.get(&front.ssrc);
        if known.is_none() && self.streams.len() >= SRTP_STREAMS_MAX {
            return Err(DropReason::StreamLimit);
        }
        let guessed = known.map_or(Some(u64::from(front.sequence)), |stream| stream.guess(front.sequence));
        let index = guessed.ok_or(DropReason::BeyondReplayWindow)?;
        known.map_or(Ok(()), |stream| stream.check(index))?;
        let (header, rest) = packet.split_at_mut(front.bytes);
        let (body, tag) = rest.split_at_mut(end - front.bytes);
        let clear = Clear { header, trailer: rollover(index), is_rtcp: false };
        let place = Place { ssrc: front.ssrc, index };
        self.rtp.open(place, clear, body, tag).map_err(|_| DropReason::BadTag)?;
        self.streams.entry(front.ssrc).or_insert_with(Stream::new).on_used(index);
        packet.truncate(end);
        Ok(())
    }

    /// Opens an RTCP compound in place; it is as long as before it was protected then. One that is authenticated but not
    /// encrypted, which WebRTC never sends, is [`DropReason::Malformed`].
    ///
    /// # Errors
    /// [`DropReason`], as for RTP.
    pub fn unprotect_rtcp(&mut self, packet: &mut Vec<u8>) -> Result<(), DropReason> {
        let ssrc = rtcp_sender(packet)?;
        let is_aead = matches!(self.rtcp, Cipher::Gcm { .. });
        let tag_bytes = self.profile.tag_bytes();
        let end = packet.len().checked_sub(tag_bytes + RTCP_INDEX).filter(|end| *end >= RTCP_HEADER);
        let end = end.ok_or(DropReason::Malformed)?;
        let (tag_at, trailer_at) = if is_aead { (end, end + tag_bytes) } else { (end + RTCP_INDEX, end) };
        let mut trailer = [0; RTCP_INDEX];
        trailer.copy_from_slice(&packet[trailer_at..trailer_at + RTCP_INDEX]);
        let word = u32::from_be_bytes(trailer);
        if word & ENCRYPTED == 0 {
            return Err(DropReason::Malformed);
        }
        let index = u64::from(word & !ENCRYPTED);
        let known = self.reports.get(&ssrc);
        if known.is_none() && self.reports.len() >= SRTP_STREAMS_MAX {
            return Err(DropReason::StreamLimit);
        }
        known.map_or(Ok(()), |stream| stream.check(index))?;
        let (front, behind) = packet.split_at_mut(end);
        let (header, body) = front.split_at_mut(RTCP_HEADER);
        let tag = &behind[tag_at - end..tag_at - end + tag_bytes];
        let clear = Clear { header, trailer, is_rtcp: true };
        self.rtcp.open(Place { ssrc, index }, clear, body, tag).map_err(|_| DropReason::BadTag)?;
        self.reports.entry(ssrc).or_insert_with(Stream::new).on_used(index);
        packet.truncate(end);
        Ok(())
    }

    /// Begins a stream at a rollover counter other than zero.
    #[cfg(test)]
    pub(super) fn begin_at(&mut self, ssrc: Ssrc, index: u64) {
        self.streams.insert(ssrc, Stream::at(index));
    }

    #[cfg(test)]
    pub(super) fn with_ciphers(profile: SrtpProfile, [rtp, reports]: [Cipher; 2]) -> Self {
        Self { profile, rtp, rtcp: reports, streams: BTreeMap::new(), reports: BTreeMap::new() }
    }
}
