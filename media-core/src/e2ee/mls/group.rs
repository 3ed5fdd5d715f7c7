//! Owns one member's MLS group: founding, joining, committing and following it, and what is derived from its epoch. It
//! decides what a commit may do at all; when to commit is [`Membership`](super::Membership)'s affair.

use std::cell::Cell;

use openmls::prelude::{
    BasicCredential, Capabilities, Ciphersuite, CredentialType, CredentialWithKey, ExtensionType, KeyPackage,
    KeyPackageIn, LeafNodeIndex, Lifetime, MlsGroup, MlsGroupCreateConfig, MlsGroupJoinConfig,
    MlsMessageBodyIn, MlsMessageIn, MlsMessageOut, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY,
    ProcessedMessageContent, ProtocolVersion, StagedCommit, StagedWelcome, Welcome,
};
use rand_core::Rng;
use tls_codec::{DeserializeBytes, Serialize};
use zeroize::Zeroizing;

use super::{
    identity::Identity,
    provider::Provider,
    signer::{InOrder, Signer},
    suite::MlsSuite,
};
use crate::{
    e2ee::{BaseKey, CipherSuite, ConferenceSecret},
    ids::ParticipantId,
};

/// RFC 9605 section 5.2.
const BASE_KEY_LABEL: &str = "SFrame 1.0 Base Key";
/// How often a commit is tried. `openmls` puts removals in the order of a randomly seeded hash map, while equal seeds have to
/// give equal bytes: a commit whose order is not that of the leaves is not signed, which for
/// [`limits::REMOVALS_PER_COMMIT_MAX`] happens once on average, and as often as this with a probability of 2^-100.
const TRIES_MAX: usize = 100;

/// Why an MLS message from others came to nothing. None of it changes the group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rejection {
    /// It is no such message, not for this group and epoch, or not authentic.
    Invalid,
    /// It is of an epoch that this member has not reached.
    Ahead,
    /// Somebody in it does not prove that they have the conference's link.
    Unproven,
    /// It does what members of a conference do not do: other than adding, removing and renewing keys.
    Forbidden,
}

/// Somebody in the group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupMember {
    /// Their place in the ratchet tree, which stands in the key ids of their frames.
    pub leaf: u32,
    /// Their number in the conference, as they prove it.
    pub participant: ParticipantId,
    /// Their name, as they prove it.
    pub name: String,
}

/// A key package whose proof holds.
#[derive(Clone)]
pub(super) struct Offer {
    pub(super) identity: Identity,
    key_package: KeyPackage,
}

/// A commit that this member has made.
pub(super) struct OwnCommit {
    pub(super) commit: Vec<u8>,
    pub(super) welcome: Option<Vec<u8>>,
}

/// A commit of somebody else that may be followed.
pub(super) struct Followable {
    staged: Box<StagedCommit>,
    pub(super) added: Vec<Identity>,
    pub(super) removed: Vec<u32>,
}

/// One stay's part in the group.
pub(super) struct Group {
    suite: MlsSuite,
    secret: ConferenceSecret,
    provider: Provider,
    signer: Signer,
    credential: CredentialWithKey,
    /// Nothing while outside.
    joined: Option<MlsGroup>,
}

impl Group {
    /// A client that is in no group yet, with a fresh signature key.
    pub(super) fn new(
        suite: MlsSuite,
        identity: &Identity,
        secret: ConferenceSecret,
        rng: &mut impl Rng,
    ) -> Self {
        let provider = Provider::new(rng);
        let signer = Signer::random(suite, rng);
        let key = signer.public_key();
        let credential = CredentialWithKey {
            credential: BasicCredential::new(identity.encode(&secret, &key)).into(),
            signature_key: key.into(),
        };
        Self { suite, secret, provider, signer, credential, joined: None }
    }

    /// What others need to add this client.
    pub(super) fn key_package(&self) -> Vec<u8> {
        let bundle = KeyPackage::builder()
            .key_package_lifetime(unlimited())
            .leaf_node_capabilities(capabilities(self.suite.openmls()))
            .build(self.suite.openmls(), &self.provider, &self.signer, self.credential.clone())
            .expect("a key package of a fresh key can be made");
        encode(bundle.key_package())
    }

    /// Makes a group with this client as its only member.
    pub(super) fn found(&mut self) {
        let config = MlsGroupCreateConfig::builder()
            .ciphersuite(self.suite.openmls())
            .capabilities(capabilities(self.suite.openmls()))
            .lifetime(unlimited())
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(true)
            .build();
        let group = MlsGroup::new(&self.provider, &self.signer, &config, self.credential.clone());
        self.joined = Some(group.expect("a group of one can be made"));
    }

