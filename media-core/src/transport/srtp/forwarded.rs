//! Owns the last step of fan-out: a packet that the forwarder gave out, written and protected for its subscriber in one go.
//! The payload is copied once, into the send buffer, and encrypted there.

use super::sender::{ProtectError, SrtpSender};
use crate::forwarding::ForwardedRtp;

impl SrtpSender {
    /// Appends the protected form of a forwarded packet to `out`.
    ///
    /// # Errors
    /// [`ProtectError`] when its number may not be used. `out` is as before then.
    ///
    /// # Panics
    /// When the payload is longer than AES-GCM allows, which is 64 GiB.
    pub fn protect_forwarded(
        &mut self,
        packet: &ForwardedRtp,
        out: &mut Vec<u8>,
    ) -> Result<(), ProtectError> {
        let begin = out.len();
        packet.write(out);
        self.protect_rtp_in_place(begin, out)
    }
}
