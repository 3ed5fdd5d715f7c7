//! Owns an observer who sees nothing but effects, as the engine does, and as each client sees its messages.

mod group;

use std::collections::{BTreeMap, BTreeSet};

use group::Group;

use super::*;
use crate::{
    conference::{roster::Attendee, running::Running},
    ids::ConferenceId,
    signalling::Member,
};

/// What follows from the effects so far.
#[derive(Default)]
pub(super) struct Replay {
    /// Every link that was ever handed out.
    pub(super) links: Vec<LinkToken>,
    /// Every token of a stay that was ever told.
    pub(super) tokens: Vec<Token>,
    /// Those of them that were told before the last crash.
    tokens_before: usize,
    /// What has happened at least once.
    pub(super) seen: BTreeSet<String>,
    running: BTreeSet<ConferenceId>,
    inside: BTreeMap<ParticipantId, Inside>,
    /// Who waits, and the join they wait with.
    waiting: BTreeMap<PeerId, u32>,
    views: BTreeMap<PeerId, View>,
    groups: BTreeMap<ConferenceId, Group>,
}

#[derive(Debug, PartialEq)]
struct Inside {
    conference: ConferenceId,
    peer: PeerId,
    permissions: Permissions,
}

/// What a client knows of its conference.
#[derive(Debug, PartialEq)]
struct View {
    mode: Mode,
    roster: BTreeMap<ParticipantId, Member>,
}

impl Replay {
    pub(super) fn apply(&mut self, effect: &Effect) {
        self.assert_no_secret(effect);
        match effect {
            Effect::Send { peer, message } => self.on_message(*peer, message),
            Effect::ConferenceStarted { conference } => {
                assert!(self.running.insert(*conference), "starts once");
                assert!(self.running.len() <= LICENCES as usize, "more conferences than licences");
            }
            Effect::ConferenceEnded { conference } => {
                self.saw("ConferenceEnded");
                assert!(self.running.remove(conference), "ends once");
                assert_eq!(self.count(*conference), 0, "somebody is left behind");
                self.groups.remove(conference);
            }
            Effect::Entered { conference, participant, peer, permissions } => {
                self.on_entered(*conference, *participant, *peer, *permissions);
            }
            Effect::Left { conference, participant, peer } => {
                let inside = self.inside.remove(participant).expect("only who is in leaves");
                assert_eq!((inside.conference, inside.peer), (*conference, *peer));
                self.views.remove(peer);
                self.groups.entry(*conference).or_default().on_gone(*participant, *peer);
            }
            Effect::Offered { peer, .. } => {
                assert!(self.inside.values().any(|inside| inside.peer == *peer), "an offer from outside");
            }
            Effect::PermissionsChanged { participant, permissions } => {
                self.saw("PermissionsChanged");
                let inside = self.inside.get_mut(participant).expect("only who is in has permissions");
                assert_ne!(inside.permissions, *permissions, "not a change");
                inside.permissions = *permissions;
            }
            Effect::Published { participant, .. } => {
                self.saw("Published");
                assert!(self.inside.contains_key(participant));
            }
            Effect::Watch { subscriber, source, .. } => {
                self.saw("Watch");
                assert_ne!(subscriber, source);
                assert_eq!(self.inside[subscriber].conference, self.inside[source].conference);
            }
            Effect::Refused { reason, .. } => self.saw(&format!("{reason:?}")),
        }
    }

    /// A connection that vanishes in the lobby has no effect on media.
    pub(super) fn on_disconnect(&mut self, peer: PeerId) {
        self.waiting.remove(&peer);
    }

    /// A key package was accepted.
    pub(super) fn on_offered(&mut self, peer: PeerId) {
        let found = self.inside.iter().find(|(_, inside)| inside.peer == peer);
        let (participant, inside) = found.expect("only who is in offers");
        self.groups.entry(inside.conference).or_default().on_offered(*participant, peer);
    }

    /// After a crash nobody is connected, and conferences run on.
    pub(super) fn on_crash(&mut self) {
        self.inside.clear();
        self.waiting.clear();
        self.views.clear();
        self.groups.clear();
        self.tokens_before = self.tokens.len();
    }

