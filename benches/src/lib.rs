//! Criterion benches live in `benches/`; this library only anchors the package.
