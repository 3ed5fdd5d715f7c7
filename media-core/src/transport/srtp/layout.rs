//! Owns where in a packet the part in clear ends, and what has to be read from it: nothing of it is authentic yet.

use crate::{DropReason, Ssrc};

/// Bytes of RTP's fixed header (RFC 3550 section 5.1), of RTCP's with the sender's SSRC (section 6.4), and of the index that
/// SRTCP appends (RFC 3711 section 3.4).
const RTP_HEADER: usize = 12;
pub(super) const RTCP_HEADER: usize = 8;
pub(super) const RTCP_INDEX: usize = 4;
/// The flag of SRTCP that says that the packet is encrypted.
pub(super) const ENCRYPTED: u32 = 1 << 31;

/// What the header of an RTP packet says.
#[derive(Clone, Copy, Debug)]
pub(super) struct RtpFront {
    pub(super) ssrc: Ssrc,
    pub(super) sequence: u16,
    /// Bytes in clear: fixed header, contributing sources, extension.
    pub(super) bytes: usize,
}

impl RtpFront {
    pub(super) fn read(packet: &[u8]) -> Result<Self, DropReason> {
        let fixed = packet.first_chunk::<RTP_HEADER>().ok_or(DropReason::Malformed)?;
        if fixed[0] >> 6 != 2 {
            return Err(DropReason::WrongVersion);
        }
        let mut bytes = RTP_HEADER + 4 * usize::from(fixed[0] & 0x0f);
        if fixed[0] & 0x10 != 0 {
            let words = packet.get(bytes + 2..bytes + 4).ok_or(DropReason::Malformed)?;
            bytes += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
        }
        if packet.len() < bytes {
            return Err(DropReason::Malformed);
        }
        Ok(Self {
            ssrc: Ssrc(u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]])),
            sequence: u16::from_be_bytes([fixed[2], fixed[3]]),
            bytes,
        })
    }
}

/// The sender of an RTCP compound.
pub(super) fn rtcp_sender(packet: &[u8]) -> Result<Ssrc, DropReason> {
    let header = packet.first_chunk::<RTCP_HEADER>().ok_or(DropReason::Malformed)?;
    if header[0] >> 6 != 2 {
        return Err(DropReason::WrongVersion);
    }
    Ok(Ssrc(u32::from_be_bytes([header[4], header[5], header[6], header[7]])))
}
