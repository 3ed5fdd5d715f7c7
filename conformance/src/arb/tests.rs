//! Claims about what is drawn.
