//! Owns a participant's end-to-end encryption: its membership in the conference's group, what goes between it and the
//! server, and what is written down of it for judges. Without it nothing is sent and nothing is played (E2E-004).

use std::collections::BTreeSet;

use media_core::{
    DropReason, ParticipantId, Timestamp,
    e2ee::{
        BaseKey, CipherSuite, ConferenceSecret, KeyId, KeySource, Opener, Sealer,
        mls::{
            EpochChange, GroupMember, Membership, MembershipConfig, MembershipOutput, MlsSuite, Rejection,
            VerificationCode,
        },
    },
    signalling::{Member, Refusal, Request, ServerMessage},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Endpoint, Observation};
use crate::sabotage::{GHOST, GHOST_NAME, Sabotage};

/// An epoch as one participant lived it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EpochRecord {
    /// As whom.
    pub stay: ParticipantId,
    /// From when.
    pub at: Timestamp,
    /// What changed.
    pub change: EpochChange,
    /// Everybody in the group, as this participant sees it.
    pub members: Vec<GroupMember>,
    /// The same for all who are in the same epoch of the same group, and for nobody else.
    pub code: VerificationCode,
}

/// A handshake of others that came to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RejectionRecord {
    /// When.
    pub at: Timestamp,
    /// Whom it was about, if it was about somebody.
    pub whom: Option<ParticipantId>,
    /// Why.
    pub rejection: Rejection,
}

/// A frame that was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedFrame {
    /// When.
    pub at: Timestamp,
    /// Which of this person's [`EpochRecord`]s it belongs to.
    pub epoch: usize,
    /// Under which key.
    pub sender: KeyId,
    /// Which of that key's frames.
    pub counter: u64,
    /// What it goes by (see [`frame_identity`](super::frame_identity)).
    pub identity: u64,
}

/// What a person's encryption leaves behind for judges.
#[derive(Clone, Debug, Default)]
pub struct EncryptionRecord {
    /// In order.
    pub epochs: Vec<EpochRecord>,
    /// In order.
    pub rejections: Vec<RejectionRecord>,
    /// When this person could not follow and asked to be added anew.
    pub left_behind: Vec<Timestamp>,
    /// When this person's stays ended, and all keys were forgotten.
    pub ended: Vec<Timestamp>,
}

/// Frames after which [`Sabotage::CounterRestarts`] begins anew.
const RESTARTS_AFTER: u64 = 60;

/// The encryption of one stay.
pub(super) struct Encryption {
    membership: Membership,
    /// What an endpoint that is broken on purpose does with keys.
    broken: Broken,
    /// What seals in another member's name, while the client is hostile.
    forger: Option<Sealer>,
}

/// An endpoint that is broken on purpose.
#[derive(Default)]
struct Broken {
    /// Every epoch's key.
    keys: Vec<(u64, BaseKey)>,
    /// Whether it plays whatever opens.
    gullible: bool,
    /// What it goes on sealing with: the key of an epoch before, or a counter that was used already.
    stale: Option<Sealer>,
    /// Whether it forgets an epoch as soon as the next one has begun.
    forgets: bool,
    /// Whether it begins to count its frames anew.
    restarts: bool,
    /// The code of the epoch before, which it shows.
    code: Option<VerificationCode>,
}

impl Encryption {
    /// What seals, while there is a key.
    pub(super) fn sealer(&mut self) -> Option<&mut Sealer> {
        if self.broken.restarts && self.broken.stale.is_none() {
            self.broken.stale = self.restarted();
        }
        if self.broken.stale.is_some() { self.broken.stale.as_mut() } else { self.membership.sealer() }
    }

    /// The present key with its counter at zero, once that has risen for a while.
    fn restarted(&mut self) -> Option<Sealer> {
        let sender = self.membership.sealer().filter(|sealer| sealer.frames() >= RESTARTS_AFTER)?.sender();
        Some(Sealer::new(CipherSuite::default(), sender, &self.membership.base_key()?))
    }

    /// What seals in the name of another member than `own`, as every member could: all frame keys of an epoch follow from
    /// one secret.
    pub(super) fn forger(&mut self, own: ParticipantId) -> Option<&mut Sealer> {
        let victim = self.membership.members().iter().find(|member| member.participant != own)?;
        let sender = KeyId::of_sender(victim.leaf, self.membership.epoch()?);
        if self.forger.as_ref().is_none_or(|forger| forger.sender() != sender) {
            self.forger = Some(Sealer::new(CipherSuite::default(), sender, &self.membership.base_key()?));
        }
        self.forger.as_mut()
    }

