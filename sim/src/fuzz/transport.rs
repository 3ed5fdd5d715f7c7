//! Owns the target of transports: offers, checks, handshakes, packets and whatever else comes to one UDP port, from clients, from
//! strangers and from who forges a client's address. A stranger gets no answer and leaves nothing behind, nobody without keys
//! ends a connection or has something taken for media, and what is remembered is bounded.

mod client;
#[cfg(test)]
mod tests;

use core::net::SocketAddr;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use media_core::{
    DropReason, PeerId, Ssrc, Timestamp,
    limits::{ADDRESSES_PER_CONNECTION, DATAGRAM_BYTES_MAX, UFRAGS_PER_CONNECTION},
    rtp::RtpHeader,
    transport::{Certificate, Received, TransportConfig, TransportCounts, TransportEvent, Transports},
};

use self::client::Client;
use super::{Verdict, input::Input, require};
use crate::run::warm_up::warm_up;

const CERTIFICATE: &[u8] = include_bytes!("../../../fixtures/webrtc/certificate.der");
const PRIVATE_KEY: &[u8] = include_bytes!("../../../fixtures/webrtc/private-key.der");
/// What clients offer; the first has one microphone.
const OFFERS: [&str; 4] = [
    include_str!("../../../fixtures/sdp/rtc.sdp"),
    include_str!("../../../fixtures/sdp/str0m.sdp"),
    include_str!("../../../fixtures/sdp/chromium-plain.sdp"),
    include_str!("../../../fixtures/sdp/firefox-watch.sdp"),
];
/// Steps of one script.
const STEPS_MAX: usize = 200;
/// Clients with a connection.
const CLIENTS: usize = 2;
/// Addresses from which something comes.
const ADDRESSES: u16 = 8;
/// Bytes of an answer to a check: header, mapped address, tag and checksum.
const ANSWER_BYTES_MAX: usize = 20 + 24 + 24 + 8;
/// Datagrams that are remembered to be repeated.
const REMEMBERED: usize = 16;
/// RFC 8489 section 14.5.
const MESSAGE_INTEGRITY: u16 = 0x0008;
/// Exchanges after which a handshake has nothing more to say.
const ROUNDS: usize = 8;

/// Who made a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Maker {
    /// This client, and nobody has changed it.
    Client(PeerId),
    /// Somebody without its password and keys.
    Forger,
}

pub(super) fn examine(bytes: &[u8]) -> Verdict {
    // Tables that the first handshake of a process makes would be drawn from the system's randomness here, and every later run with
    // WebRTC would be another one.
    warm_up();
    let mut input = Input::new(bytes);
    let mut trial = Trial::new()?;
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        trial.step(&mut input)?;
    }
    Ok(())
}

struct Trial {
    transports: Transports,
    now: Timestamp,
    clients: Vec<Client>,
    /// The media node's fingerprint, which is also that of the clients: they share a certificate.
    fingerprint: String,
    /// From where an authentic check has come, ever.
    checked: BTreeSet<SocketAddr>,
    connected: BTreeSet<PeerId>,
    /// Who has said goodbye, or was sent an offer that begins anew, since they were connected.
    leaving: BTreeSet<PeerId>,
    /// Into whose handshake somebody else has spoken. They hear no more of it: the crate's client may panic at answers to a
    /// handshake that it did not begin, and no client is judged here.
    crossed: BTreeSet<PeerId>,
    remembered: Vec<Vec<u8>>,
    /// Protected packets that were taken.
    taken: BTreeSet<Vec<u8>>,
    made: BTreeMap<Vec<u8>, PeerId>,
    sequence: u16,
}

