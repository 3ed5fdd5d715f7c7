//! Owns what an outsider knows of the engine: who is in and may send what, who was told of which track, and what went
//! to whom. All of it comes from the engine's outputs, so that they can be held against one another.

mod audit;
mod group;
mod media;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use media_core::{
    ConferenceId, DropReason, ParticipantId, PeerId, Permissions, Ssrc,
    engine::{Event, Outgoing, Output, Transmit},
    limits::{NACK_ENTRIES_MAX, RTCP_PACKETS_MAX, SPEAKER_HELD_PACKETS, TRACKS_MAX},
    rtp::{Protocol, RtpView, demux},
    secret::Token,
    signalling::{ClientMessage, LinkToken, Request, ServerMessage},
};

pub(super) use self::media::tag;
use self::{group::Group, media::View};
use super::{
    super::{Verdict, input::Input, require},
    CLIENTS, PARTICIPANTS_MAX,
};

/// Links that a script can still use.
const LINKS_MAX: usize = 12;
/// Stays that a script can still carry on.
const STAYS_MAX: usize = 12;
/// People by whose numbers a script can still ask.
const PEOPLE_MAX: usize = 24;

/// What an input was, as far as it bounds its outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion {
    Signal,
    Timeout,
    Rtp(PeerId),
    Rtcp(PeerId),
    Strange(PeerId),
}

impl Occasion {
    pub(super) fn of_datagram(peer: PeerId, datagram: &[u8]) -> Self {
        match demux(datagram) {
            Protocol::Rtp => Self::Rtp(peer),
            Protocol::Rtcp => Self::Rtcp(peer),
            Protocol::Other => Self::Strange(peer),
        }
    }

    /// Outputs that may follow. Anything can come with what was due: everybody leaves, each with all tracks, of which
    /// every view is closed, told of, and told from the other end; and everybody hears of each of them.
    pub(super) const fn outputs_max(self) -> usize {
        let people = PARTICIPANTS_MAX as usize;
        let views = people * TRACKS_MAX * (people - 1);
        let due = 4 * views + 8 * (people + CLIENTS) * people;
        let fan_out = 2 * (SPEAKER_HELD_PACKETS + 2) * (people - 1);
        due + match self {
            Self::Signal | Self::Timeout | Self::Strange(_) => 0,
            Self::Rtp(_) => fan_out,
            Self::Rtcp(_) => RTCP_PACKETS_MAX * NACK_ENTRIES_MAX,
        }
    }
}

/// Somebody who is in.
#[derive(Clone, Copy, Debug)]
struct Presence {
    conference: ConferenceId,
    participant: ParticipantId,
    permissions: Permissions,
    /// The transport-wide number of the next RTP packet to them.
    transport_next: u16,
}

/// What an outsider knows.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) links: Vec<LinkToken>,
    /// Tokens of earlier stays.
    pub(super) stays: Vec<Token>,
    people: VecDeque<ParticipantId>,
    inside: BTreeMap<PeerId, Presence>,
    views: BTreeMap<(PeerId, Ssrc), View>,
    /// What each connection publishes, and what it published before.
    published: BTreeMap<PeerId, [BTreeSet<Ssrc>; 2]>,
    /// The list of tracks that was offered last, until it is answered.
    offered: Option<(PeerId, u32, BTreeSet<Ssrc>)>,
    groups: BTreeMap<ConferenceId, Group>,
    /// The key package that was offered last, until it is answered.
    key_package: Option<(PeerId, u32)>,
}

impl Ledger {
    pub(super) fn is_inside(&self, peer: PeerId) -> bool {
        self.inside.contains_key(&peer)
    }

    /// People whom the engine has named lately.
    pub(super) fn people(&self) -> impl Iterator<Item = ParticipantId> {
        self.people.iter().copied()
    }

