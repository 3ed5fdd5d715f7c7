//! Claims about it.