impl Trial {
    fn new() -> Result<Self, String> {
        let anchor = repeatable::anchor();
        let config = TransportConfig {
            certificate: Certificate { certificate: CERTIFICATE.to_vec(), private_key: PRIVATE_KEY.to_vec() },
            crypto: dimpl::crypto::rust_crypto::default_provider(),
            anchor,
            candidates: vec![SocketAddr::from(([192, 0, 2, 1], 3_478))],
            seed: [7; 32],
        };
        let mut transports = Transports::new(config).map_err(|error| error.to_string())?;
        let answer = transports.negotiate(Timestamp::ZERO, PeerId(9), OFFERS[0], &[]);
        let answer = answer.map_err(|reason| format!("a recorded offer is refused: {reason}"))?.answer;
        transports.remove(PeerId(9));
        let fingerprint = answer.lines().find(|line| line.starts_with("a=fingerprint:"));
        Ok(Self {
            transports,
            now: Timestamp::ZERO,
            clients: (0..CLIENTS).map(|_| Client::new(anchor)).collect(),
            fingerprint: fingerprint.unwrap_or_default().trim_end().to_owned(),
            checked: BTreeSet::new(),
            connected: BTreeSet::new(),
            leaving: BTreeSet::new(),
            crossed: BTreeSet::new(),
            remembered: Vec::new(),
            taken: BTreeSet::new(),
            made: BTreeMap::new(),
            sequence: 0,
        })
    }

    fn step(&mut self, input: &mut Input<'_>) -> Verdict {
        let action = input.below(12);
        let who = input.below(CLIENTS);
        let from = SocketAddr::from(([203, 0, 113, 7], u16::from(input.byte()) % ADDRESSES));
        let peer = PeerId(who as u32);
        match action {
            0 => self.offer(who, input),
            1 => self.offer_noise(peer, input),
            2 => self.check(who, from, input.flag(), true),
            3 => self.check(who, from, input.flag(), false),
            4 => self.shake_hands(who, from),
            5 => self.receive(from, input.run().to_vec(), Maker::Forger),
            6 | 7 => self.forge(from, input),
            8 => self.speak(who, from, input.run()),
            9 => self.pass(Duration::from_millis(u64::from(input.number()))),
            10 => self.leave(who, from, input.flag()),
            _ => self.send(peer, input.run()),
        }?;
        self.settle()
    }

    /// A recorded offer, with the client's certificate and a name of its own, so that the same one again may restart ICE.
    fn offer(&mut self, who: usize, input: &mut Input<'_>) -> Verdict {
        let (which, name) = (input.below(OFFERS.len()), input.byte());
        let own = |line: &str| {
            if line.starts_with("a=fingerprint:") {
                self.fingerprint.clone()
            } else if line.starts_with("a=ice-ufrag:") {
                format!("a=ice-ufrag:name{name}")
            } else {
                line.trim_end().to_owned()
            }
        };
        let offer: String = OFFERS[which].lines().map(|line| own(line) + "\r\n").collect();
        let peer = PeerId(who as u32);
        let before = self.transports.contains(peer);
        match self.transports.negotiate(self.now, peer, &offer, &[]) {
            Ok(negotiated) => self.clients[who].on_answer(&offer, &negotiated.answer),
            Err(_) => {
                require(self.transports.contains(peer) == before, || "a refusal removed a peer".into())?;
            }
        }
        Ok(())
    }

    fn offer_noise(&mut self, peer: PeerId, input: &mut Input<'_>) -> Verdict {
        let which = OFFERS[input.below(OFFERS.len())];
        let (at, noise) = (usize::from(input.number()) % which.len(), input.run());
        let offer = [&which.as_bytes()[..at], noise, &which.as_bytes()[at..]].concat();
        let before = self.transports.counts();
        if self.transports.negotiate(self.now, peer, &String::from_utf8_lossy(&offer), &[]).is_ok() {
            // The recorded certificate is nobody's: if that was another connection, the one before is over.
            self.leaving.insert(peer);
            return Ok(());
        }
        require(self.transports.counts() == before, || format!("a refusal changed {before:?}"))
    }

    fn check(&mut self, who: usize, from: SocketAddr, nominates: bool, knows: bool) -> Verdict {
        let guess = (!knows).then_some("guessed, and wrong");
        let Some(check) = self.clients[who].check(nominates, guess) else { return Ok(()) };
        let maker = if knows { Maker::Client(PeerId(who as u32)) } else { Maker::Forger };
        self.receive(from, check, maker)
    }