    /// The observer knows exactly what the directory knows.
    pub(super) fn assert_matches(&self, directory: &Directory) {
        assert!(self.running.iter().eq(directory.conferences.keys()));
        let mut inside = BTreeMap::new();
        let mut waiting = BTreeMap::new();
        let mut hosts = BTreeSet::new();
        for (conference, running) in &directory.conferences {
            assert!(hosts.insert(running.host), "a holder runs two conferences");
            assert_eq!(running.roster.is_empty(), running.ends_at.is_some());
            assert_presenter(running);
            assert_tokens_differ(running);
            let roster: BTreeMap<_, _> = running.members().into_iter().map(|m| (m.participant, m)).collect();
            assert!(roster.values().filter(|member| member.role == Role::Host).count() <= 1, "two hosts");
            assert!(roster.values().filter(|member| member.presenter).count() <= 1, "two presenters");
            for attendee in running.roster.as_slice() {
                let permissions = entitled(running, attendee);
                assert_eq!(roster[&attendee.participant].permissions, permissions);
                let view = self.views.get(&attendee.peer).expect("who is in was told");
                assert_eq!((view.mode, &view.roster), (running.mode, &roster));
                let (conference, peer) = (*conference, attendee.peer);
                inside.insert(attendee.participant, Inside { conference, peer, permissions });
            }
            self.groups.get(conference).unwrap_or(&Group::default()).assert_matches(running);
            waiting.extend(running.lobby.iter().map(|(_, newcomer)| (newcomer.peer, newcomer.request)));
        }
        assert_eq!(self.inside, inside);
        assert_eq!(self.waiting, waiting);
        assert_eq!(self.views.len(), self.inside.len());
        assert_eq!(directory.peers.len(), inside.len() + waiting.len());
        assert!(self.waiting.keys().all(|peer| directory.participant_of(*peer).is_none()));
        let due = directory.conferences.values().filter_map(|running| running.ends_at).min();
        assert_eq!(directory.poll_timeout(), due);
    }

    fn on_entered(
        &mut self,
        conference: ConferenceId,
        participant: ParticipantId,
        peer: PeerId,
        permissions: Permissions,
    ) {
        assert!(self.running.contains(&conference), "enters what does not run");
        assert!(self.inside.values().all(|inside| inside.peer != peer), "is in twice");
        if self.waiting.remove(&peer).is_some() {
            self.saw("waiter admitted");
        }
        let before = self.inside.insert(participant, Inside { conference, peer, permissions });
        assert_eq!(before, None, "a number is used twice");
        assert!(self.count(conference) <= PARTICIPANTS_MAX as usize, "too many are in");
    }

