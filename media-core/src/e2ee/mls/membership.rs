//! Owns one stay's part in the end-to-end encryption of a conference, sans-IO: what to say to the others, by way of the
//! server, when to bring the group into its next epoch, and the keys that follow. It believes the server in nothing but the
//! order of messages.
//!
//! - Whoever is in commits: the member with the lowest number first, the next ones if nothing happens. A server that orders
//!   two commits to one epoch, or none, or another order for each member, splits the group; nobody is fooled about who is
//!   in which part, and the [verification codes](Membership::verification_code) differ.
//! - Nobody is added whom the roster does not show, or who does not prove to have the link's secret. Nobody is removed whom
//!   the roster shows, except to be added anew.
//! - A member that cannot follow says nothing more and asks to be added anew: it never goes on under a key that others may
//!   have left behind for a reason.
//!
//! What it does not give: a member who works together with the server can seal frames in another member's name, since all
//! frame keys of an epoch follow from one secret that all members have (RFC 9605 section 9.1). Against members alone, or the
//! server alone, a frame is of the one in whose track it comes.

mod commit;
mod config;
mod output;
mod schedule;

use std::collections::{BTreeMap, VecDeque};

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use zeroize::Zeroizing;

use super::{
    epochs::Epochs,
    group::{Followable, Group, GroupMember, Offer, Rejection},
    identity::Identity,
    verification::VerificationCode,
};
use crate::{
    drop_reason::DropReason,
    e2ee::{BaseKey, KeyId, Opened, Sealer},
    ids::ParticipantId,
    signalling::{Handshake, Refusal},
    time::Timestamp,
};
pub use config::MembershipConfig;
pub use output::{EpochChange, MembershipOutput};
use schedule::Schedule;

/// A commit on its way to the server.
struct Pending {
    commit: Handshake,
    added: Vec<ParticipantId>,
    renews: bool,
    /// When it is too late for an answer.
    answer_by: Timestamp,
}

/// One stay's part in the group.
pub struct Membership {
    config: MembershipConfig,
    rng: ChaCha20Rng,
    group: Group,
    /// By leaf; empty outside.
    members: Vec<GroupMember>,
    /// Whom the server shows, oneself included.
    roster: BTreeMap<ParticipantId, String>,
    offers: BTreeMap<ParticipantId, Offer>,
    /// Of the last handshake message.
    sequence: u64,
    pending: Option<Pending>,
    /// Commits of one's own that others came before, and that the server has not refused yet.
    overtaken: u32,
    schedule: Schedule,
    epochs: Epochs,
    sealer: Option<Sealer>,
    out: VecDeque<MembershipOutput>,
}

impl Membership {
    /// Somebody has just come in, and sees this roster. Asks to be taken into the group.
    pub fn new(
        now: Timestamp,
        config: MembershipConfig,
        roster: impl IntoIterator<Item = (ParticipantId, String)>,
        mut rng: ChaCha20Rng,
    ) -> Self {
        let group = config.fresh_group(&mut rng);
        let mut membership = Self {
            config,
            rng,
            group,
            members: Vec::new(),
            roster: roster.into_iter().collect(),
            offers: BTreeMap::new(),
            sequence: 0,
            pending: None,
            overtaken: 0,
            schedule: Schedule::default(),
            epochs: Epochs::default(),
            sealer: None,
            out: VecDeque::new(),
        };
        membership.offer(now);
        membership
    }

    /// Somebody is shown, or shown otherwise.
    pub fn on_member(&mut self, now: Timestamp, participant: ParticipantId, name: &str) {
        self.roster.insert(participant, name.to_owned());
        self.reconsider(now);
    }

    /// Somebody is shown no more.
    pub fn on_member_left(&mut self, now: Timestamp, participant: ParticipantId) {
        self.roster.remove(&participant);
        self.offers.remove(&participant);
        self.reconsider(now);
    }