    /// Both sides say what they have to say, and nothing is lost.
    fn shake_hands(&mut self, who: usize, from: SocketAddr) -> Verdict {
        for _ in 0..ROUNDS {
            let records = self.clients[who].records(self.now);
            if records.is_empty() {
                break;
            }
            for record in records {
                self.receive(from, record, Maker::Client(PeerId(who as u32)))?;
            }
        }
        Ok(())
    }

    /// Something that was sent before, as it was or changed.
    fn forge(&mut self, from: SocketAddr, input: &mut Input<'_>) -> Verdict {
        let Some(mut datagram) = input.pick(&self.remembered).cloned() else { return Ok(()) };
        let (at, with) = (usize::from(input.number()), input.byte());
        let length = datagram.len();
        if let Some(byte) = datagram.get_mut(at % length.max(1)) {
            *byte ^= with;
        }
        datagram.truncate(length - usize::from(input.byte()) % 8 * usize::from(with != 0));
        self.receive(from, datagram, Maker::Forger)
    }

    fn speak(&mut self, who: usize, from: SocketAddr, payload: &[u8]) -> Verdict {
        self.sequence = self.sequence.wrapping_add(1);
        let header = RtpHeader {
            ssrc: Ssrc(u32::from(payload.first().copied().unwrap_or_default())),
            sequence: self.sequence,
            timestamp: 0,
            payload_type: 111,
            marker: false,
            extensions: &[],
        };
        let mut packet = Vec::new();
        header.write(payload, &mut packet);
        let Some(packet) = self.clients[who].protect(packet) else { return Ok(()) };
        self.made.insert(packet.clone(), PeerId(who as u32));
        self.receive(from, packet, Maker::Client(PeerId(who as u32)))
    }

    fn pass(&mut self, by: Duration) -> Verdict {
        let end = self.now + by;
        for _ in 0..STEPS_MAX {
            let at = self.transports.poll_timeout();
            if at > end {
                self.now = end;
                return Ok(());
            }
            self.now = self.now.max(at);
            self.transports.handle_timeout(self.now);
            self.settle()?;
        }
        Err("a timeout that never passes".to_owned())
    }

    fn leave(&mut self, who: usize, from: SocketAddr, says_so: bool) -> Verdict {
        let peer = PeerId(who as u32);
        self.leaving.insert(peer);
        if says_so {
            self.clients[who].close();
            return self.shake_hands(who, from);
        }
        self.transports.remove(peer);
        self.connected.remove(&peer);
        require(!self.transports.contains(peer), || format!("{peer:?} is removed and there"))
    }

    /// What the media node wants to send a peer goes where an authentic check has come from, and nowhere else.
    fn send(&mut self, peer: PeerId, bytes: &[u8]) -> Verdict {
        let mut out = vec![1, 2, 3];
        match self.transports.protect_plain(self.now, peer, bytes, &mut out) {
            Ok(to) => require(self.checked.contains(&to) && out.len() > 3, || format!("media for {to}")),
            Err(_) => require(out == [1, 2, 3], || "what was not sent left bytes".to_owned()),
        }
    }