    /// Becomes a member by somebody's welcome.
    pub(super) fn join(&mut self, welcome: &[u8]) -> Result<(), Rejection> {
        let MlsMessageBodyIn::Welcome(welcome) = decode(welcome)?.extract() else {
            return Err(Rejection::Invalid);
        };
        let group = self.welcomed(welcome).ok_or(Rejection::Invalid)?;
        self.joined = Some(group);
        let proven = self.identities().len() == self.joined.iter().flat_map(MlsGroup::members).count();
        if !proven {
            self.joined = None;
            return Err(Rejection::Unproven);
        }
        Ok(())
    }

    fn welcomed(&self, welcome: Welcome) -> Option<MlsGroup> {
        let config = MlsGroupJoinConfig::builder()
            .wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY)
            .use_ratchet_tree_extension(true)
            .build();
        let builder = StagedWelcome::build_from_welcome(&self.provider, &config, welcome).ok()?;
        let staged = builder.skip_lifetime_validation().build().ok()?;
        staged.into_group(&self.provider).ok()
    }

    /// Reads somebody's key package.
    pub(super) fn read_offer(&self, key_package: &[u8]) -> Result<Offer, Rejection> {
        let read = KeyPackageIn::tls_deserialize_exact_bytes(key_package).map_err(|_| Rejection::Invalid)?;
        let key_package =
            read.validate(&self.provider.crypto, ProtocolVersion::Mls10).map_err(|_| Rejection::Invalid)?;
        if key_package.ciphersuite() != self.suite.openmls() {
            return Err(Rejection::Invalid);
        }
        let leaf = key_package.leaf_node();
        let identity = Identity::decode(
            leaf.credential().serialized_content(),
            &self.secret,
            leaf.signature_key().as_slice(),
        );
        Ok(Offer { identity: identity.ok_or(Rejection::Unproven)?, key_package })
    }

    /// Makes a commit that adds these, removes those (at most [`limits::REMOVALS_PER_COMMIT_MAX`], by rising leaf), and with
    /// `renew` or a removal also renews this member's own keys. It holds once [`Group::on_own_ordered`] says so. `None` when there is nothing to commit.
    pub(super) fn commit(
        &mut self,
        adds: &[Offer],
        removes: &[u32],
        renew: bool,
        rng: &mut impl Rng,
    ) -> Option<OwnCommit> {
        if adds.is_empty() && removes.is_empty() && !renew {
            return None;
        }
        let mut seed = Zeroizing::new([0; 32]);
        rng.fill_bytes(&mut *seed);
        for _ in 0..TRIES_MAX {
            self.provider.reseed(&seed);
            let signer = InOrder { signer: &self.signer, removes, refused: Cell::new(false) };
            if let Some((commit, welcome)) =
                try_commit(self.joined.as_mut()?, &self.provider, &signer, (adds, removes, renew))
            {
                let welcome = welcome.map(|welcome| encode(&welcome));
                return Some(OwnCommit { commit: encode(&commit), welcome });
            }
            if !signer.refused.get() {
                return None;
            }
        }
        None
    }

    /// The commit of one's own is the next: the group is in its epoch.
    pub(super) fn on_own_ordered(&mut self) {
        if let Some(group) = &mut self.joined {
            group.merge_pending_commit(&self.provider).expect("what was staged can be merged");
        }
    }

    /// The commit of one's own came too late.
    pub(super) fn on_own_refused(&mut self) {
        if let Some(group) = &mut self.joined {
            group.clear_pending_commit(&self.provider.storage).expect("the storage is memory");
        }
    }

    /// Reads somebody's commit. Nothing changes before [`Group::follow`].
    pub(super) fn read_commit(&mut self, commit: &[u8]) -> Result<Followable, Rejection> {
        let message = decode(commit)?.try_into_protocol_message().map_err(|_| Rejection::Invalid)?;
        let Some(group) = &mut self.joined else { return Err(Rejection::Invalid) };
        if message.group_id() == group.group_id() && message.epoch() > group.epoch() {
            return Err(Rejection::Ahead);
        }
        let processed = group.process_message(&self.provider, message).map_err(|_| Rejection::Invalid)?;
        let ProcessedMessageContent::StagedCommitMessage(staged) = processed.into_content() else {
            return Err(Rejection::Forbidden);
        };
        let allowed = staged.queued_proposals().all(|queued| {
            use openmls::prelude::Proposal;
            matches!(queued.proposal(), Proposal::Add(_) | Proposal::Remove(_))
        });
        if !allowed {
            return Err(Rejection::Forbidden);
        }
        let added = staged.add_proposals().map(|queued| {
            let leaf = queued.add_proposal().key_package().leaf_node();
            let content = leaf.credential().serialized_content();
            Identity::decode(content, &self.secret, leaf.signature_key().as_slice())
        });
        let added = added.collect::<Option<Vec<_>>>().ok_or(Rejection::Unproven)?;
        let removed =
            staged.remove_proposals().map(|queued| queued.remove_proposal().removed().u32()).collect();
        Ok(Followable { staged, added, removed })
    }

    /// Goes into the epoch of a commit.
    ///
    /// # Errors
    /// [`Rejection::Unproven`] when a committer has changed what it says of itself: the group is left.
    pub(super) fn follow(&mut self, commit: Followable) -> Result<(), Rejection> {
        let Some(group) = &mut self.joined else { return Err(Rejection::Invalid) };
        group.merge_staged_commit(&self.provider, *commit.staged).map_err(|_| Rejection::Invalid)?;
        let members = group.members().count();
        if self.identities().len() == members {
            return Ok(());
        }
        self.joined = None;
        Err(Rejection::Unproven)
    }

    /// Everybody in the group, by leaf; those whose proof does not hold are missing.
    pub(super) fn identities(&self) -> Vec<GroupMember> {
        let members = self.joined.iter().flat_map(MlsGroup::members);
        members
            .filter_map(|member| {
                let content = member.credential.serialized_content();
                let identity = Identity::decode(content, &self.secret, &member.signature_key)?;
                let Identity { participant, name } = identity;
                Some(GroupMember { leaf: member.index.u32(), participant, name })
            })
            .collect()
    }

    pub(super) fn own_leaf(&self) -> Option<u32> {
        self.joined.as_ref().map(|group| group.own_leaf_index().u32())
    }

    pub(super) fn epoch(&self) -> Option<u64> {
        self.joined.as_ref().map(|group| group.epoch().as_u64())
    }

    /// What all frame keys of this epoch are derived from.
    pub(super) fn base_key(&self, suite: CipherSuite) -> Option<BaseKey> {
        let group = self.joined.as_ref()?;
        let secret =
            group.export_secret(&self.provider.crypto, BASE_KEY_LABEL, &[], suite.key_bytes()).ok()?;
        BaseKey::from_bytes(&Zeroizing::new(secret)).ok()
    }

    /// The same for all who agree on members and history, and for nobody else (RFC 9420 section 8.7).
    pub(super) fn authenticator(&self) -> Option<&[u8]> {
        self.joined.as_ref().map(|group| group.epoch_authenticator().as_slice())
    }

    /// Private keys that are kept.
    #[cfg(test)]
    pub(super) fn keys_kept(&self) -> usize {
        self.provider.storage.len()
    }
}