    /// What the frame keys of the present epoch are derived from.
    pub(super) fn base_key(&self) -> Option<BaseKey> {
        self.membership.base_key()
    }

    /// What is left of it when the stay is over.
    pub(super) fn into_membership(self) -> Membership {
        self.membership
    }

    /// Opens a frame that came in the track of `from`.
    pub(super) fn open(
        &mut self,
        now: Timestamp,
        from: ParticipantId,
        sealed: &[u8],
        metadata: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<(), DropReason> {
        if self.broken.gullible {
            let keys = AnyEpoch(self.broken.keys.clone());
            return Opener::new(CipherSuite::default(), keys).open(sealed, metadata, out).map(drop);
        }
        if self.broken.forgets
            && let (Ok(sender), Some(epoch)) = (KeyId::of_frame(sealed), self.membership.epoch())
            && sender.epochs_after(epoch) < 0
        {
            return Err(DropReason::NoKey);
        }
        self.membership.open(now, from, sealed, metadata, out).map(drop)
    }
}

impl Broken {
    /// Keeps what only a broken endpoint needs of an epoch.
    fn on_epoch(&mut self, own: u32, change: &EpochChange, key: BaseKey, sabotage: Option<Sabotage>) {
        if self.restarts {
            self.stale = None;
        }
        let listens_on = sabotage == Some(Sabotage::RemovedListenOn);
        if !self.gullible && !listens_on {
            return;
        }
        if let Some((epoch, before)) = self.keys.last().filter(|_| listens_on && !change.removed.is_empty()) {
            self.stale = Some(Sealer::new(CipherSuite::default(), KeyId::of_sender(own, *epoch), before));
        }
        self.keys.push((change.epoch, key));
    }
}

/// Knows a key for everybody in every epoch.
struct AnyEpoch(Vec<(u64, BaseKey)>);

impl KeySource for AnyEpoch {
    fn base_key(&mut self, sender: KeyId) -> Option<BaseKey> {
        let epoch = self.0.iter().rev().find(|(epoch, _)| sender.epochs_after(*epoch) == 0);
        epoch.map(|(_, key)| key.clone())
    }
}

impl Endpoint {
    /// The participant has come in, and asks to be taken into the group. Who does not have the link's secret cannot prove
    /// that they were invited, and stays outside.
    pub(super) fn begin_encryption(&mut self, now: Timestamp, participant: ParticipantId) {
        let (Some(secret), Some(suites)) = (self.secret, self.person.encryption) else { return };
        let roster = &self.session.roster;
        let name = roster.get(&participant).map(|member| member.name.clone()).unwrap_or_default();
        let roster: Vec<(ParticipantId, String)> =
            roster.values().map(|member| (member.participant, member.name.clone())).collect();
        let renew_after_frames = match self.sabotage {
            Some(Sabotage::WornKeys) => u64::MAX,
            Some(Sabotage::RestlessKeys) => 30,
            Some(_) | None => self.renew_after_frames,
        };
        let config = MembershipConfig {
            mls: MlsSuite::try_from(suites.mls).unwrap_or_default(),
            sframe: CipherSuite::from_id(suites.sframe).unwrap_or_default(),
            participant,
            name,
            secret: ConferenceSecret::from_bytes(secret),
            renew_after_frames,
        };
        let rng = ChaCha20Rng::from_rng(&mut self.rng);
        self.encryption = Some(Encryption {
            membership: Membership::new(now, config, roster, rng),
            broken: Broken {
                gullible: self.sabotage == Some(Sabotage::PlayForged),
                forgets: self.sabotage == Some(Sabotage::ShortMemory),
                restarts: self.sabotage == Some(Sabotage::CounterRestarts),
                ..Broken::default()
            },
            forger: None,
        });
        self.adversary.on_entered();
        self.drain_encryption(now);
    }