    fn receive(&mut self, from: SocketAddr, datagram: Vec<u8>, maker: Maker) -> Verdict {
        let before = self.transports.counts();
        let due = self.transports.poll_timeout();
        let is_check = datagram.first().is_some_and(|first| *first < 4);
        if maker == Maker::Forger && datagram.first().is_some_and(|first| (20..64).contains(first)) {
            self.crossed.extend((0..CLIENTS as u32).map(PeerId));
        }
        let received = self.transports.handle_datagram(self.now, from, datagram.clone());
        if is_check && received == Received::Handled {
            // Repeated as it was, a check is still one that the client made.
            let is_same = |made: &Vec<u8>| authenticated(made) == authenticated(&datagram);
            let is_clients = maker != Maker::Forger || self.remembered.iter().any(is_same);
            require(is_clients, || format!("a forged check of {from} was believed: {datagram:02x?}"))?;
            self.checked.insert(from);
        } else if !self.checked.contains(&from) {
            let unchanged = before == self.transports.counts() && due == self.transports.poll_timeout();
            require(unchanged && matches!(received, Received::Dropped { .. }), || {
                format!("a stranger's datagram came to {received:?}, {before:?}")
            })?;
        }
        if let Received::Media { peer, .. } = &received {
            require(self.made.get(&datagram) == Some(peer), || format!("nobody made {datagram:02x?}"))?;
            require(self.taken.insert(datagram.clone()), || format!("taken twice: {datagram:02x?}"))?;
        }
        if maker != Maker::Forger && self.remembered.len() < REMEMBERED {
            self.remembered.push(datagram);
        }
        self.drain(Some((from, is_check)), maker)
    }

    /// Judges what the transports have to say and to tell.
    fn drain(&mut self, after: Option<(SocketAddr, bool)>, maker: Maker) -> Verdict {
        let mut answers = 0;
        while let Some((to, peer, datagram)) = self.transports.poll_datagram() {
            require(self.checked.contains(&to), || {
                format!("{} bytes for the stranger {to}", datagram.len())
            })?;
            require(datagram.len() <= DATAGRAM_BYTES_MAX, || format!("{} bytes at once", datagram.len()))?;
            if after.is_some_and(|(_, is_check)| is_check) {
                answers += 1;
                let is_small = answers == 1 && datagram.len() <= ANSWER_BYTES_MAX;
                require(is_small && after.is_some_and(|(from, _)| from == to), || {
                    format!("answer {answers} of {} bytes for {to}", datagram.len())
                })?;
            } else {
                if after.is_some() && maker != Maker::Client(peer) {
                    self.crossed.insert(peer);
                }
                let client = self.clients.get_mut(peer.0 as usize).filter(|_| !self.crossed.contains(&peer));
                if let Some(client) = client {
                    client.on_record(&datagram);
                }
            }
        }
        while let Some(event) = self.transports.poll_event() {
            self.judge_event(event, maker)?;
        }
        Ok(())
    }

    fn judge_event(&mut self, event: TransportEvent, maker: Maker) -> Verdict {
        match event {
            TransportEvent::Connected(peer) => {
                self.connected.insert(peer);
                self.leaving.remove(&peer);
                Ok(())
            }
            TransportEvent::Closed(peer, reason) => {
                let was_connected = self.connected.remove(&peer);
                let left = self.leaving.contains(&peer);
                let forged = maker == Maker::Forger && reason != DropReason::PeerClosed;
                require(!was_connected || left || !forged, || {
                    format!("somebody without keys has ended the connection of {peer:?}: {reason:?}")
                })
            }
        }
    }

    fn settle(&mut self) -> Verdict {
        self.drain(None, Maker::Client(PeerId(0)))?;
        let counts = self.transports.counts();
        let TransportCounts { connections, names, addresses, timers } = counts;
        let bounded = connections <= CLIENTS
            && names <= UFRAGS_PER_CONNECTION * connections
            && addresses <= ADDRESSES_PER_CONNECTION * connections
            && timers <= connections;
        require(bounded, || format!("{counts:?}"))
    }
}

/// What of a STUN message its MESSAGE-INTEGRITY covers, with the tag: all but the length, and what stands behind the tag, which
/// is ignored (RFC 8489 section 14.5). Everything, if it has no tag.
fn authenticated(message: &[u8]) -> (Option<&[u8]>, Option<&[u8]>) {
    let mut at = 20;
    while let Some(&[high, low, long, short]) = message.get(at..at + 4) {
        at += 4 + usize::from(u16::from_be_bytes([long, short])).next_multiple_of(4);
        if u16::from_be_bytes([high, low]) == MESSAGE_INTEGRITY {
            return (message.get(..2), message.get(4..at));
        }
    }
    (Some(message), None)
}
