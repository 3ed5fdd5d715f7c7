//! Tests of SFrame as a whole: against the RFC's vectors, against another implementation, and against an attacker.

mod differential;
mod refusals;
mod rfc9605;

use super::{BaseKey, KeyId, KeySource};

/// Knows the keys of the senders it was given, and counts how often it was asked.
#[derive(Default)]
struct Keys {
    known: Vec<(KeyId, BaseKey)>,
    asked: usize,
}

impl Keys {
    fn of(sender: KeyId, base: &[u8]) -> Self {
        Self { known: vec![(sender, BaseKey::from_bytes(base).unwrap())], asked: 0 }
    }
}

impl KeySource for Keys {
    fn base_key(&mut self, sender: KeyId) -> Option<BaseKey> {
        self.asked += 1;
        self.known.iter().find(|(known, _)| *known == sender).map(|(_, base)| base.clone())
    }
}