    /// Takes note of what the server says about people and handshakes.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is not about the group")]
    pub(super) fn inform_encryption(&mut self, now: Timestamp, message: &ServerMessage) {
        let Some(Encryption { membership, .. }) = &mut self.encryption else { return };
        let is_deaf = self.sabotage == Some(Sabotage::DeafToDepartures);
        match message {
            ServerMessage::Member { member: Member { participant, name, .. } } => {
                membership.on_member(now, *participant, name);
            }
            ServerMessage::MemberLeft { .. } if is_deaf => {}
            ServerMessage::MemberLeft { participant } => membership.on_member_left(now, *participant),
            ServerMessage::FoundGroup { sequence } => membership.on_found(now, *sequence),
            ServerMessage::KeyPackage { participant, key_package } => {
                if self.sabotage == Some(Sabotage::CredulousClients) && *participant == GHOST {
                    membership.on_member(now, GHOST, GHOST_NAME);
                }
                membership.on_key_package(now, *participant, key_package);
            }
            ServerMessage::Commit { sequence, commit } => membership.on_commit(now, *sequence, commit),
            ServerMessage::Welcome { sequence, welcome } => membership.on_welcome(now, *sequence, welcome),
            _ => return,
        }
        self.drain_encryption(now);
    }

    /// The server did not do what the group needs.
    pub(super) fn on_handshake_refused(&mut self, now: Timestamp, reason: Refusal) {
        if let Some(encryption) = &mut self.encryption {
            encryption.membership.on_refused(now, reason);
            self.drain_encryption(now);
        }
    }

    pub(super) fn encryption_timeout(&self) -> Option<Timestamp> {
        self.encryption.as_ref().and_then(|encryption| encryption.membership.poll_timeout())
    }

    pub(super) fn advance_encryption(&mut self, now: Timestamp) {
        while self.encryption_timeout().is_some_and(|at| at <= now) {
            if let Some(encryption) = &mut self.encryption {
                encryption.membership.handle_timeout(now);
            }
            self.drain_encryption(now);
        }
    }

    fn drain_encryption(&mut self, now: Timestamp) {
        while let Some(output) =
            self.encryption.as_mut().and_then(|encryption| encryption.membership.poll_output())
        {
            match output {
                MembershipOutput::Offer(_) if self.is_lost_for_good() => {}
                MembershipOutput::Offer(key_package) => {
                    self.session.request(now, Request::OfferKeyPackage { key_package });
                }
                MembershipOutput::Commit { .. } if self.sabotage == Some(Sabotage::SilentCommitters) => {}
                MembershipOutput::Commit { after, commit, welcome, adds } => {
                    self.session.request(now, Request::Commit { after, commit, welcome, adds });
                }
                MembershipOutput::Epoch(change) => self.on_epoch(now, change),
                MembershipOutput::Rejected(whom, rejection) => {
                    self.encrypted.rejections.push(RejectionRecord { at: now, whom, rejection });
                }
                MembershipOutput::LeftBehind => {
                    self.encrypted.left_behind.push(now);
                    self.observations.push_back(Observation::LeftBehind);
                }
            }
        }
    }

    fn is_lost_for_good(&self) -> bool {
        self.sabotage == Some(Sabotage::LostForGood) && !self.encrypted.left_behind.is_empty()
    }

    /// Whoever came in has seen no key frame yet, and who goes on may have missed one.
    fn on_epoch(&mut self, now: Timestamp, change: EpochChange) {
        let Some(encryption) = &mut self.encryption else { return };
        if let Some(key) = encryption.membership.base_key() {
            self.adversary.on_key(key.clone());
            let own = self.session.participant();
            let own = encryption.membership.members().iter().find(|member| Some(member.participant) == own);
            let own = own.map_or(0, |member| member.leaf);
            encryption.broken.on_epoch(own, &change, key, self.sabotage);
        }
        let membership = &encryption.membership;
        let added: BTreeSet<ParticipantId> = change.added.iter().copied().collect();
        let (Some(stay), Some(code)) = (self.session.participant(), membership.verification_code()) else {
            return;
        };
        let before = encryption.broken.code.replace(code);
        let code = before.filter(|_| self.sabotage == Some(Sabotage::StaleCodes)).unwrap_or(code);
        let members = membership.members().to_vec();
        self.encrypted.epochs.push(EpochRecord { stay, at: now, change, members, code });
        if !added.is_empty() {
            for publisher in &mut self.publishers {
                publisher.on_newcomers();
            }
        }
        for incoming in &mut self.incoming {
            incoming.on_new_keys();
        }
    }
}
