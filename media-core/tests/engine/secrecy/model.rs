//! Owns the reference model: who is in which epoch, and so who may open what, by the order in which messages reached each
//! stay. It takes commits, welcomes and key packages for names of what they do, and knows nothing of what is in them.
//!
//! An epoch is what a commit makes of the epoch that its committer was in; so the two halves of a group that was split are
//! in different epochs, even under equal numbers.

mod decision;
mod keys;
mod stay;
mod tree;

use std::collections::{BTreeMap, BTreeSet};

use media_core::{
    DropReason, ParticipantId, PeerId, Timestamp,
    e2ee::mls::{Membership, VerificationCode},
    limits,
    signalling::Handshake,
};

use super::census::Census;
use keys::{Genuine, Keys, read_header};
pub(crate) use stay::Stay;
use tree::{Person, Tree};

/// An epoch of a group.
struct Epoch {
    number: u64,
    /// Which founding it goes back to.
    group: usize,
    tree: Tree,
    /// Whom the commit added, by the key packages that they had offered.
    taken_in: BTreeMap<ParticipantId, Handshake>,
    code: Option<VerificationCode>,
}

/// What a commit does.
struct Committed {
    by: PeerId,
    from: usize,
    to: usize,
    adds: Vec<Person>,
    removes: Vec<Person>,
    /// Whether it brings fresh keys of the committer.
    renews: bool,
}

/// A frame that somebody sealed.
struct Sealed {
    genuine: Genuine,
    metadata: Vec<u8>,
    plaintext: Vec<u8>,
}

/// What has to become of a frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Opens(Vec<u8>),
    Refused(BTreeSet<DropReason>),
}

/// Everything that was said so far, as far as it matters.
#[derive(Default)]
pub(crate) struct Model {
    epochs: Vec<Epoch>,
    groups: usize,
    offers: BTreeMap<Handshake, (Person, [u8; 32])>,
    commits: BTreeMap<Handshake, Committed>,
    welcomes: BTreeMap<Handshake, usize>,
    pub(crate) stays: BTreeMap<PeerId, Stay>,
    frames: BTreeMap<Vec<u8>, Sealed>,
    /// Pairs of key and nonce, as (code of the epoch, key id, counter).
    used: BTreeSet<(VerificationCode, u64, u64)>,
    codes: BTreeMap<VerificationCode, usize>,
    pub(crate) census: Census,
}

impl Model {
    /// Somebody comes in, and is shown these.
    pub(crate) fn on_entered(&mut self, peer: PeerId, stay: Stay) {
        self.stays.insert(peer, stay);
    }

    /// A stay asks to be taken in.
    pub(crate) fn on_offer(&mut self, peer: PeerId, key_package: &Handshake) {
        let stay = self.stays.get_mut(&peer).expect("known");
        stay.offered = Some(key_package.clone());
        let before = self.offers.insert(key_package.clone(), (stay.person.clone(), stay.link));
        assert!(before.is_none(), "{peer} offers the same twice");
        self.census.count("offer");
    }

    /// A stay commits: it has to add and remove whom it should, as things stand for it.
    pub(crate) fn on_commit_made(
        &mut self,
        now: Timestamp,
        peer: PeerId,
        after: u64,
        (commit, welcome): (&Handshake, Option<&Handshake>),
        adds: &[ParticipantId],
    ) {
        let stay = self.stays.get_mut(&peer).expect("known");
        let from = stay.inside.expect("who is outside does not commit");
        assert_eq!(after, stay.sequence, "{peer} commits after another message than the last");
        assert!(stay.pending.is_none(), "{peer} commits while a commit of its own is under way");
        stay.pending = Some(commit.clone());
        stay.asked_at = now;
        let base = &self.epochs[from];
        let removes = removals(stay, &base.tree);
        let mut tree = base.tree.clone();
        let gone =
            removes.iter().map(|leaf| base.tree.members().find(|(at, _)| at == leaf).expect("a member"));
        let gone: Vec<Person> = gone.map(|(_, person)| person.clone()).collect();
        for leaf in &removes {
            tree.remove(*leaf);
        }
        let taken_in: BTreeMap<ParticipantId, Handshake> =
            stay.heard.clone().into_iter().filter(|(who, _)| !tree.has(*who)).collect();
        assert!(taken_in.keys().eq(adds), "{peer} adds {adds:?}, not {:?}", taken_in.keys());
        assert_eq!(welcome.is_some(), !adds.is_empty(), "{peer} welcomes those who are added");
        let added: Vec<Person> =
            taken_in.values().map(|key_package| self.offers[key_package].0.clone()).collect();
        for person in &added {
            tree.add(person.clone());
        }
        let renews = stay.renews;
        let to = self.same_epoch(peer, from, &taken_in, renews || !gone.is_empty());
        let to = to.unwrap_or(self.epochs.len());
        if to == self.epochs.len() {
            let (number, group) = (base.number + 1, base.group);
            self.epochs.push(Epoch { number, group, tree, taken_in, code: None });
        }
        let committed = Committed { by: peer, from, to, adds: added, removes: gone, renews };
        assert!(self.commits.insert(commit.clone(), committed).is_none(), "two equal commits");
        if let Some(welcome) = welcome {
            self.welcomes.insert(welcome.clone(), to);
        }
        self.census.count("commit");
    }

    /// A commit without fresh keys, of the same member about the same people, leads to where an earlier one leads: both say
    /// the same.
    fn same_epoch(
        &self,
        by: PeerId,
        from: usize,
        taken_in: &BTreeMap<ParticipantId, Handshake>,
        fresh_keys: bool,
    ) -> Option<usize> {
        let mut earlier = self.commits.values().filter(|commit| {
            (commit.by, commit.from, commit.renews) == (by, from, false) && commit.removes.is_empty()
        });
        let same = earlier.find(|commit| self.epochs[commit.to].taken_in == *taken_in)?;
        (!fresh_keys).then_some(same.to)
    }

