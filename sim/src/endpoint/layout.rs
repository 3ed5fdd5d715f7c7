//! Owns what a viewer asks to see: presenters first, then the others in the order in which they came, as many cameras
//! as there are tiles; one large picture, the others small. What somebody chose by hand stays.

use std::collections::BTreeMap;

use media_core::{MediaKind, ids::ParticipantId, signalling::Member};

use crate::scenario::Layer;

/// A picture: whose, and camera or screen.
pub(super) type Picture = (ParticipantId, MediaKind);

/// What a viewer wants, and what was asked for already.
#[derive(Debug)]
pub(super) struct Layout {
    layer: Option<Layer>,
    tiles: usize,
    /// By name: who comes back has another number.
    chosen: BTreeMap<(String, MediaKind), Option<u8>>,
    asked: BTreeMap<Picture, u8>,
}

impl Layout {
    pub(super) fn new(layer: Option<Layer>, tiles: usize) -> Self {
        Self { layer, tiles, chosen: BTreeMap::new(), asked: BTreeMap::new() }
    }

    /// The viewer chooses by hand.
    pub(super) fn choose(&mut self, name: &str, kind: MediaKind, layer: Option<u8>) {
        self.chosen.insert((name.to_owned(), kind), layer);
    }

    pub(super) fn is_wanted(&self, picture: Picture) -> bool {
        self.asked.contains_key(&picture)
    }

    /// Forgets a track that is gone.
    pub(super) fn on_removed(&mut self, picture: Picture) {
        self.asked.remove(&picture);
    }

    /// Outside again: everything is asked for anew.
    pub(super) fn clear(&mut self) {
        self.asked.clear();
    }

    /// The requests that bring what is asked for in line with what is wanted.
    pub(super) fn poll_changes(
        &mut self,
        tracks: &[Picture],
        roster: &BTreeMap<ParticipantId, Member>,
    ) -> Vec<(Picture, Option<u8>)> {
        let wanted = self.wanted(tracks, roster);
        let mut changes = Vec::new();
        for picture in self.asked.keys().filter(|picture| !wanted.contains_key(picture)) {
            changes.push((*picture, None));
        }
        for (picture, layer) in &wanted {
            if self.asked.get(picture) != Some(layer) {
                changes.push((*picture, Some(*layer)));
            }
        }
        self.asked = wanted;
        changes
    }

    fn wanted(&self, tracks: &[Picture], roster: &BTreeMap<ParticipantId, Member>) -> BTreeMap<Picture, u8> {
        let mut wanted = BTreeMap::new();
        let presents = |id: &ParticipantId| roster.get(id).is_some_and(|member| member.presenter);
        let mut cameras: Vec<Picture> =
            tracks.iter().copied().filter(|(_, kind)| *kind == MediaKind::Camera).collect();
        cameras.sort_by_key(|(id, _)| (!presents(id), *id));
        if let Some(layer) = self.layer {
            for picture in tracks.iter().filter(|(_, kind)| *kind == MediaKind::Screen) {
                wanted.insert(*picture, layer.index());
            }
            for (tile, picture) in cameras.into_iter().take(self.tiles).enumerate() {
                wanted.insert(picture, if tile == 0 { layer.index() } else { Layer::Low.index() });
            }
        }
        for ((name, kind), layer) in &self.chosen {
            let Some(member) = roster.values().find(|member| member.name == *name) else { continue };
            let picture = (member.participant, *kind);
            match layer {
                Some(layer) if tracks.contains(&picture) => {
                    wanted.insert(picture, *layer);
                }
                Some(_) => {}
                None => {
                    wanted.remove(&picture);
                }
            }
        }
        wanted
    }
}
