//! Owns who a membership is of, and how it is kept.

use rand_core::Rng;

use super::super::{group::Group, identity::Identity, suite::MlsSuite};
use crate::{
    e2ee::{CipherSuite, ConferenceSecret},
    ids::ParticipantId,
};

/// Who takes part, and how.
#[derive(Clone)]
pub struct MembershipConfig {
    /// How members agree on keys.
    pub mls: MlsSuite,
    /// How frames are sealed.
    pub sframe: CipherSuite,
    /// As whom the server knows this stay.
    pub participant: ParticipantId,
    /// Under which name.
    pub name: String,
    /// From the link; the server does not know it.
    pub secret: ConferenceSecret,
    /// How many frames are sealed before the group is asked for another epoch; at most half of
    /// [`SEALED_FRAMES_MAX`](crate::limits::SEALED_FRAMES_MAX), so that no counter is used twice while that is under way.
    pub renew_after_frames: u64,
}

impl MembershipConfig {
    /// In no group yet, under keys that nobody has seen.
    pub(super) fn fresh_group(&self, rng: &mut impl Rng) -> Group {
        let identity = Identity { participant: self.participant, name: self.name.clone() };
        Group::new(self.mls, &identity, self.secret.clone(), rng)
    }
}