    /// The server says that there is no group.
    pub fn on_found(&mut self, now: Timestamp, sequence: u64) {
        if self.is_inside() {
            return self.reject(None, Rejection::Forbidden);
        }
        self.sequence = sequence;
        self.group.found();
        self.on_epoch(now, Vec::new());
    }

    /// Somebody wants in.
    pub fn on_key_package(&mut self, now: Timestamp, participant: ParticipantId, key_package: &Handshake) {
        // They are for members: what comes later than one is out was meant for who one was, and may be taken in by now.
        if !self.is_inside() {
            return;
        }
        match self.group.read_offer(key_package.as_bytes()) {
            Err(rejection) => self.reject(Some(participant), rejection),
            Ok(offer) if self.is_shown(participant, &offer.identity) => {
                self.offers.insert(participant, offer);
                self.reconsider(now);
            }
            Ok(_) => self.reject(Some(participant), Rejection::Unproven),
        }
    }

    /// The next commit.
    pub fn on_commit(&mut self, now: Timestamp, sequence: u64, commit: &Handshake) {
        if !self.is_inside() {
            return;
        }
        // What comes again says nothing of where the group is.
        if sequence <= self.sequence {
            return self.reject(None, Rejection::Invalid);
        }
        let missed = sequence != self.sequence + 1;
        self.sequence = sequence;
        if let Some(pending) = self.pending.take() {
            if pending.commit == *commit {
                return self.on_own_commit(now, pending);
            }
            self.group.on_own_refused();
            self.overtaken += 1;
        }
        match self.group.read_commit(commit.as_bytes()) {
            Ok(read) => match self.objection(&read) {
                None => self.follow(now, read),
                Some(whom) => {
                    self.reject(Some(whom), Rejection::Forbidden);
                    self.schedule.on_ahead(now);
                }
            },
            Err(rejection) => {
                self.reject(None, rejection);
                if missed || rejection == Rejection::Ahead {
                    self.schedule.on_ahead(now);
                } else {
                    self.schedule.on_doubt(now);
                }
            }
        }
        self.reconsider(now);
    }

    /// Somebody has added this stay to the group.
    pub fn on_welcome(&mut self, now: Timestamp, sequence: u64, welcome: &Handshake) {
        if self.is_inside() {
            return self.reject(None, Rejection::Forbidden);
        }
        if let Err(rejection) = self.group.join(welcome.as_bytes()) {
            self.reject(None, rejection);
            return self.schedule.on_turned_down(now);
        }
        self.sequence = sequence;
        self.on_epoch(now, Vec::new());
    }

    /// The server refused a commit or an offer; it answers in the order in which it is asked.
    pub fn on_refused(&mut self, now: Timestamp, reason: Refusal) {
        let of_commit = matches!(reason, Refusal::StaleCommit | Refusal::NotInGroup | Refusal::BadCommit);
        if of_commit && !self.is_inside() {
            return;
        }
        if self.overtaken > 0 && reason == Refusal::StaleCommit {
            // Of the commit before: the one that is under way may be the next all the same.
            self.overtaken -= 1;
            return;
        }
        if let Some(pending) = self.pending.take() {
            self.group.on_own_refused();
            // Unless one of them has left meanwhile, they do not wait for what was heard of them.
            if reason == Refusal::BadCommit
                && pending.added.iter().all(|added| self.offers.contains_key(added))
            {
                self.offers.retain(|who, _| !pending.added.contains(who));
            }
        }
        if reason == Refusal::NotInGroup && self.is_inside() {
            return self.leave_and_offer(now);
        }
        if reason == Refusal::StaleCommit && self.is_inside() {
            // A commit came first that never arrived here.
            self.schedule.on_ahead(now);
        }
        self.schedule.on_refused(now, !self.is_inside());
        self.reconsider(now);
    }

    /// Takes in fresh randomness, from which all keys of this member follow from here on, together with what was there
    /// before. Whoever has read this member's memory would otherwise know its next keys, too.
    pub fn stir(&mut self, entropy: &[u8; 32]) {
        let mut seed = Zeroizing::new([0; 32]);
        self.rng.fill_bytes(&mut *seed);
        for (byte, fresh) in seed.iter_mut().zip(entropy) {
            *byte ^= fresh;
        }
        self.rng = ChaCha20Rng::from_seed(*seed);
    }

