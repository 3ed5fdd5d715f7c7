//! Owns what a stay has to make of what it is told, and has to say about it.

use std::collections::{BTreeMap, BTreeSet};

use media_core::{
    ParticipantId, PeerId, Timestamp,
    e2ee::mls::{EpochChange, Rejection},
    signalling::{Handshake, Refusal},
};

use super::{
    super::hall::{Input, Noticed},
    Committed, Epoch, Model, Stay,
    tree::Tree,
};

impl Model {
    /// What a stay has to notice about an input, in order.
    pub(crate) fn on_input(&mut self, now: Timestamp, peer: PeerId, input: &Input) -> Vec<Noticed> {
        let stay = self.stays.get_mut(&peer).expect("known");
        let noticed = match input {
            Input::Member(participant, name) => {
                stay.roster.insert(*participant, name.clone());
                None
            }
            Input::MemberLeft(participant) => {
                stay.roster.remove(participant);
                stay.heard.remove(participant);
                None
            }
            Input::Found(sequence) => Some(self.on_found(now, peer, *sequence)),
            Input::KeyPackage(participant, key_package) => {
                self.on_key_package(peer, *participant, key_package)
            }
            Input::Commit(sequence, commit) => self.on_commit(now, peer, *sequence, commit),
            Input::Welcome(sequence, welcome) => Some(self.on_welcome(now, peer, *sequence, welcome)),
            // Of a commit that was made before the stay lost track.
            Input::Refused(Refusal::StaleCommit | Refusal::NotInGroup | Refusal::BadCommit)
                if stay.inside.is_none() =>
            {
                None
            }
            Input::Refused(Refusal::StaleCommit) if stay.overtaken > 0 => {
                stay.overtaken -= 1;
                None
            }
            Input::Refused(reason) => {
                if *reason == Refusal::BadCommit {
                    self.census.count("commit refused for whom it adds");
                }
                let pending = stay.pending.take().and_then(|pending| self.commits.get(&pending));
                let added = pending.iter().flat_map(|commit| &commit.adds).map(|person| person.0);
                let added: BTreeSet<ParticipantId> = added.collect();
                if *reason == Refusal::BadCommit && added.iter().all(|who| stay.heard.contains_key(who)) {
                    stay.heard.retain(|who, _| !added.contains(who));
                }
                if *reason == Refusal::StaleCommit && stay.inside.is_some() {
                    stay.on_behind(now);
                }
                let out = *reason == Refusal::NotInGroup && stay.inside.is_some();
                out.then(|| {
                    stay.leave(now);
                    Noticed::LeftBehind
                })
            }
            Input::Stir(_) => None,
            Input::Renew => {
                stay.renews = true;
                None
            }
            Input::Timeout => {
                stay.renews |= stay.inside.is_some() && stay.sealed >= stay.renew_after_frames;
                None
            }
        };
        if let Some(Noticed::Rejected(_, rejection)) = &noticed {
            self.census.count_rejection(*rejection);
        }
        noticed.into_iter().collect()
    }

    fn on_found(&mut self, now: Timestamp, peer: PeerId, sequence: u64) -> Noticed {
        let stay = self.stays.get_mut(&peer).expect("known");
        if stay.inside.is_some() {
            return Noticed::Rejected(None, Rejection::Forbidden);
        }
        stay.sequence = sequence;
        let mut tree = Tree::default();
        tree.add(stay.person.clone());
        self.groups += 1;
        let taken_in = BTreeMap::new();
        self.epochs.push(Epoch { number: 0, group: self.groups, tree, taken_in, code: None });
        self.on_epoch(now, peer, self.epochs.len() - 1, Vec::new())
    }

    /// Who is shown under the number and name that a key package proves is believed.
    fn on_key_package(
        &mut self,
        peer: PeerId,
        participant: ParticipantId,
        key_package: &Handshake,
    ) -> Option<Noticed> {
        let stay = self.stays.get_mut(&peer).expect("known");
        // They are for members.
        stay.inside?;
        let rejected = |rejection| Some(Noticed::Rejected(Some(participant), rejection));
        let Some((person, link)) = self.offers.get(key_package) else {
            return rejected(Rejection::Invalid);
        };
        if *link != stay.link || person.0 != participant || !stay.shows(person) {
            return rejected(Rejection::Unproven);
        }
        stay.heard.insert(participant, key_package.clone());
        None
    }

