//! What benches have in common; the benches themselves live in `benches/`.

pub mod broadcast;
pub mod fixed;
pub mod hall;
pub mod instructions;
pub mod paired;
pub mod signals;
pub mod small;
pub mod tally;
