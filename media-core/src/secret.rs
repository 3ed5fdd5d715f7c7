//! Owns 128-bit secrets that are compared, never computed with: link tokens and holders' credentials. They are
//! compared in constant time, wiped when dropped and never shown.

use std::fmt;

use rand_core::Rng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// 128 random bits. On the wire: 32 hexadecimal digits.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Token([u8; 16]);

impl Token {
    /// A token from the caller's randomness.
    pub fn random(rng: &mut impl Rng) -> Self {
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// A token of given bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bits themselves, for whoever carries a link to people. Never for logs.
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }
}

impl PartialEq for Token {
    /// In constant time.
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for Token {}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl Serialize for Token {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut digits = [0; 32];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.0) {
            pair[0] = b"0123456789abcdef"[usize::from(byte >> 4)];
            pair[1] = b"0123456789abcdef"[usize::from(byte & 15)];
        }
        serializer.serialize_str(std::str::from_utf8(&digits).unwrap_or_default())
    }
}

impl<'de> Deserialize<'de> for Token {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        let digits = text.as_bytes();
        if digits.len() != 32 {
            return Err(D::Error::custom("a token has 32 hexadecimal digits"));
        }
        let mut bytes = [0; 16];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            let digit = |c: u8| char::from(c).to_digit(16);
            let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else {
                return Err(D::Error::custom("a token has 32 hexadecimal digits"));
            };
            *byte = (high << 4 | low) as u8;
        }
        Ok(Self(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn a_token_is_never_shown() {
        assert_eq!(format!("{:?}", Token::from_bytes([7; 16])), "Token(..)");
    }

    #[test]
    fn a_token_survives_the_wire() {
        let token = Token::from_bytes(*b"0123456789abcdef");
        let text = serde_json::to_string(&token).expect("serialises");
        assert_eq!(serde_json::from_str::<Token>(&text).expect("parses"), token);
        assert!(serde_json::from_str::<Token>("\"zz\"").is_err());
    }
}