    /// Somebody else in the same conference.
    pub(super) fn neighbour(&self, peer: PeerId) -> ParticipantId {
        let conference = self.inside.get(&peer).map(|presence| presence.conference);
        let mut others = self
            .inside
            .iter()
            .filter(|(other, presence)| **other != peer && Some(presence.conference) == conference);
        others.next_back().map_or(ParticipantId(0), |(_, presence)| presence.participant)
    }

    /// A stream of anybody, in either direction, or one that does not exist.
    pub(super) fn any_ssrc(&self, input: &mut Input<'_>) -> Ssrc {
        match input.byte() {
            choice @ 0..=99 => Ssrc(
                1_000 * (u32::from(choice % 10) + 1)
                    + 100 * u32::from(choice / 50)
                    + u32::from(choice / 10 % 5),
            ),
            choice @ 100..=239 => {
                let streams = self.views.keys().map(|(_, ssrc)| *ssrc);
                let nth = usize::from(choice - 100) % self.views.len().max(1);
                streams.into_iter().nth(nth).unwrap_or(Ssrc(1))
            }
            240..=255 => Ssrc(input.long()),
        }
    }

    /// The engine crashed: nobody is in, and nothing is sent.
    pub(super) fn on_crash(&mut self) {
        self.inside.clear();
        self.views.clear();
        self.published.clear();
        self.groups.clear();
    }

    /// A request leaves; what it offers holds when the engine says so.
    pub(super) fn on_request(&mut self, peer: PeerId, message: &[u8]) {
        (self.offered, self.key_package) = (None, None);
        let Ok(ClientMessage { request, body }) = ClientMessage::decode(message) else { return };
        if let Request::Publish { tracks } = body {
            let encodings = tracks.iter().flat_map(|track| &track.encodings);
            self.offered = Some((peer, request, encodings.map(|encoding| encoding.ssrc).collect()));
        } else if let Request::OfferKeyPackage { .. } = body {
            self.key_package = Some((peer, request));
        }
    }

    /// Takes note of what follows from one input, and says what of it must not be.
    pub(super) fn settle(&mut self, outputs: &[Output], occasion: Occasion) -> Verdict {
        let mut dropped = Vec::new();
        for output in outputs {
            match output {
                Output::Event(Event::Dropped { peer, reason }) => dropped.push((*peer, *reason)),
                Output::Event(event) => self.on_event(event)?,
                Output::Transmit(Transmit { peer, packet: Outgoing::Signal(message) }) => {
                    let message = ServerMessage::decode(message)
                        .map_err(|_| format!("the server says {}", String::from_utf8_lossy(message)))?;
                    self.on_message(*peer, message)?;
                }
                Output::Transmit(Transmit { peer, packet: Outgoing::Rtp(packet) }) => {
                    self.on_forwarded(*peer, packet)?;
                }
                Output::Transmit(Transmit { peer, packet: Outgoing::Rtcp(packet) }) => {
                    self.on_rtcp(*peer, packet)?;
                }
                Output::Transmit(Transmit { peer, packet: Outgoing::Probe(packet) }) => {
                    self.on_probe(*peer, packet)?;
                }
                Output::Offered { .. } => {}
                Output::Timeout(..) => return Err("a timeout in the middle".to_owned()),
            }
        }
        if let Occasion::Strange(peer) = occasion {
            require(dropped == [(peer, DropReason::UnknownProtocol)], || format!("drops: {dropped:?}"))?;
        }
        if let Occasion::Rtp(peer) | Occasion::Rtcp(peer) = occasion {
            require(dropped.iter().all(|(of, _)| *of == peer), || format!("drops of others: {dropped:?}"))?;
        }
        self.groups.values().try_for_each(Group::audit)
    }

