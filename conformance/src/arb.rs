//! Owns the making of rehearsals that nobody thought of: who takes part, and what they do, drawn at random from what is
//! possible at each moment. What is drawn is a scenario like any other: it can be written down, read and run again.

mod cast;
mod moves;
mod plan;
mod script;

#[cfg(test)]
mod tests;

pub use cast::{Cast, Device, Kind, Player};
pub use moves::{Move, Trouble};
pub use plan::{Plan, Planning};
pub use script::script;
