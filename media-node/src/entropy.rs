//! Owns the way by which randomness of the operating system comes in: seeds of the engine and of the transports.

use aws_lc_rs::error::Unspecified;

/// 32 random bytes.
///
/// # Errors
/// When the operating system gives none.
pub(crate) fn seed() -> Result<[u8; 32], Unspecified> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes)?;
    Ok(bytes)
}
