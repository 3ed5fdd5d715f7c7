//! Owns what makes the attempts of one client to come in known as one, whichever connections they take.

use rand_core::Rng;
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::secret::Token;

/// Bytes of the secret; those behind them count.
const SECRET_BYTES: usize = 12;

/// One of a client's attempts to come in: a secret of 96 bits that all of them share, and the place of this one among them. On
/// the wire: 32 hexadecimal digits, of which the last eight are the number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Attempt(Token);

impl Attempt {
    /// Number 0 of a new entry, with a secret from the caller's randomness.
    pub fn random(rng: &mut impl Rng) -> Self {
        Self(Token::random(rng)).numbered(0)
    }

    /// One with given bytes: 12 of the secret, and the number, most significant first.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(Token::from_bytes(bytes))
    }

    /// Another attempt of the same entry.
    #[must_use]
    pub fn numbered(&self, number: u32) -> Self {
        let mut bytes = *self.0.expose();
        bytes[SECRET_BYTES..].copy_from_slice(&number.to_be_bytes());
        Self(Token::from_bytes(bytes))
    }

    /// Its place among the attempts of the entry; a later one has a higher number.
    pub fn number(&self) -> u32 {
        let [.., a, b, c, d] = *self.0.expose();
        u32::from_be_bytes([a, b, c, d])
    }

    /// Whether both are attempts of one entry; takes the same time whatever the answer.
    pub fn is_of_same_entry(&self, other: &Self) -> bool {
        self.0.expose()[..SECRET_BYTES].ct_eq(&other.0.expose()[..SECRET_BYTES]).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_of_one_entry_share_the_secret_and_differ_in_number() {
        let first = Attempt::from_bytes([7; 16]).numbered(1);
        let later = first.numbered(0x0102_0304);
        assert_eq!((first.number(), later.number()), (1, 0x0102_0304));
        assert!(first.is_of_same_entry(&later) && first != later);
        assert!(!first.is_of_same_entry(&Attempt::from_bytes([8; 16]).numbered(1)));
        assert_eq!(serde_json::to_string(&later).unwrap(), format!("\"{}01020304\"", "07".repeat(12)));
        assert!(!format!("{later:?}").contains("07"), "a secret is never shown");
    }
}