    /// A stay says that it gave up following.
    pub(crate) fn on_gave_up(&mut self, now: Timestamp, peer: PeerId) {
        let stay = self.stays.get_mut(&peer).expect("known");
        let behind = stay.behind_since.is_some_and(|since| since + limits::BEHIND_MAX <= now);
        let unanswered = stay.pending.is_some() && stay.asked_at + limits::COMMIT_ANSWER_WITHIN <= now;
        assert!(behind || unanswered, "{peer} gives up without a reason");
        stay.leave(now);
        self.census.count("gave up");
    }

    /// A stay seals a frame.
    pub(crate) fn on_sealed(&mut self, peer: PeerId, frame: &[u8], metadata: &[u8], plaintext: &[u8]) {
        let stay = self.stays.get_mut(&peer).expect("known");
        stay.sealed += 1;
        let epoch = stay.inside.expect("who is outside seals nothing");
        let Epoch { number, tree, code, .. } = &self.epochs[epoch];
        let leaf = tree.leaf_of(stay.person.0).expect("in the group");
        let (key_id, counter, _) = read_header(frame).expect("a header");
        assert_eq!(key_id, u64::from(leaf) << 8 | number & 0xff, "{peer} seals as somebody else");
        let fresh = self.used.insert((code.expect("a code"), key_id, counter));
        assert!(fresh, "{peer} uses counter {counter} twice under one key");
        let genuine = Genuine { epoch, leaf, counter };
        let sealed = Sealed { genuine, metadata: metadata.to_vec(), plaintext: plaintext.to_vec() };
        self.frames.insert(frame.to_vec(), sealed);
        self.census.count("sealed");
    }

    /// What has to become of a frame that reaches a stay in the track of `from`.
    pub(crate) fn on_frame(
        &mut self,
        now: Timestamp,
        to: PeerId,
        from: ParticipantId,
        (frame, metadata): (&[u8], &[u8]),
    ) -> Verdict {
        let stay = self.stays.get_mut(&to).expect("known");
        let reasons = stay.keys.reasons(now, from, frame);
        let sealed = self.frames.get(frame).filter(|sealed| sealed.metadata == metadata);
        if let Some(sealed) = sealed
            && stay.keys.opens(now, from, sealed.genuine)
        {
            return Verdict::Opens(sealed.plaintext.clone());
        }
        if stay.inside.is_some() && reasons.contains(&DropReason::NoKey) && stay.keys.is_ahead(frame) {
            stay.on_behind(now);
        }
        Verdict::Refused(reasons)
    }

    /// Whether a stay is where it should be, and sees what it should see.
    pub(crate) fn compare(&mut self, peer: PeerId, membership: &mut Membership) {
        let stay = &self.stays[&peer];
        let inside = stay.inside.map(|epoch| &mut self.epochs[epoch]);
        let members = membership.members().iter().map(|member| {
            let person = (member.participant, member.name.clone());
            (member.leaf, person)
        });
        let members: Vec<(u32, Person)> = members.collect();
        let hidden: Vec<Person> =
            membership.hidden().into_iter().map(|member| (member.participant, member.name.clone())).collect();
        assert_eq!(
            membership.sealer().is_some(),
            inside.is_some(),
            "{peer} seals exactly while it has a key"
        );
        assert_eq!(membership.epoch(), inside.as_ref().map(|epoch| epoch.number), "epoch of {peer}");
        let Some(epoch) = inside else {
            assert!(members.is_empty() && membership.verification_code().is_none(), "{peer} is out");
            return;
        };
        let expected: Vec<(u32, Person)> =
            epoch.tree.members().map(|(leaf, person)| (leaf, person.clone())).collect();
        assert_eq!(members, expected, "{peer} sees other members");
        let unseen: Vec<Person> =
            expected.into_iter().map(|(_, person)| person).filter(|person| !stay.shows(person)).collect();
        assert_eq!(hidden, unseen, "{peer} sees others as hidden");
        let code = membership.verification_code().expect("who is inside has a code");
        assert_eq!(*epoch.code.get_or_insert(code), code, "one epoch, two codes");
        let of = *self.codes.entry(code).or_insert_with(|| stay.inside.expect("inside"));
        assert_eq!(Some(of), stay.inside, "two epochs, one code");
    }

    /// Who is in the epoch of a stay.
    pub(crate) fn company(&self, peer: PeerId) -> BTreeSet<ParticipantId> {
        let epoch = self.stays[&peer].inside.map(|epoch| &self.epochs[epoch]);
        epoch.into_iter().flat_map(|epoch| epoch.tree.members().map(|(_, person)| person.0)).collect()
    }
}

/// Whom a stay removes: who is not shown, and who asks to be added anew, these first; few at once.
fn removals(stay: &Stay, tree: &Tree) -> Vec<u32> {
    let others = || tree.members().filter(|(_, person)| person.0 != stay.person.0);
    let anew = others().filter(|(_, person)| stay.heard.contains_key(&person.0));
    let gone = others()
        .filter(|(_, person)| !stay.roster.contains_key(&person.0) && !stay.heard.contains_key(&person.0));
    let removes = anew.chain(gone).map(|(leaf, _)| leaf).take(limits::REMOVALS_PER_COMMIT_MAX);
    let removes: BTreeSet<u32> = removes.collect();
    removes.into_iter().collect()
}
