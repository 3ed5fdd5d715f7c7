//! Owns the licences: who may start conferences, how many run, and until when (LIC-001, LIC-002, LIC-004, CAP-002).
//!
//! Licences float: a holder occupies one only while a conference of theirs runs. A licence is freed when its
//! conference ends and at no other time, so none can leak.

use std::collections::BTreeMap;

use super::ConferenceConfig;
use crate::{
    Timestamp,
    ids::{ConferenceId, HolderId},
    secret::Token,
    signalling::Refusal,
};

/// Credentials, and the licences in use.
pub(super) struct LicencePool {
    holders: Vec<Token>,
    licences: usize,
    valid_until: Option<Timestamp>,
    in_use: BTreeMap<HolderId, ConferenceId>,
}

impl LicencePool {
    pub(super) fn new(config: ConferenceConfig) -> Self {
        Self {
            holders: config.holders,
            licences: config.licences as usize,
            valid_until: config.valid_until,
            in_use: BTreeMap::new(),
        }
    }

    /// Whose credential this is. Looks at every holder, however early one matches, so that the time it takes says
    /// nothing about the credential.
    pub(super) fn identify(&self, credential: Option<&Token>) -> Option<HolderId> {
        let credential = credential?;
        let mut found = None;
        for (index, token) in self.holders.iter().enumerate() {
            if token == credential {
                found = Some(HolderId(index as u32));
            }
        }
        found
    }

    /// The holder who may start a conference at this moment, or why not.
    pub(super) fn check_start(&self, now: Timestamp, holder: Option<HolderId>) -> Result<HolderId, Refusal> {
        let holder = holder.ok_or(Refusal::NoLicence)?;
        if self.valid_until.is_some_and(|end| now >= end) {
            return Err(Refusal::LicenceExpired);
        }
        if self.in_use.contains_key(&holder) {
            return Err(Refusal::LicenceInUse);
        }
        if self.in_use.len() >= self.licences {
            return Err(Refusal::AllLicencesInUse);
        }
        Ok(holder)
    }

    /// The holder's conference runs.
    pub(super) fn take(&mut self, holder: HolderId, conference: ConferenceId) {
        let before = self.in_use.insert(holder, conference);
        assert!(before.is_none(), "a holder runs one conference at a time");
        assert!(self.in_use.len() <= self.licences, "no more conferences than licences");
    }

    /// The holder's conference has run since before a crash; false when another of theirs does. Not a start: neither the
    /// term nor the number of licences stands in the way, which the configuration may have changed.
    pub(super) fn restore(&mut self, holder: HolderId, conference: ConferenceId) -> bool {
        self.in_use.insert(holder, conference).is_none()
    }

    /// The holder's conference is over.
    pub(super) fn release(&mut self, holder: HolderId) {
        let conference = self.in_use.remove(&holder);
        assert!(conference.is_some(), "a conference that ends had a licence");
    }

    /// A running conference passes from one holder to another. Not a start: neither the term nor the number of
    /// licences stands in the way.
    pub(super) fn hand_over(&mut self, from: HolderId, to: HolderId) -> Result<(), Refusal> {
        if self.in_use.contains_key(&to) {
            return Err(Refusal::LicenceInUse);
        }
        let conference = self.in_use.remove(&from).expect("a running conference has its host's licence");
        self.in_use.insert(to, conference);
        Ok(())
    }
}
