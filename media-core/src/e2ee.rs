//! Owns end-to-end encryption as an endpoint does it: SFrame (RFC 9605) over one whole encoded frame, the keys of
//! each sender, and what a receiver refuses. The server never calls this module; the modules that forward do not
//! import it (E2E-002).
//!
//! Keys are agreed on by MLS ([`mls`]): each epoch of the group has a base key, and each member's frame key follows from it
//! and the key id, which is the member's leaf and the epoch (RFC 9605 section 5.2, [`KeyId::of_sender`]). [`KeySource`] is
//! where they come in. The secret of the invitation link ([`ConferenceSecret`]) is no key: it proves who was invited.
//!
//! Deliberately absent: any way to send or play a frame without a key. No type here has a plaintext variant, and
//! [`Sealer`] cannot be built without a [`BaseKey`] (E2E-004).
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
//! | RTP SSRC, CSRC | server and receiver, routing; rewritten for each subscriber | hop; the sender is whose leaf the SFrame KID names |
//! | audio level (RFC 6464) | server, loudest speakers | hop; a lie chooses who is heard, not what is heard |
//! | transport-wide sequence number | server and sender, congestion control | hop; it has no meaning beyond the hop |
//! | MID, RID, repaired RID (RFC 8843, RFC 8852) | server, routing; not sent on | hop; the kind of media is bound |
//! | dependency descriptor: spatial and temporal layer | server, layer choice | bound |
//! | dependency descriptor: key frame (a structure is attached) | server, layer switches | bound |
//! | dependency descriptor: frame number | server and receiver, frame boundaries and references | bound |
//! | dependency descriptor: first and last packet of frame | server and receiver, frame boundaries | hop; a lie gives no whole frame |
//! | dependency descriptor: templates, chains, decode targets | server, layer choice | hop; a lie costs frames, not secrecy |
//! | SFrame KID: the sender's leaf and the low bits of the epoch | receiver, key choice | bound (SFrame header) |
//! | SFrame CTR | receiver, nonce and replay window | bound (SFrame header) |
//! | sizes and times of packets | nobody; they cannot be hidden without padding | no |
//!
//! The bound fields of the dependency descriptor reach the receiver as the sender wrote them, or nothing opens: a
//! server that forwards must not renumber frames or layers.
//!
//! # Whose frame it is
//!
//! Before a frame that came in somebody's track is opened, the leaf in its key id is looked up in the group of that epoch, and
//! what is not of that participant is refused ([`mls::Membership::open`]). Asked afterwards it would be too late: the copy of
//! a frame in the wrong track would count as the frame, and the frame itself as its replay. That the number is the person's
//! whose name stands under the picture is what members prove to one another when they come into the group
//! ([`mls::Membership::members`], [`mls::Membership::hidden`], [`mls::VerificationCode`]). All members can derive all frame
//! keys of an epoch: a member who works together with the server can seal in another's name (RFC 9605 section 9.1).

mod conference_secret;
mod ctr_hmac;
mod frame_key;
mod header;
mod key;
mod metadata;
pub mod mls;
mod opener;
mod sealer;
mod suite;

pub use conference_secret::ConferenceSecret;
pub use header::HEADER_BYTES_MAX;
pub use key::{BaseKey, BaseKeyLength, KeyId, KeySource};
pub use metadata::FrameMetadata;
pub use opener::{Opened, Opener};
pub use sealer::{SealError, Sealer};
pub use suite::{CipherSuite, TAG_BYTES_MAX};

#[cfg(test)]
mod tests;
