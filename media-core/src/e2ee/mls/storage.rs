//! Owns what a member keeps for `openmls` between two calls: the private keys that a later message will need, each until it
//! is deleted, and wiped then. Everything else that `openmls` would have stored is in the group's memory already: a group
//! lives as long as its stay, and whoever loses it joins anew.

use std::{cell::RefCell, collections::BTreeMap, convert::Infallible};

use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use serde::{Serialize, de::DeserializeOwned};
use zeroize::Zeroizing;

/// What a value is of; values of different kinds are never under one key.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    KeyPackage,
    EncryptionKey,
    /// Of this leaf.
    EpochKeys(u32),
}

type Values = BTreeMap<(Kind, Vec<u8>), Zeroizing<Vec<u8>>>;

/// Private keys by what they belong to.
#[derive(Default)]
pub(super) struct Storage {
    values: RefCell<Values>,
}

impl Storage {
    /// How many values there are.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.values.borrow().len()
    }

    fn write(&self, kind: Kind, key: Vec<u8>, value: &(impl Serialize + ?Sized)) {
        self.values.borrow_mut().insert((kind, key), Zeroizing::new(json(value)));
    }

    fn read<T: DeserializeOwned>(&self, kind: Kind, key: Vec<u8>) -> Option<T> {
        let values = self.values.borrow();
        let value = values.get(&(kind, key))?;
        Some(serde_json::from_slice(value).expect("what was written can be read"))
    }

    fn delete(&self, kind: Kind, key: Vec<u8>) {
        self.values.borrow_mut().remove(&(kind, key));
    }
}

fn json(value: &(impl Serialize + ?Sized)) -> Vec<u8> {
    serde_json::to_vec(value).expect("openmls stores values that have a JSON form")
}

fn epoch_key(group: &impl Serialize, epoch: &impl Serialize) -> Vec<u8> {
    json(&(group, epoch))
}

/// Methods that store nothing and find nothing.
macro_rules! forgotten {
    ($($name:ident<$($generic:ident: $of:ident),*>($($arg:ty),*) $(-> $out:ty)?;)*) => {$(
        fn $name<$($generic: traits::$of<CURRENT_VERSION>),*>(
            &self,
            $(_: $arg),*
        ) -> Result<forgotten!(@out $($out)?), Self::Error> {
            Ok(Default::default())
        }
    )*};
    (@out) => { () };
    (@out $out:ty) => { $out };
}

impl StorageProvider<CURRENT_VERSION> for Storage {
    type Error = Infallible;

    forgotten! {
        write_mls_join_config<GroupId: GroupId, MlsGroupJoinConfig: MlsGroupJoinConfig>(&GroupId, &MlsGroupJoinConfig);
        append_own_leaf_node<GroupId: GroupId, LeafNode: LeafNode>(&GroupId, &LeafNode);
        queue_proposal<GroupId: GroupId, ProposalRef: ProposalRef, QueuedProposal: QueuedProposal>(&GroupId, &ProposalRef, &QueuedProposal);
        write_tree<GroupId: GroupId, TreeSync: TreeSync>(&GroupId, &TreeSync);
        write_interim_transcript_hash<GroupId: GroupId, InterimTranscriptHash: InterimTranscriptHash>(&GroupId, &InterimTranscriptHash);
        write_context<GroupId: GroupId, GroupContext: GroupContext>(&GroupId, &GroupContext);
        write_confirmation_tag<GroupId: GroupId, ConfirmationTag: ConfirmationTag>(&GroupId, &ConfirmationTag);
        write_group_state<GroupState: GroupState, GroupId: GroupId>(&GroupId, &GroupState);
        write_message_secrets<GroupId: GroupId, MessageSecrets: MessageSecrets>(&GroupId, &MessageSecrets);
        write_resumption_psk_store<GroupId: GroupId, ResumptionPskStore: ResumptionPskStore>(&GroupId, &ResumptionPskStore);
        write_own_leaf_index<GroupId: GroupId, LeafNodeIndex: LeafNodeIndex>(&GroupId, &LeafNodeIndex);
        write_group_epoch_secrets<GroupId: GroupId, GroupEpochSecrets: GroupEpochSecrets>(&GroupId, &GroupEpochSecrets);
        write_signature_key_pair<SignaturePublicKey: SignaturePublicKey, SignatureKeyPair: SignatureKeyPair>(&SignaturePublicKey, &SignatureKeyPair);
        write_psk<PskId: PskId, PskBundle: PskBundle>(&PskId, &PskBundle);
        mls_group_join_config<GroupId: GroupId, MlsGroupJoinConfig: MlsGroupJoinConfig>(&GroupId) -> Option<MlsGroupJoinConfig>;
        own_leaf_nodes<GroupId: GroupId, LeafNode: LeafNode>(&GroupId) -> Vec<LeafNode>;
        queued_proposal_refs<GroupId: GroupId, ProposalRef: ProposalRef>(&GroupId) -> Vec<ProposalRef>;
        queued_proposals<GroupId: GroupId, ProposalRef: ProposalRef, QueuedProposal: QueuedProposal>(&GroupId) -> Vec<(ProposalRef, QueuedProposal)>;
        tree<GroupId: GroupId, TreeSync: TreeSync>(&GroupId) -> Option<TreeSync>;
        group_context<GroupId: GroupId, GroupContext: GroupContext>(&GroupId) -> Option<GroupContext>;
        interim_transcript_hash<GroupId: GroupId, InterimTranscriptHash: InterimTranscriptHash>(&GroupId) -> Option<InterimTranscriptHash>;
        confirmation_tag<GroupId: GroupId, ConfirmationTag: ConfirmationTag>(&GroupId) -> Option<ConfirmationTag>;
        group_state<GroupState: GroupState, GroupId: GroupId>(&GroupId) -> Option<GroupState>;
        message_secrets<GroupId: GroupId, MessageSecrets: MessageSecrets>(&GroupId) -> Option<MessageSecrets>;
        resumption_psk_store<GroupId: GroupId, ResumptionPskStore: ResumptionPskStore>(&GroupId) -> Option<ResumptionPskStore>;
        own_leaf_index<GroupId: GroupId, LeafNodeIndex: LeafNodeIndex>(&GroupId) -> Option<LeafNodeIndex>;
        group_epoch_secrets<GroupId: GroupId, GroupEpochSecrets: GroupEpochSecrets>(&GroupId) -> Option<GroupEpochSecrets>;
        signature_key_pair<SignaturePublicKey: SignaturePublicKey, SignatureKeyPair: SignatureKeyPair>(&SignaturePublicKey) -> Option<SignatureKeyPair>;
        psk<PskBundle: PskBundle, PskId: PskId>(&PskId) -> Option<PskBundle>;
        remove_proposal<GroupId: GroupId, ProposalRef: ProposalRef>(&GroupId, &ProposalRef);
        delete_own_leaf_nodes<GroupId: GroupId>(&GroupId);
        delete_group_config<GroupId: GroupId>(&GroupId);
        delete_tree<GroupId: GroupId>(&GroupId);
        delete_confirmation_tag<GroupId: GroupId>(&GroupId);
        delete_group_state<GroupId: GroupId>(&GroupId);
        delete_context<GroupId: GroupId>(&GroupId);
        delete_interim_transcript_hash<GroupId: GroupId>(&GroupId);
        delete_message_secrets<GroupId: GroupId>(&GroupId);
        delete_all_resumption_psk_secrets<GroupId: GroupId>(&GroupId);
        delete_own_leaf_index<GroupId: GroupId>(&GroupId);
        delete_group_epoch_secrets<GroupId: GroupId>(&GroupId);
        clear_proposal_queue<GroupId: GroupId, ProposalRef: ProposalRef>(&GroupId);
        delete_signature_key_pair<SignaturePublicKey: SignaturePublicKey>(&SignaturePublicKey);
        delete_psk<PskKey: PskId>(&PskKey);
    }

