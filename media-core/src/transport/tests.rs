//! Owns claims.
