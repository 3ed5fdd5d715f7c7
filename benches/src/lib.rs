//! What benches have in common; the benches themselves live in `benches/`.

pub mod hall;
pub mod paired;