    /// Asks the group for another epoch under fresh keys of this member: whoever has seen this member's memory is shut out
    /// from there on, provided that these keys come of randomness they have not seen ([`Membership::stir`]).
    pub fn renew(&mut self, now: Timestamp) {
        self.schedule.renew = true;
        self.reconsider(now);
    }

    /// The time that [`Membership::poll_timeout`] named has come.
    pub fn handle_timeout(&mut self, now: Timestamp) {
        self.epochs.handle_timeout(now);
        if self.is_worn() {
            self.renew(now);
        }
        let unanswered = self.pending.as_ref().is_some_and(|pending| pending.answer_by <= now);
        if unanswered || self.schedule.takes_leave(now) {
            self.leave_and_offer(now);
        } else if self.schedule.offers_again(now) && !self.is_inside() {
            self.group = self.config.fresh_group(&mut self.rng);
            self.offer(now);
        }
        if self.schedule.commits(now) && self.pending.is_none() {
            self.commit(now);
        }
    }

    /// When [`Membership::handle_timeout`] has something to do.
    pub fn poll_timeout(&self) -> Option<Timestamp> {
        if self.is_worn() {
            return Some(Timestamp::ZERO);
        }
        let commit = if self.pending.is_none() { self.schedule.commit_at() } else { None };
        let answer = self.pending.as_ref().map(|pending| pending.answer_by);
        [self.epochs.poll_timeout(), commit, answer, self.schedule.leave_at(), self.schedule.offer_at]
            .into_iter()
            .flatten()
            .min()
    }

    /// The next thing to send or to know.
    pub fn poll_output(&mut self) -> Option<MembershipOutput> {
        self.out.pop_front()
    }

    /// What seals this member's frames, in the present epoch; `None` while it has no key, and then nothing is sent.
    pub const fn sealer(&mut self) -> Option<&mut Sealer> {
        self.sealer.as_mut()
    }