    fn on_message(&mut self, peer: PeerId, message: &ServerMessage) {
        match message {
            ServerMessage::Entered { conference, participant, mode, roster, invitation, resume, .. } => {
                let inside = &self.inside[participant];
                assert_eq!((inside.peer, inside.conference), (peer, *conference), "told before being in");
                let roster = roster.iter().map(|member| (member.participant, member.clone())).collect();
                self.views.insert(peer, View { mode: *mode, roster });
                if let Some(index) = self.tokens.iter().position(|token| token == resume) {
                    self.saw("came back as the same");
                    if index < self.tokens_before {
                        self.saw("came back after a crash");
                    }
                } else {
                    self.tokens.push(resume.clone());
                }
                self.links.extend(invitation.iter().map(|invitation| invitation.link.clone()));
            }
            ServerMessage::Waiting { request } => {
                self.waiting.insert(peer, *request);
            }
            ServerMessage::Refused { request, .. } => {
                if self.waiting.get(&peer) == Some(request) {
                    self.waiting.remove(&peer);
                    self.saw("waiter refused");
                }
            }
            ServerMessage::Done { .. } => {
                // The one thing that is granted to somebody who waits is to leave.
                self.waiting.remove(&peer);
            }
            ServerMessage::Answer { .. } | ServerMessage::OfferRefused { .. } => drop(self.view(peer)),
            ServerMessage::Invited { invitation, .. } => {
                self.view(peer);
                self.links.push(invitation.link.clone());
            }
            ServerMessage::Member { member } => {
                self.view(peer).roster.insert(member.participant, member.clone());
            }
            ServerMessage::MemberLeft { participant } => {
                self.view(peer).roster.remove(participant);
            }
            ServerMessage::ModeChanged { mode } => self.view(peer).mode = *mode,
            ServerMessage::Knock { .. } => {
                let view = self.view(peer);
                assert!(view.roster.values().any(|member| member.role >= Role::Moderator));
            }
            ServerMessage::Out { reason } => {
                assert!(!self.views.contains_key(&peer), "told before being out");
                self.waiting.remove(&peer);
                self.saw(&format!("{reason:?}"));
            }
            ServerMessage::FoundGroup { .. }
            | ServerMessage::KeyPackage { .. }
            | ServerMessage::Commit { .. }
            | ServerMessage::Welcome { .. } => self.on_handshake(peer, message),
            ServerMessage::TrackAdded { .. }
            | ServerMessage::TrackRemoved { .. }
            | ServerMessage::Demand { .. } => panic!("tracks are not the directory's business"),
        }
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest is not about the group")]
    fn on_handshake(&mut self, peer: PeerId, message: &ServerMessage) {
        match message {
            ServerMessage::FoundGroup { sequence } => {
                self.saw("FoundGroup");
                self.group_of(peer).1.on_found(peer, *sequence);
            }
            ServerMessage::KeyPackage { participant, .. } => {
                self.saw("KeyPackage");
                self.group_of(peer).1.on_key_package(peer, *participant);
            }
            ServerMessage::Commit { sequence, .. } => {
                self.saw("Commit");
                self.group_of(peer).1.on_commit(peer, *sequence);
            }
            ServerMessage::Welcome { sequence, .. } => {
                self.saw("Welcome");
                let (participant, group) = self.group_of(peer);
                group.on_welcome(participant, peer, *sequence);
            }
            _ => unreachable!("is not about the group"),
        }
    }

    /// Nobody but those inside has to do with a group.
    fn group_of(&mut self, peer: PeerId) -> (ParticipantId, &mut Group) {
        let found = self.inside.iter().find(|(_, inside)| inside.peer == peer);
        let (participant, inside) = found.expect("an outsider is told of a group");
        (*participant, self.groups.entry(inside.conference).or_default())
    }

    /// Nobody but those inside hears what goes on inside.
    fn view(&mut self, peer: PeerId) -> &mut View {
        self.views.get_mut(&peer).expect("an outsider is told what goes on inside")
    }

    fn count(&self, conference: ConferenceId) -> usize {
        self.inside.values().filter(|inside| inside.conference == conference).count()
    }

    fn saw(&mut self, what: &str) {
        if !self.seen.contains(what) {
            self.seen.insert(what.to_owned());
        }
    }

    /// No credential is ever sent or shown; a link's token is sent to who may hand it out, and never shown.
    fn assert_no_secret(&self, effect: &Effect) {
        let shown = format!("{effect:?}");
        let mut sent = String::new();
        let (mut invites, mut enters) = (false, false);
        if let Effect::Send { message, .. } = effect {
            sent = String::from_utf8(message.encode()).unwrap();
            enters = matches!(message, ServerMessage::Entered { .. });
            invites = matches!(message, ServerMessage::Entered { .. } | ServerMessage::Invited { .. });
        }
        let in_hex = |token: &Token| serde_json::to_string(token).unwrap().trim_matches('"').to_owned();
        for holder in 0..HOLDERS as u8 {
            let hex = in_hex(&credential(holder));
            assert!(!shown.contains(&hex) && !sent.contains(&hex), "a credential is told");
        }
        assert!(enters || !sent.contains("resume"), "a stay's token is told in {shown}");
        for link in &self.links {
            let hex = in_hex(&link.token);
            assert!(!shown.contains(&hex), "a link is shown");
            assert!(invites || !sent.contains(&hex), "a link is sent in {shown}");
        }
    }
}

/// What somebody may send, worked out once more from the rules alone.
fn entitled(running: &Running, attendee: &Attendee) -> Permissions {
    let presents = running.presenter == Some(attendee.participant);
    let free = running.mode == Mode::Discussion || presents;
    Permissions {
        audio: attendee.cap.audio && (free || attendee.grant.audio),
        video: attendee.cap.video && (free || attendee.grant.video),
        screen: attendee.cap.screen && free,
    }
}

/// A token leads to one stay, and a holder is present or away, not both.
fn assert_tokens_differ(running: &Running) {
    let present = running.roster.as_slice().iter().map(|attendee| (attendee.holder, Some(&attendee.resume)));
    let away = running.absentees.iter().map(|absentee| (absentee.holder, absentee.resume.as_ref()));
    let all: Vec<_> = present.chain(away).collect();
    for (index, (holder, token)) in all.iter().enumerate() {
        for (other, other_token) in &all[..index] {
            assert!(token.is_none() || token != other_token, "two stays have one token");
            assert!(holder.is_none() || holder != other, "a holder is there twice");
        }
    }
}

fn assert_presenter(running: &Running) {
    let ranks = running.roster.as_slice().iter().map(|attendee| running.role_of(attendee.holder));
    let expected = running.mode == Mode::Presenter && ranks.max() >= Some(Role::Moderator);
    match running.presenter {
        None => assert!(!expected, "nobody presents though somebody could"),
        Some(presenter) => {
            assert_eq!(running.mode, Mode::Presenter);
            let attendee = running.roster.get(presenter).expect("who presents is present");
            assert_eq!((attendee.grant, attendee.hand_raised), (Permissions::NONE, false));
        }
    }
    if running.mode == Mode::Discussion {
        let attendees = running.roster.as_slice().iter();
        let idle = attendees.filter(|who| who.grant == Permissions::NONE && !who.hand_raised);
        assert_eq!(idle.count(), running.roster.len(), "grants and hands outlive presenter mode");
    }
}
