//! What benches have in common; the benches themselves live in `benches/`.

pub mod broadcast;
pub mod claim;
pub mod hall;
pub mod paired;
pub mod signals;