    /// Padding goes to people inside, and is numbered like everything else.
    fn on_probe(&mut self, peer: PeerId, packet: &[u8]) -> Verdict {
        let presence = self.inside.get_mut(&peer).ok_or_else(|| "a probe to somebody outside".to_owned())?;
        let view = RtpView::parse(packet).map_err(|reason| format!("a probe is {reason:?}"))?;
        require(view.payload_len() == 0, || "a probe with a payload".to_owned())?;
        let number = Some(presence.transport_next);
        require(view.transport_sequence() == number, || "a probe out of the numbering".to_owned())?;
        presence.transport_next = presence.transport_next.wrapping_add(1);
        Ok(())
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the other events are about streams, which are audited"
    )]
    fn on_event(&mut self, event: &Event) -> Verdict {
        match event {
            Event::Entered { conference, participant, peer } => {
                let (conference, participant) = (*conference, *participant);
                let permissions = Permissions::NONE;
                let presence = Presence { conference, participant, permissions, transport_next: 0 };
                self.remember(participant);
                let before = self.inside.insert(*peer, presence);
                require(before.is_none(), || format!("{peer} came in twice"))
            }
            Event::PermissionsChanged { participant, permissions } => {
                let presence = self.inside.values_mut().find(|presence| presence.participant == *participant);
                let presence = presence.ok_or_else(|| format!("{participant} may send, but is not in"))?;
                presence.permissions = *permissions;
                Ok(())
            }
            Event::Left { participant, .. } => {
                let peer = self.peer_of(*participant);
                let peer = peer.ok_or_else(|| format!("{participant} left without having been in"))?;
                if let Some(presence) = self.inside.remove(&peer) {
                    self.groups.entry(presence.conference).or_default().on_gone(peer);
                }
                self.published.remove(&peer);
                self.views.retain(|(receiver, _), _| *receiver != peer);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn on_message(&mut self, peer: PeerId, message: ServerMessage) -> Verdict {
        match message {
            ServerMessage::Entered { invitation, resume, .. } => {
                self.links.extend(invitation.map(|invitation| invitation.link));
                self.stays.push(resume);
            }
            ServerMessage::Invited { invitation, .. } => self.links.push(invitation.link),
            ServerMessage::Knock { participant, .. } => self.remember(participant),
            ServerMessage::Done { request } => {
                let offered = self.offered.take_if(|(of, number, _)| *of == peer && *number == request);
                if let Some((_, _, ssrcs)) = offered {
                    let published = self.published.entry(peer).or_default();
                    published.swap(0, 1);
                    published[0] = ssrcs;
                }
                if self.key_package.take_if(|offered| *offered == (peer, request)).is_some() {
                    self.on_offered(peer);
                }
            }
            ServerMessage::FoundGroup { .. }
            | ServerMessage::KeyPackage { .. }
            | ServerMessage::Commit { .. }
            | ServerMessage::Welcome { .. } => return self.on_handshake(peer, &message),
            ServerMessage::TrackAdded { track } => return self.on_track_added(peer, &track),
            ServerMessage::TrackRemoved { participant, kind } => {
                return self.on_track_removed(peer, participant, kind);
            }
            ServerMessage::Waiting { .. }
            | ServerMessage::Refused { .. }
            | ServerMessage::Member { .. }
            | ServerMessage::MemberLeft { .. }
            | ServerMessage::ModeChanged { .. }
            | ServerMessage::Demand { .. }
            | ServerMessage::Answer { .. }
            | ServerMessage::OfferRefused { .. }
            | ServerMessage::Out { .. } => {}
        }
        if self.links.len() > LINKS_MAX {
            self.links.remove(0);
        }
        if self.stays.len() > STAYS_MAX {
            self.stays.remove(0);
        }
        Ok(())
    }

    fn peer_of(&self, participant: ParticipantId) -> Option<PeerId> {
        let mut inside = self.inside.iter();
        inside.find(|(_, presence)| presence.participant == participant).map(|(peer, _)| *peer)
    }

    fn remember(&mut self, participant: ParticipantId) {
        self.people.push_back(participant);
        if self.people.len() > PEOPLE_MAX {
            self.people.pop_front();
        }
    }
}