    fn on_commit(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        sequence: u64,
        commit: &Handshake,
    ) -> Option<Noticed> {
        let stay = self.stays.get_mut(&peer).expect("known");
        let inside = stay.inside?;
        if sequence <= stay.sequence {
            return Some(Noticed::Rejected(None, Rejection::Invalid));
        }
        let missed = sequence != stay.sequence + 1;
        stay.sequence = sequence;
        let pending = stay.pending.take();
        let own = pending.as_ref() == Some(commit);
        stay.overtaken += u32::from(pending.is_some() && !own);
        let rejection = match self.commits.get(commit) {
            Some(known)
                if own || known.from == inside && known.by != peer && stay.read.insert(commit.clone()) =>
            {
                stay.renews &= !(own && known.renews);
                match (!own).then(|| objection(stay, known)).flatten() {
                    None => {
                        let to = known.to;
                        let added = known.adds.iter().map(|person| person.0).collect();
                        return Some(self.on_epoch(now, peer, to, added));
                    }
                    Some(whom) => {
                        stay.on_behind(now);
                        return Some(Noticed::Rejected(Some(whom), Rejection::Forbidden));
                    }
                }
            }
            // A commit of one's own that is given up cannot be taken up again.
            Some(known) if known.from == inside && known.by == peer => Rejection::Forbidden,
            Some(known) => {
                let (from, inside) = (&self.epochs[known.from], &self.epochs[inside]);
                let ahead = from.group == inside.group && from.number > inside.number;
                if ahead { Rejection::Ahead } else { Rejection::Invalid }
            }
            None => Rejection::Invalid,
        };
        if missed || rejection == Rejection::Ahead {
            stay.on_behind(now);
        }
        Some(Noticed::Rejected(None, rejection))
    }

    fn on_welcome(&mut self, now: Timestamp, peer: PeerId, sequence: u64, welcome: &Handshake) -> Noticed {
        let stay = self.stays.get_mut(&peer).expect("known");
        if stay.inside.is_some() {
            return Noticed::Rejected(None, Rejection::Forbidden);
        }
        let to = self.welcomes.get(welcome).copied();
        let taken_in = to.and_then(|to| self.epochs[to].taken_in.get(&stay.person.0));
        match (to, &stay.offered) {
            (Some(to), Some(offered)) if taken_in == Some(offered) => {
                stay.sequence = sequence;
                self.on_epoch(now, peer, to, Vec::new())
            }
            _ => Noticed::Rejected(None, Rejection::Invalid),
        }
    }

    fn on_epoch(&mut self, now: Timestamp, peer: PeerId, to: usize, added: Vec<ParticipantId>) -> Noticed {
        let stay = self.stays.get_mut(&peer).expect("known");
        let Epoch { number, tree, .. } = &self.epochs[to];
        let before = stay.inside.map(|from| &self.epochs[from].tree);
        let before = before.into_iter().flat_map(Tree::members).map(|(_, person)| person.0);
        let removed = before.filter(|who| !tree.has(*who)).collect();
        let change = EpochChange { epoch: *number, first: stay.inside.is_none(), added, removed };
        let own = stay.person.0;
        let others = tree.members().map(|(leaf, person)| (leaf, person.0)).filter(|(_, who)| *who != own);
        stay.keys.begin(now, (to, *number), others.collect());
        for added in &change.added {
            stay.heard.remove(added);
        }
        stay.inside = Some(to);
        stay.sealed = 0;
        stay.read.clear();
        stay.offered = None;
        stay.behind_since = None;
        self.census.count("epoch");
        Noticed::Epoch(change)
    }
}

/// Who is added without being shown, or removed while shown.
fn objection(stay: &Stay, commit: &Committed) -> Option<ParticipantId> {
    let hidden = commit.adds.iter().find(|person| !stay.shows(person)).map(|person| person.0);
    let anew = |who: ParticipantId| commit.adds.iter().any(|added| added.0 == who);
    let removed = commit.removes.iter().map(|person| person.0);
    hidden.or_else(|| {
        removed.filter(|who| stay.roster.contains_key(who)).find(|who| !anew(*who) || *who == stay.person.0)
    })
}
