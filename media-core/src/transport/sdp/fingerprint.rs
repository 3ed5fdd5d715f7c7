//! Owns the fingerprint by which a DTLS certificate is recognised (RFC 8122 section 5). SHA-256 only, as every WebRTC endpoint
//! has it (RFC 8827 section 6.5).

use std::{fmt, str::FromStr};

use super::refusal::SdpRefusal;

/// The SHA-256 hash of a certificate in DER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// Of a hash.
    pub const fn new(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    /// The hash.
    pub const fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    /// As SDP has it: upper case, with colons, without the name of the hash function.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, byte) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_str(":")?;
            }
            write!(f, "{byte:02X}")?;
        }
        Ok(())
    }
}

impl FromStr for Fingerprint {
    type Err = SdpRefusal;

    /// Reads what [`Fingerprint`]'s `Display` writes; lower case is taken, too.
    fn from_str(text: &str) -> Result<Self, SdpRefusal> {
        let mut hash = [0; 32];
        let mut bytes = text.split(':');
        for byte in &mut hash {
            let digits = bytes.next().filter(|digits| digits.len() == 2).ok_or(SdpRefusal::NoFingerprint)?;
            let high = digit(digits.as_bytes()[0])?;
            *byte = high << 4 | digit(digits.as_bytes()[1])?;
        }
        if bytes.next().is_some() {
            return Err(SdpRefusal::NoFingerprint);
        }
        Ok(Self(hash))
    }
}

fn digit(character: u8) -> Result<u8, SdpRefusal> {
    char::from(character).to_digit(16).map(|digit| digit as u8).ok_or(SdpRefusal::NoFingerprint)
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn a_fingerprint_survives_being_written_in_either_case() {
        let print = Fingerprint::new(std::array::from_fn(|place| place as u8 * 7));
        assert_eq!(print.to_string().parse(), Ok(print));
        assert_eq!(print.to_string().to_lowercase().parse(), Ok(print));
        assert!(print.to_string().starts_with("00:07:0E:15:"));
    }

    #[test]
    fn a_fingerprint_of_another_length_or_with_other_digits_is_none() {
        let text = Fingerprint::new([9; 32]).to_string();
        for broken in ["", &text[1..], &text[3..], &format!("{text}:00"), &text.replace("09", "0g")] {
            assert!(broken.parse::<Fingerprint>().is_err(), "{broken}");
        }
        assert!(text.replacen("09", "é", 1).parse::<Fingerprint>().is_err());
    }
}
