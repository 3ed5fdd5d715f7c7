//! Owns what a member says about itself in its MLS credential, and what makes others believe it.
//!
//! There is no authority that certifies guests who come by link. What they have in common is the secret of the link, which
//! the server never sees ([`ConferenceSecret`]). A member proves with it that its signature key is of somebody who was
//! given the link, under this number and this name. So neither the server nor anybody else without the link can bring a key
//! of their own into the group. Who has the link can come under any name, as in any conference by link: the roster shows
//! them, and people have to look at it.

use aws_lc_rs::hmac;
use subtle::ConstantTimeEq;

use crate::{e2ee::ConferenceSecret, ids::ParticipantId, limits::NAME_BYTES_MAX};

const LABEL: &[u8] = b"generalprobe member v1 ";
const PROOF_BYTES: usize = 32;

/// What a credential says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) participant: ParticipantId,
    pub(super) name: String,
}

impl Identity {
    /// The content of a credential: number, length of the name, name, proof.
    pub(super) fn encode(&self, secret: &ConferenceSecret, signature_key: &[u8]) -> Vec<u8> {
        let mut bytes = self.claim();
        bytes.extend_from_slice(hmac::sign(&key(secret), &claim_of(&bytes, signature_key)).as_ref());
        bytes
    }

    /// Reads a credential, and checks its proof in constant time.
    pub(super) fn decode(bytes: &[u8], secret: &ConferenceSecret, signature_key: &[u8]) -> Option<Self> {
        let (claim, proof) = bytes.split_last_chunk::<PROOF_BYTES>()?;
        let expected = hmac::sign(&key(secret), &claim_of(claim, signature_key));
        if !bool::from(expected.as_ref().ct_eq(proof)) {
            return None;
        }
        let (number, rest) = claim.split_first_chunk::<4>()?;
        let (&length, name) = rest.split_first()?;
        if usize::from(length) != name.len() {
            return None;
        }
        let name = String::from_utf8(name.to_vec()).ok()?;
        Some(Self { participant: ParticipantId(u32::from_be_bytes(*number)), name })
    }

    fn claim(&self) -> Vec<u8> {
        let mut bytes = self.participant.0.to_be_bytes().to_vec();
        // The server admits no longer name.
        let name = &self.name.as_bytes()[..self.name.floor_char_boundary(NAME_BYTES_MAX)];
        bytes.push(name.len() as u8);
        bytes.extend_from_slice(name);
        bytes
    }
}

fn key(secret: &ConferenceSecret) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.expose())
}

fn claim_of(claim: &[u8], signature_key: &[u8]) -> Vec<u8> {
    [LABEL, &(claim.len() as u64).to_be_bytes(), claim, signature_key].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proof_holds_for_its_number_name_key_and_link_only() {
        let link = ConferenceSecret::from_bytes([7; 32]);
        let anna = Identity { participant: ParticipantId(3), name: "Anna".to_owned() };
        let bytes = anna.encode(&link, b"key");
        assert_eq!(Identity::decode(&bytes, &link, b"key"), Some(anna));
        assert_eq!(Identity::decode(&bytes, &link, b"kez"), None);
        assert_eq!(Identity::decode(&bytes, &ConferenceSecret::from_bytes([8; 32]), b"key"), None);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 1;
            assert_eq!(Identity::decode(&other, &link, b"key"), None, "byte {at}");
            assert_eq!(Identity::decode(&bytes[..at], &link, b"key"), None, "cut at {at}");
        }
    }

    #[test]
    fn a_name_beyond_the_limit_is_cut_between_characters() {
        let link = ConferenceSecret::from_bytes([7; 32]);
        let long = Identity { participant: ParticipantId(3), name: "ü".repeat(60) };
        let bytes = long.encode(&link, b"key");
        assert_eq!(Identity::decode(&bytes, &link, b"key").unwrap().name, "ü".repeat(32));
    }
}
