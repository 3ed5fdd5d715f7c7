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
    signalling::{self, Member, Refusal, Request, ServerMessage},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

use super::{Endpoint, Observation};
use crate::sabotage::Sabotage;

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
    /// Every epoch's key, for an endpoint that is broken on purpose and plays whatever opens.
    gullible: Option<Vec<(u64, BaseKey)>>,
    /// What an endpoint that is broken on purpose seals with instead.
    instead: Option<Sealer>,
    suite: CipherSuite,
    sabotage: Option<Sabotage>,
}

impl Encryption {
    /// What seals, while there is a key.
    pub(super) fn sealer(&mut self) -> Option<&mut Sealer> {
        if self.sabotage == Some(Sabotage::CounterRestarts) && self.instead.is_none() {
            self.instead = self.restarted();
        }
        if self.instead.is_some() { self.instead.as_mut() } else { self.membership.sealer() }
    }

    /// The present key with its counter at zero, once that has risen for a while.
    fn restarted(&mut self) -> Option<Sealer> {
        let sealer = self.membership.sealer().filter(|sealer| sealer.frames() >= RESTARTS_AFTER)?.sender();
        Some(Sealer::new(self.suite, sealer, &self.membership.base_key()?))
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
        if let Some(keys) = &self.gullible {
            let keys = AnyEpoch(keys.clone());
            return Opener::new(CipherSuite::default(), keys).open(sealed, metadata, out).map(drop);
        }
        if self.sabotage == Some(Sabotage::ShortMemory)
            && let (Ok(sender), Some(epoch)) = (KeyId::of_frame(sealed), self.membership.epoch())
            && sender.epochs_after(epoch) < 0
        {
            return Err(DropReason::NoKey);
        }
        self.membership.open(now, from, sealed, metadata, out).map(drop)
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
        let sframe = CipherSuite::from_id(suites.sframe).unwrap_or_default();
        let never = self.sabotage == Some(Sabotage::WornKeys);
        let config = MembershipConfig {
            mls: MlsSuite::try_from(suites.mls).unwrap_or_default(),
            sframe,
            participant,
            name,
            secret: ConferenceSecret::from_bytes(secret),
            renew_after_frames: if never { u64::MAX } else { self.renew_after_frames },
        };
        let rng = ChaCha20Rng::from_rng(&mut self.rng);
        self.encryption = Some(Encryption {
            membership: Membership::new(now, config, roster, rng),
            gullible: (self.sabotage == Some(Sabotage::PlayForged)).then(Vec::new),
            instead: None,
            suite: sframe,
            sabotage: self.sabotage,
        });
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

    /// Whoever came in has seen no key frame yet, and who goes on may have missed one.
    fn on_epoch(&mut self, now: Timestamp, change: EpochChange) {
        let Some(Encryption { membership, gullible, instead, .. }) = &mut self.encryption else { return };
        *instead = None;
        if let (Some(keys), Some(key)) = (gullible, membership.base_key()) {
            keys.push((change.epoch, key));
        }
        let added: BTreeSet<ParticipantId> = change.added.iter().copied().collect();
        let (Some(stay), Some(code)) = (self.session.participant(), membership.verification_code()) else {
            return;
        };
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
