//! Owns the code by which people tell whether they are in the same group.

use std::fmt;

use aws_lc_rs::hkdf::{HKDF_SHA256, Salt};

use crate::e2ee::frame_key::expand;

const LABEL: &[u8] = b"generalprobe verification code v1";

/// A short authentication string: 30 digits, which people read to one another. It is the same for two members exactly if
/// they agree on who is in the group and on everything that ever happened in it, because it is derived from the epoch's
/// authenticator (RFC 9420 section 8.7). A server that keeps members in different groups, or hides somebody from some of
/// them, would have to find two epochs with the same code among 10^30. Each epoch has another code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VerificationCode(u128);

impl VerificationCode {
    /// As many digits as Discord's DAVE shows for the same purpose.
    pub const DIGITS: u32 = 30;

    pub(super) fn of(authenticator: &[u8]) -> Self {
        let mut bytes = [0; 16];
        expand(&Salt::new(HKDF_SHA256, &[]).extract(authenticator), &[LABEL], &mut bytes);
        // 2^128 is no multiple of 10^30: the first codes are more likely than the last by less than one in 10^8.
        Self(u128::from_be_bytes(bytes) % 10_u128.pow(Self::DIGITS))
    }
}

impl fmt::Display for VerificationCode {
    /// Six groups of five digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = format!("{:030}", self.0);
        for start in (0..digits.len()).step_by(5) {
            let gap = if start == 0 { "" } else { " " };
            write!(f, "{gap}{}", &digits[start..start + 5])?;
        }
        Ok(())
    }
}

impl fmt::Debug for VerificationCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::VerificationCode;

    #[test]
    fn a_code_is_thirty_digits_in_groups_of_five() {
        assert_eq!(VerificationCode(42).to_string(), "00000 00000 00000 00000 00000 00042");
        let code = VerificationCode::of(&[1; 32]).to_string();
        assert_eq!(code.len(), 35);
        assert_ne!(code, VerificationCode::of(&[2; 32]).to_string());
    }
}