/// `openmls` compares lifetimes with the clock of the machine; no moment lies outside this one. A key package lives as long
/// as the stay it was made for, and the server forgets it then.
fn unlimited() -> Lifetime {
    Lifetime::init(0, u64::MAX)
}

/// One suite, one kind of credential, no extensions.
fn capabilities(suite: Ciphersuite) -> Capabilities {
    let extensions: &[ExtensionType] = &[];
    Capabilities::new(None, Some(&[suite]), Some(extensions), None, Some(&[CredentialType::Basic]))
}

fn try_commit(
    group: &mut MlsGroup,
    provider: &Provider,
    signer: &InOrder<'_>,
    (adds, removes, renew): (&[Offer], &[u32], bool),
) -> Option<(MlsMessageOut, Option<MlsMessageOut>)> {
    let bundle = group
        .commit_builder()
        .force_self_update(renew)
        .propose_adds(adds.iter().map(|offer| offer.key_package.clone()))
        .propose_removals(removes.iter().map(|leaf| LeafNodeIndex::new(*leaf)))
        .load_psks(&provider.storage)
        .ok()?
        .build(provider.rand_ref(), &provider.crypto, signer, |_| true)
        .ok()?
        .stage_commit(provider)
        .ok()?;
    let (commit, welcome, _) = bundle.into_messages();
    Some((commit, welcome))
}

fn encode(message: &impl Serialize) -> Vec<u8> {
    message.tls_serialize_detached().expect("MLS messages have an encoding")
}

fn decode(bytes: &[u8]) -> Result<MlsMessageIn, Rejection> {
    MlsMessageIn::tls_deserialize_exact_bytes(bytes).map_err(|_| Rejection::Invalid)
}

#[cfg(test)]
mod tests;