    fn write_encryption_key_pair<
        EncryptionKey: traits::EncryptionKey<CURRENT_VERSION>,
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        public_key: &EncryptionKey,
        key_pair: &HpkeKeyPair,
    ) -> Result<(), Infallible> {
        self.write(Kind::EncryptionKey, json(public_key), key_pair);
        Ok(())
    }

    fn encryption_key_pair<
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
        EncryptionKey: traits::EncryptionKey<CURRENT_VERSION>,
    >(
        &self,
        public_key: &EncryptionKey,
    ) -> Result<Option<HpkeKeyPair>, Infallible> {
        Ok(self.read(Kind::EncryptionKey, json(public_key)))
    }

    fn delete_encryption_key_pair<EncryptionKey: traits::EncryptionKey<CURRENT_VERSION>>(
        &self,
        public_key: &EncryptionKey,
    ) -> Result<(), Infallible> {
        self.delete(Kind::EncryptionKey, json(public_key));
        Ok(())
    }

    fn write_encryption_epoch_key_pairs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        EpochKey: traits::EpochKey<CURRENT_VERSION>,
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
        key_pairs: &[HpkeKeyPair],
    ) -> Result<(), Infallible> {
        self.write(Kind::EpochKeys(leaf_index), epoch_key(group_id, epoch), key_pairs);
        Ok(())
    }

    fn encryption_epoch_key_pairs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        EpochKey: traits::EpochKey<CURRENT_VERSION>,
        HpkeKeyPair: traits::HpkeKeyPair<CURRENT_VERSION>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<Vec<HpkeKeyPair>, Infallible> {
        let pairs = self.read(Kind::EpochKeys(leaf_index), epoch_key(group_id, epoch));
        Ok(pairs.unwrap_or_default())
    }

    fn delete_encryption_epoch_key_pairs<
        GroupId: traits::GroupId<CURRENT_VERSION>,
        EpochKey: traits::EpochKey<CURRENT_VERSION>,
    >(
        &self,
        group_id: &GroupId,
        epoch: &EpochKey,
        leaf_index: u32,
    ) -> Result<(), Infallible> {
        self.delete(Kind::EpochKeys(leaf_index), epoch_key(group_id, epoch));
        Ok(())
    }

    fn write_key_package<
        HashReference: traits::HashReference<CURRENT_VERSION>,
        KeyPackage: traits::KeyPackage<CURRENT_VERSION>,
    >(
        &self,
        hash_ref: &HashReference,
        key_package: &KeyPackage,
    ) -> Result<(), Infallible> {
        self.write(Kind::KeyPackage, json(hash_ref), key_package);
        Ok(())
    }

    fn key_package<
        KeyPackageRef: traits::HashReference<CURRENT_VERSION>,
        KeyPackage: traits::KeyPackage<CURRENT_VERSION>,
    >(
        &self,
        hash_ref: &KeyPackageRef,
    ) -> Result<Option<KeyPackage>, Infallible> {
        Ok(self.read(Kind::KeyPackage, json(hash_ref)))
    }

    fn delete_key_package<KeyPackageRef: traits::HashReference<CURRENT_VERSION>>(
        &self,
        hash_ref: &KeyPackageRef,
    ) -> Result<(), Infallible> {
        self.delete(Kind::KeyPackage, json(hash_ref));
        Ok(())
    }
}
