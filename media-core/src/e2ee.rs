//! Owns end-to-end encryption as an endpoint does it: SFrame (RFC 9605) over one whole encoded frame, the keys of
//! each sender, and what a receiver refuses. The server never calls this module; the modules that forward do not
//! import it (E2E-002).
//!
//! Deliberately absent: any way to send or play a frame without a key. No type here has a plaintext variant, and
//! [`Sealer`] cannot be built without a [`BaseKey`] (E2E-004). Also absent: key agreement. [`KeySource`] is where it
//! comes in; [`SharedSecretKeys`] is the source for a conference whose secret stands in its invitation link.
//!
//! # What stays in clear, and what a lie about it does
//!
//! "Bound" means: part of the SFrame metadata ([`FrameMetadata`]) or header, so that a frame whose field was changed
//! on the way does not open. "Hop" means: protected between client and server by SRTP only, so the server can lie.
//!
//! | field | who needs it | bound end to end |
//! |---|---|---|
//! | RTP version, padding, extension bit, marker | receiver, to parse and to find the last packet of a frame | hop; a lie gives no whole frame |
//! | RTP payload type | server and receiver, to know the codec | bound as the codec |
//! | RTP sequence number | receiver, order and loss; server, repair; rewritten for each subscriber | hop; reordered fragments do not open |
//! | RTP timestamp | receiver, playout; rewritten when the server switches layers | hop; the capture time inside the plaintext tells |
//! | RTP SSRC, CSRC | server and receiver, routing; rewritten for each subscriber | hop; the sender is the SFrame KID |
//! | audio level (RFC 6464) | server, loudest speakers | hop; a lie chooses who is heard, not what is heard |
//! | transport-wide sequence number | server and sender, congestion control | hop; it has no meaning beyond the hop |
//! | MID, RID, repaired RID (RFC 8843, RFC 8852) | server, routing; rewritten for each subscriber | hop; the kind of media is bound |
//! | dependency descriptor: spatial and temporal layer | server, layer choice | bound |
//! | dependency descriptor: key frame (a structure is attached) | server, layer switches | bound |
//! | dependency descriptor: frame number | server and receiver, frame boundaries and references | bound |
//! | dependency descriptor: first and last packet of frame | server and receiver, frame boundaries | hop; a lie gives no whole frame |
//! | dependency descriptor: templates, chains, decode targets | server, layer choice | hop; a lie costs frames, not secrecy |
//! | SFrame KID | receiver, key choice | bound (SFrame header) |
//! | SFrame CTR | receiver, nonce and replay window | bound (SFrame header) |
//! | sizes and times of packets | nobody; they cannot be hidden without padding | no |
//!
//! The bound fields of the dependency descriptor reach the receiver as the sender wrote them, or nothing opens: a
//! server that forwards must not renumber frames or layers.
//!
//! # What a caller has to check
//!
//! A key id says whose stay it is ([`KeyId::is_of`]). Before a receiver opens a frame that came in somebody's track, it
//! reads the frame's key id ([`KeyId::of_frame`]) and refuses what is not of that participant. Asked afterwards
//! ([`Opened::sender`]) it would be too late: the copy of a frame in the wrong track would count as the frame, and the
//! frame itself as its replay. That the number is the person's whose name stands under the picture is the roster's
//! question; everybody who has the secret could seal as anybody.

mod ctr_hmac;
mod frame_key;
mod header;
mod key;
mod metadata;
pub mod mls;
mod opener;
mod replay_window;
mod sealer;
mod shared_secret;
mod suite;

pub use header::HEADER_BYTES_MAX;
pub use key::{BaseKey, BaseKeyLength, KeyId, KeySource};
pub use metadata::FrameMetadata;
pub use opener::{Opened, Opener};
pub use sealer::{SealError, Sealer};
pub use shared_secret::{ConferenceSecret, SharedSecretKeys};
pub use suite::{CipherSuite, TAG_BYTES_MAX};

#[cfg(test)]
mod tests;
