//! Owns where a peer is: the lite side of ICE (RFC 8445), which answers checks and follows the peer's choice, and consent to
//! send there (RFC 7675), which is the peer's last authenticated check.

use core::net::SocketAddr;

use super::{
    sdp::IceCredentials,
    stun::{BindingRequest, StunKey},
};
use crate::{
    DropReason,
    limits::{ADDRESS_SILENT, CONSENT_LASTS},
    time::Timestamp,
};

/// Between whom checks are, and what authenticates them.
struct Names {
    key: StunKey,
    remote_ufrag: String,
}

impl Names {
    fn new(local: &IceCredentials, remote_ufrag: &str) -> Self {
        Self { key: StunKey::new(&local.pwd), remote_ufrag: remote_ufrag.to_owned() }
    }

    fn are_of(&self, request: &BindingRequest<'_>) -> bool {
        request.username.1 == self.remote_ufrag.as_bytes() && request.is_from_holder_of(&self.key)
    }
}

/// One connection's ICE-lite agent.
pub(super) struct IceLite {
    names: Names,
    /// Before a restart, until the peer has chosen anew.
    before: Option<Names>,
    selected: Option<SocketAddr>,
    /// The last authenticated check, from anywhere.
    consent: Timestamp,
    /// When something authentic last came from the selected address.
    heard: Timestamp,
}

impl IceLite {
    /// An agent of which the peer knows nothing yet.
    pub(super) fn new(now: Timestamp, local: &IceCredentials, remote_ufrag: &str) -> Self {
        Self {
            names: Names::new(local, remote_ufrag),
            before: None,
            selected: None,
            consent: now,
            heard: now,
        }
    }

    /// The peer has restarted: its checks come under other names (RFC 8445 section 9). What was selected stays so, and checks
    /// under the names before keep it, until a check under the new ones has come.
    pub(super) fn restart(&mut self, local: &IceCredentials, remote_ufrag: &str) {
        let names = Names::new(local, remote_ufrag);
        self.before = Some(std::mem::replace(&mut self.names, names));
    }

    /// Where to send, as long as the peer consents.
    pub(super) fn destination(&self, now: Timestamp) -> Option<SocketAddr> {
        self.selected.filter(|_| now < self.expires_at())
    }

    /// When consent ends unless the peer checks once more.
    pub(super) fn expires_at(&self) -> Timestamp {
        self.consent + CONSENT_LASTS
    }

    /// Something authentic has come from an address.
    pub(super) fn on_heard(&mut self, now: Timestamp, from: SocketAddr) {
        if self.selected == Some(from) {
            self.heard = now;
        }
    }

    /// A check from an address: the answer, if its sender is the peer.
    ///
    /// The peer is where it nominates. It is also where it checks while the place before has fallen silent: behind a NAT that
    /// gives it a new address it does not notice, and would not nominate.
    pub(super) fn on_request(
        &mut self,
        now: Timestamp,
        from: SocketAddr,
        request: &BindingRequest<'_>,
    ) -> Result<Vec<u8>, DropReason> {
        let renewed = self.names.are_of(request);
        let names = if renewed { Some(&self.names) } else { self.before.as_ref() };
        let names = names.filter(|names| renewed || names.are_of(request)).ok_or(DropReason::BadTag)?;
        let answer = request.success(from, &names.key);
        self.consent = now;
        // The first check after a restart says where the peer is, as the first of all does.
        let restarted = renewed && self.before.take().is_some();
        let silent = now.saturating_since(self.heard) >= ADDRESS_SILENT || restarted;
        if self.selected != Some(from) && (self.selected.is_none() || request.nominates() || silent) {
            self.selected = Some(from);
        }
        self.on_heard(now, from);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::stun::request, *};

    const HOME: ([u8; 4], u16) = ([192, 0, 2, 1], 1_000);
    const AWAY: ([u8; 4], u16) = ([198, 51, 100, 1], 2_000);

    fn agent() -> IceLite {
        let local = IceCredentials { ufrag: "server".into(), pwd: "password of the server".into() };
        IceLite::new(Timestamp::ZERO, &local, "client")
    }

    fn check(
        agent: &mut IceLite,
        at: Timestamp,
        from: ([u8; 4], u16),
        nominates: bool,
    ) -> Result<(), DropReason> {
        let datagram = request("server:client", "password of the server", nominates, 1);
        let request = BindingRequest::read(&datagram).expect("is one");
        agent.on_request(at, from.into(), &request).map(drop)
    }

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn nothing_is_sent_before_the_first_check() {
        let mut agent = agent();
        assert_eq!(agent.destination(at(0)), None);
        assert_eq!(check(&mut agent, at(1), HOME, false), Ok(()));
        assert_eq!(agent.destination(at(1)), Some(HOME.into()));
    }

    #[test]
    fn a_nominated_address_is_selected_at_once() {
        let mut agent = agent();
        assert_eq!(check(&mut agent, at(1), HOME, true), Ok(()));
        assert_eq!(check(&mut agent, at(2), AWAY, true), Ok(()));
        assert_eq!(agent.destination(at(2)), Some(AWAY.into()));
    }

    #[test]
    fn a_check_from_elsewhere_moves_nobody_who_is_still_heard() {
        let mut agent = agent();
        assert_eq!(check(&mut agent, at(1), HOME, true), Ok(()));
        agent.on_heard(at(900), HOME.into());
        assert_eq!(check(&mut agent, at(901), AWAY, false), Ok(()));
        assert_eq!(agent.destination(at(901)), Some(HOME.into()));
        let silent = at(900) + ADDRESS_SILENT;
        assert_eq!(check(&mut agent, silent, AWAY, false), Ok(()));
        assert_eq!(agent.destination(silent), Some(AWAY.into()));
    }

    #[test]
    fn consent_ends_when_nobody_checks_and_comes_back_with_a_check() {
        let mut agent = agent();
        assert_eq!(check(&mut agent, at(0), HOME, true), Ok(()));
        agent.on_heard(at(20_000), HOME.into());
        assert_eq!(agent.destination(at(29_999)), Some(HOME.into()));
        assert_eq!(agent.destination(at(30_000)), None);
        assert_eq!(check(&mut agent, at(31_000), HOME, false), Ok(()));
        assert_eq!(agent.destination(at(31_000)), Some(HOME.into()));
    }

    #[test]
    fn a_check_under_another_name_or_password_changes_nothing() {
        let mut agent = agent();
        for (name, password) in [("server:other", "password of the server"), ("server:client", "guessed")] {
            let datagram = request(name, password, true, 1);
            let request = BindingRequest::read(&datagram).expect("is one");
            let refused = agent.on_request(at(1), HOME.into(), &request).map(drop);
            assert_eq!(refused, Err(DropReason::BadTag));
        }
        assert_eq!(agent.destination(at(1)), None);
    }
}
