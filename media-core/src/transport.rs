//! Owns what protects packets between a client and the media node, hop by hop. End-to-end encryption is
//! [`e2ee`](crate::e2ee)'s; what is protected here the media node reads.

pub mod sdp;
pub mod srtp;
