//! Owns who stands at which leaf of a group: RFC 9420 gives who is added the leftmost empty leaf (section 12.1.1), and leaves
//! the leaf of who is removed empty (section 12.1.3).

use media_core::ParticipantId;

/// Somebody in a group: number and name.
pub(crate) type Person = (ParticipantId, String);

/// The leaves from the left.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tree(Vec<Option<Person>>);

impl Tree {
    pub(super) fn add(&mut self, person: Person) {
        match self.0.iter_mut().find(|leaf| leaf.is_none()) {
            Some(empty) => *empty = Some(person),
            None => self.0.push(Some(person)),
        }
    }

    pub(super) fn remove(&mut self, leaf: u32) {
        self.0[leaf as usize] = None;
    }

    pub(crate) fn members(&self) -> impl Iterator<Item = (u32, &Person)> {
        let leaves = self.0.iter().enumerate();
        leaves.filter_map(|(leaf, person)| Some((leaf as u32, person.as_ref()?)))
    }

    pub(crate) fn leaf_of(&self, participant: ParticipantId) -> Option<u32> {
        self.members().find(|(_, person)| person.0 == participant).map(|(leaf, _)| leaf)
    }

    pub(crate) fn has(&self, participant: ParticipantId) -> bool {
        self.leaf_of(participant).is_some()
    }
}