    /// Replaces `out` by the plaintext of a frame that came in the track of `from`.
    ///
    /// # Errors
    /// Those of [`Opener::open`](crate::e2ee::Opener::open); [`DropReason::NoKey`] also for frames of epochs that are
    /// forgotten or not known, and of people who are not in the group; [`DropReason::WrongSender`] when somebody else in the
    /// group sealed it.
    pub fn open(
        &mut self,
        now: Timestamp,
        from: ParticipantId,
        sealed: &[u8],
        metadata: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Opened, DropReason> {
        self.epochs.handle_timeout(now);
        let opened = self.epochs.open(from, sealed, metadata, out);
        if opened == Err(DropReason::NoKey) && self.is_inside() {
            let ahead = KeyId::of_frame(sealed).is_ok_and(|sender| self.epochs.is_ahead(sender));
            if ahead {
                self.schedule.on_ahead(now);
            }
        }
        opened
    }

    /// What the frame keys of the present epoch are derived from, for whoever seals and opens elsewhere (a browser's worker).
    pub fn base_key(&self) -> Option<BaseKey> {
        self.group.base_key(self.config.sframe).filter(|_| self.is_inside())
    }

    /// Everybody in the group, as they prove who they are; nobody outside.
    pub fn members(&self) -> &[GroupMember] {
        &self.members
    }

    /// Present epoch of the group.
    pub fn epoch(&self) -> Option<u64> {
        self.group.epoch().filter(|_| self.is_inside())
    }

    /// What people compare to be sure that they are in the same group.
    pub fn verification_code(&self) -> Option<VerificationCode> {
        self.group.authenticator().filter(|_| self.is_inside()).map(VerificationCode::of)
    }

    /// Who is in the group but not on the roster that the server shows, or under another name.
    pub fn hidden(&self) -> Vec<&GroupMember> {
        let shown = |member: &&GroupMember| self.roster.get(&member.participant) == Some(&member.name);
        self.members.iter().filter(|member| !shown(member)).collect()
    }

    /// Whether this member's key has sealed so many frames that another epoch has to come.
    fn is_worn(&self) -> bool {
        let used = self.sealer.as_ref().map_or(0, Sealer::frames);
        used >= self.config.renew_after_frames && !self.schedule.renew
    }

    fn is_inside(&self) -> bool {
        !self.members.is_empty()
    }

    /// Whether the roster shows the same number and name.
    fn is_shown(&self, participant: ParticipantId, identity: &Identity) -> bool {
        identity.participant == participant && self.roster.get(&participant) == Some(&identity.name)
    }

    /// Somebody who speaks against following a commit.
    fn objection(&self, commit: &Followable) -> Option<ParticipantId> {
        let hidden = commit.added.iter().find(|added| !self.is_shown(added.participant, added));
        if let Some(hidden) = hidden {
            return Some(hidden.participant);
        }
        let removed = self.members.iter().filter(|member| commit.removed.contains(&member.leaf));
        let anew = |who: ParticipantId| commit.added.iter().any(|added| added.participant == who);
        removed
            .map(|member| member.participant)
            .find(|who| self.roster.contains_key(who) && (!anew(*who) || *who == self.config.participant))
    }

    fn follow(&mut self, now: Timestamp, commit: Followable) {
        let added = commit.added.iter().map(|identity| identity.participant).collect();
        match self.group.follow(commit) {
            Ok(()) => self.on_epoch(now, added),
            Err(rejection) => {
                self.reject(None, rejection);
                self.leave_and_offer(now);
            }
        }
    }

    fn on_own_commit(&mut self, now: Timestamp, pending: Pending) {
        self.group.on_own_ordered();
        self.schedule.renew &= !pending.renews;
        self.on_epoch(now, pending.added);
    }

    /// The group is in an epoch that it was not in before.
    fn on_epoch(&mut self, now: Timestamp, added: Vec<ParticipantId>) {
        let before = std::mem::replace(&mut self.members, self.group.identities());
        let (Some(epoch), Some(own), Some(base)) =
            (self.group.epoch(), self.group.own_leaf(), self.group.base_key(self.config.sframe))
        else {
            return self.leave_and_offer(now);
        };
        let others = self.members.iter().filter(|member| member.leaf != own);
        let senders = others.map(|member| (member.leaf, member.participant)).collect();
        self.sealer = Some(Sealer::new(self.config.sframe, KeyId::of_sender(own, epoch), &base));
        self.epochs.begin(now, epoch, self.config.sframe, base, senders);
        for added in &added {
            self.offers.remove(added);
        }
        let is_in =
            |who: &GroupMember| self.members.iter().any(|member| member.participant == who.participant);
        let removed =
            before.iter().filter(|member| !is_in(member)).map(|member| member.participant).collect();
        let first = before.is_empty();
        self.out.push_back(MembershipOutput::Epoch(EpochChange { epoch, first, added, removed }));
        self.schedule.on_epoch(now);
        self.reconsider(now);
    }

    /// Says nothing more, and asks to be added anew.
    fn leave_and_offer(&mut self, now: Timestamp) {
        self.out.push_back(MembershipOutput::LeftBehind);
        self.members.clear();
        self.offers.clear();
        self.pending = None;
        self.overtaken = 0;
        self.sealer = None;
        self.epochs.end(now);
        self.group = self.config.fresh_group(&mut self.rng);
        self.offer(now);
    }

    fn offer(&mut self, now: Timestamp) {
        self.schedule.on_offer(now);
        self.out.push_back(MembershipOutput::Offer(Handshake::new(&self.group.key_package())));
    }

    fn reject(&mut self, whom: Option<ParticipantId>, rejection: Rejection) {
        self.out.push_back(MembershipOutput::Rejected(whom, rejection));
    }
}

#[cfg(test)]
mod tests;
