//! Owns the connections that a hostile client opens beside its own: storms of joins, guessed and reused links, forged
//! credentials. Each is a whole signalling channel and pays for its set-up. What the server answers is not read.

use media_core::{
    ConferenceId, Timestamp,
    secret::Token,
    signalling::{ClientInfo, ClientMessage, Encryption, EndpointKind, LinkToken, Mode, Request},
};
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::Misbehaviour;
use crate::{
    channel::{Channel, ChannelState},
    packet::{Datagram, peer_of},
    scenario::PersonIndex,
    trace::Channel as Wire,
};

/// Connections open at once.
const OPEN_MAX: usize = 8;
/// The client's own software counts its connections from zero; these begin here.
const FIRST: u32 = 1 << 11;
/// Connections of one client in one run.
const ALL_MAX: u32 = 1 << 11;
/// Acts between two new connections of a storm: ten a second.
const STORM_EVERY: u64 = 5;
/// Acts between two requests with a reused link or a forged credential: ten a second.
const TRY_EVERY: u64 = 5;

struct Connection {
    number: u32,
    channel: Channel,
    /// Has said all that it wanted to.
    done: bool,
}

/// The further connections of one client.
pub(super) struct Connections {
    person: PersonIndex,
    opened: u32,
    requests: u32,
    open: Vec<Connection>,
}

impl Connections {
    pub(super) fn new(person: PersonIndex) -> Self {
        Self { person, opened: 0, requests: 0, open: Vec::new() }
    }

    /// Opens and uses connections as the misbehaviour says.
    #[expect(clippy::wildcard_enum_match_arm, reason = "each file knows the misbehaviour that is its own")]
    pub(super) fn act(
        &mut self,
        now: Timestamp,
        how: Misbehaviour,
        count: u64,
        link: Option<&LinkToken>,
        rng: &mut ChaCha8Rng,
    ) {
        let Some(link) = link else { return };
        let bodies = match how {
            Misbehaviour::ConnectionStorm if count.is_multiple_of(STORM_EVERY) => {
                return self.come_and_go(now, link);
            }
            Misbehaviour::JoinStorm => vec![join(link.clone(), None, None), Request::Leave],
            Misbehaviour::GuessLinks => vec![join(guess(count, link, rng), None, None)],
            Misbehaviour::ReuseLink if count.is_multiple_of(TRY_EVERY) => {
                vec![join(link.clone(), None, None), Request::Leave]
            }
            Misbehaviour::ForgeCredentials if count.is_multiple_of(TRY_EVERY) => forged(count, link, rng),
            _ => return,
        };
        let Some(at) = self.usable(now) else { return };
        for body in bodies {
            self.send(now, at, body);
        }
    }

    /// A new connection that joins, leaves and closes at once.
    fn come_and_go(&mut self, now: Timestamp, link: &LinkToken) {
        // Who has gone in before goes out now.
        for at in 0..self.open.len() {
            if !self.open[at].done && self.open[at].channel.state() == ChannelState::Open {
                self.send(now, at, Request::Leave);
                self.open[at].channel.close(now);
                self.open[at].done = true;
            }
        }
        if let Some(at) = self.connect(now) {
            self.send(now, at, join(link.clone(), None, None));
        }
    }

    /// Closes all in order.
    pub(super) fn close(&mut self, now: Timestamp) {
        for connection in &mut self.open {
            connection.channel.close(now);
            connection.done = true;
        }
    }

    pub(super) fn poll_timeout(&self) -> Option<Timestamp> {
        self.open.iter().filter_map(|connection| connection.channel.poll_timeout()).min()
    }

    pub(super) fn handle_timeout(&mut self, now: Timestamp) {
        for connection in &mut self.open {
            if connection.channel.poll_timeout().is_some_and(|at| at <= now) {
                connection.channel.handle_timeout(now);
            }
        }
        self.open.retain(|connection| !matches!(connection.channel.state(), ChannelState::Closed { .. }));
    }

