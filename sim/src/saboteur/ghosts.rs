//! Owns a hostile host that brings somebody of its own into the conference's group: a ghost, with a key package as good
//! as a client's. Whether the host has the link's secret, and to whom it shows the ghost, is what the attacks differ in
//! (E2E-009).

use media_core::{
    PeerId, Permissions, Timestamp,
    e2ee::{
        CipherSuite, ConferenceSecret,
        mls::{Membership, MembershipConfig, MembershipOutput, MlsSuite},
    },
    engine::{Outgoing, Transmit},
    limits,
    signalling::{EndpointKind, Member, Request, Role, ServerMessage},
};
use rand_chacha::{ChaCha8Rng, ChaCha20Rng};
use rand_core::{Rng, SeedableRng};

use super::Saboteur;
use crate::sabotage::{GHOST, GHOST_NAME, Sabotage};

/// When a hostile host begins to attack the group: everybody who comes at the start is in it by then.
pub(super) const ATTACK_AT: Timestamp = Timestamp::from_nanos(3_000_000_000);

/// The ghost. Members add whom they believe, without asking whether they follow: it needs no more than a key package.
pub(super) struct Ghosts {
    /// The secrets of the scenario's conferences, in the order of their starts, for a host that has come by a link.
    secrets: Vec<[u8; 32]>,
    rng: ChaCha8Rng,
    has_come: bool,
}

impl Ghosts {
    pub(super) const fn new(secrets: Vec<[u8; 32]>, rng: ChaCha8Rng) -> Self {
        Self { secrets, rng, has_come: false }
    }
}

impl Saboteur {
    /// Whether the ghost stands on the roster that a client gets; only the first is fooled by a host with two faces.
    fn shows_ghost_to(&self, peer: PeerId) -> bool {
        match self.sabotage {
            Some(Sabotage::GhostWithoutLink | Sabotage::ShownGhost) => true,
            Some(Sabotage::TwoFacedRoster) => self.inside.keys().next() == Some(&peer),
            _ => false,
        }
    }

    fn brings_ghost(&self) -> bool {
        matches!(
            self.sabotage,
            Some(
                Sabotage::GhostWithoutLink
                    | Sabotage::ShownGhost
                    | Sabotage::HiddenGhost
                    | Sabotage::CredulousClients
                    | Sabotage::TwoFacedRoster
            )
        )
    }

    /// When the ghost comes.
    pub(super) fn ghost_due(&self) -> Timestamp {
        let waits = self.brings_ghost() && !self.ghosts.has_come && !self.inside.is_empty();
        if waits { ATTACK_AT } else { Timestamp::FAR_FUTURE }
    }

    /// The ghost comes: whoever may see it is shown it, and members are given its key package.
    pub(super) fn bring_ghost(&mut self, now: Timestamp) {
        let Some(conference) = self.inside.values().next().copied().filter(|_| self.ghost_due() <= now)
        else {
            return;
        };
        let mut secret = [0; 32];
        self.ghosts.rng.fill_bytes(&mut secret);
        if self.sabotage != Some(Sabotage::GhostWithoutLink) {
            secret = self.ghosts.secrets.first().copied().unwrap_or(secret);
        }
        let config = MembershipConfig {
            mls: MlsSuite::default(),
            sframe: CipherSuite::default(),
            participant: GHOST,
            name: GHOST_NAME.to_owned(),
            secret: ConferenceSecret::from_bytes(secret),
            renew_after_frames: limits::SEALED_FRAMES_MAX / 2,
        };
        let rng = ChaCha20Rng::from_rng(&mut self.ghosts.rng);
        let mut membership = Membership::new(now, config, [(GHOST, GHOST_NAME.to_owned())], rng);
        let peers: Vec<PeerId> =
            self.inside.iter().filter(|(_, own)| **own == conference).map(|(peer, _)| *peer).collect();
        for peer in &peers {
            if self.shows_ghost_to(*peer) {
                self.say(*peer, &ServerMessage::Member { member: ghost() });
            }
        }
        if let Some(MembershipOutput::Offer(key_package)) = membership.poll_output() {
            for peer in peers {
                let key_package = key_package.clone();
                self.say(peer, &ServerMessage::KeyPackage { participant: GHOST, key_package });
            }
        }
        self.ghosts.has_come = true;
    }

    /// A message to a client: who comes later than the ghost is shown it, too.
    pub(super) fn show_ghost(&self, peer: PeerId, message: &mut ServerMessage) {
        if let ServerMessage::Entered { roster, .. } = message
            && self.ghosts.has_come
            && self.shows_ghost_to(peer)
        {
            roster.push(ghost());
        }
    }

    /// A client brings a commit: of the ghost the engine knows nothing, and would refuse what adds it.
    pub(super) fn conceal_ghost(&self, body: &mut Request) {
        if let Request::Commit { adds, welcome, .. } = body
            && self.ghosts.has_come
        {
            adds.retain(|added| *added != GHOST);
            if adds.is_empty() {
                *welcome = None;
            }
        }
    }

    pub(super) fn say(&mut self, peer: PeerId, message: &ServerMessage) {
        self.forged.push(Transmit { peer, packet: Outgoing::Signal(message.encode().into()) });
    }
}

/// What the host shows of the ghost.
fn ghost() -> Member {
    Member {
        participant: GHOST,
        name: GHOST_NAME.to_owned(),
        role: Role::Guest,
        presenter: false,
        hand_raised: false,
        permissions: Permissions::NONE,
        endpoint: EndpointKind::Desk,
    }
}