    pub(super) fn handle_datagram(&mut self, now: Timestamp, datagram: &Datagram) {
        let person = self.person;
        let ours = |connection: &&mut Connection| peer_of(person, connection.number, 0) == datagram.peer;
        let Some(connection) = self.open.iter_mut().find(ours) else { return };
        if datagram.channel == Wire::Signalling {
            connection.channel.handle_segment(now, &datagram.bytes);
            while connection.channel.poll_message().is_some() {}
        }
    }

    pub(super) fn poll_datagram(&mut self, now: Timestamp) -> Option<Datagram> {
        let person = self.person;
        self.open.iter_mut().find_map(|connection| {
            let bytes = connection.channel.poll_segment(now)?.into();
            Some(Datagram { peer: peer_of(person, connection.number, 0), channel: Wire::Signalling, bytes })
        })
    }

    /// The one connection of those who need no more.
    fn usable(&mut self, now: Timestamp) -> Option<usize> {
        let there = self.open.iter().position(|connection| !connection.done);
        there.or_else(|| self.connect(now))
    }

    fn connect(&mut self, now: Timestamp) -> Option<usize> {
        if self.open.len() == OPEN_MAX || self.opened == ALL_MAX {
            return None;
        }
        let number = FIRST + self.opened;
        self.opened += 1;
        self.open.push(Connection { number, channel: Channel::connect(now), done: false });
        Some(self.open.len() - 1)
    }

    fn send(&mut self, now: Timestamp, at: usize, body: Request) {
        self.requests += 1;
        self.open[at].channel.send(now, ClientMessage { request: self.requests, body }.encode());
    }
}

fn join(link: LinkToken, credential: Option<Token>, resume: Option<Token>) -> Request {
    Request::Join { link, credential, resume, attempt: None, name: "nobody".to_owned(), client: client() }
}

const fn client() -> ClientInfo {
    ClientInfo { endpoint: EndpointKind::Desk, encryption: Some(Encryption::DEFAULT) }
}

/// A link that was never given out, in turn: a random token for the conference, the right token but for one bit, the
/// right token for another conference.
fn guess(count: u64, link: &LinkToken, rng: &mut ChaCha8Rng) -> LinkToken {
    let near = link.conference.0;
    match count % 3 {
        0 => LinkToken { conference: link.conference, token: Token::random(rng) },
        1 => {
            let mut bytes = *link.token.expose();
            let bit = rng.next_u32() as usize % 128;
            bytes[bit / 8] ^= 1 << (bit % 8);
            LinkToken { conference: link.conference, token: Token::from_bytes(bytes) }
        }
        _ => {
            let others = [near.wrapping_add(1), near.wrapping_sub(1), 0, u32::MAX, rng.next_u32()];
            let other = others[(count / 3) as usize % others.len()];
            let conference = ConferenceId(if other == near { !near } else { other });
            LinkToken { conference, token: link.token.clone() }
        }
    }
}

/// A start, and a join that asks for a host's rights, with credentials and tokens of stays that nobody was given.
fn forged(count: u64, link: &LinkToken, rng: &mut ChaCha8Rng) -> Vec<Request> {
    let credential = Some(Token::random(rng));
    if count.is_multiple_of(2) {
        let (mode, lobby) = (Mode::Discussion, false);
        return vec![Request::Start { credential, name: "nobody".to_owned(), mode, lobby, client: client() }];
    }
    // Unknown tokens make a guest: only what it tries then shows whether they were believed.
    let resume = Some(Token::random(rng));
    vec![join(link.clone(), credential, resume), Request::Lock { locked: true }, Request::End, Request::Leave]
}

#[cfg(test)]
mod tests {
    use rand_core::SeedableRng;

    use super::*;

    #[test]
    fn a_guess_is_never_the_link_itself() {
        let mut rng = ChaCha8Rng::from_seed([5; 32]);
        let link = LinkToken { conference: ConferenceId(1), token: Token::random(&mut rng) };
        for count in 0..1_000 {
            assert!(guess(count, &link, &mut rng) != link, "{count}");
        }
    }
}
