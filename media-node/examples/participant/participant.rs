//! Owns one stay: signalling, keys and media put together.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    io::{Write as _, stdout},
    time::Duration,
};

use media_core::{
    MediaKind, ParticipantId, Timestamp,
    e2ee::{
        CipherSuite, ConferenceSecret,
        mls::{Membership, MembershipConfig, MembershipOutput, MlsSuite},
    },
    signalling::{ClientInfo, Encryption, EndpointKind, LinkToken, Request, ServerMessage},
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;
use serde_json::json;
use tokio::{
    sync::oneshot,
    time::{Instant, MissedTickBehavior, interval, sleep_until},
};

use crate::{channel::Channel, connection::Connection, incoming::Incoming, outgoing::Outgoing};

const REPORT_INTERVAL: Duration = Duration::from_millis(500);
const RENEW_AFTER_FRAMES: u64 = 1_000_000;

/// Somebody who takes part.
pub(crate) struct Participant {
    channel: Channel,
    connection: Connection,
    membership: Membership,
    incoming: Incoming,
    outgoing: Outgoing,
    anchor: Instant,
    number: ParticipantId,
    /// Those that can be received.
    tracks: BTreeSet<(ParticipantId, MediaKind)>,
    /// The request with the last offer, until it is answered.
    offered: Option<u32>,
    /// Whether there is something new to agree on.
    stale: bool,
    /// Requests whose refusal is for the membership.
    of_membership: BTreeSet<u32>,
    rejected: BTreeMap<String, u64>,
}

impl Participant {
    /// Joins; what the server says before it lets somebody in ends this.
    pub(crate) async fn join(
        server: &str,
        link: LinkToken,
        secret: ConferenceSecret,
        name: &str,
    ) -> Result<Self, Box<dyn Error>> {
        let anchor = Instant::now();
        let mut channel = Channel::open(server).await?;
        let client = ClientInfo { endpoint: EndpointKind::Desk, encryption: Some(Encryption::DEFAULT) };
        let name = name.to_owned();
        let join =
            Request::Join { link, credential: None, resume: None, attempt: None, name: name.clone(), client };
        channel.send(join).await?;
        let entered = channel.next().await?;
        let Some(ServerMessage::Entered { participant, roster, .. }) = entered else {
            return Err(format!("not let in: {entered:?}").into());
        };
        let config = MembershipConfig {
            mls: MlsSuite::X25519Ed25519,
            sframe: CipherSuite::Aes128GcmSha256,
            participant,
            name,
            secret,
            renew_after_frames: RENEW_AFTER_FRAMES,
        };
        let mut seed = [0; 32];
        aws_lc_rs::rand::fill(&mut seed)?;
        let roster = roster.into_iter().map(|member| (member.participant, member.name));
        let membership = Membership::new(Timestamp::ZERO, config, roster, ChaCha20Rng::from_seed(seed));
        Ok(Self {
            channel,
            connection: Connection::new().await?,
            membership,
            incoming: Incoming::default(),
            outgoing: Outgoing::new(),
            anchor,
            number: participant,
            tracks: BTreeSet::new(),
            offered: None,
            stale: true,
            of_membership: BTreeSet::new(),
            rejected: BTreeMap::new(),
        })
    }

    fn now(&self) -> Timestamp {
        Timestamp::ZERO + self.anchor.elapsed()
    }

    /// Takes part until `end` comes, or the server has had enough.
    pub(crate) async fn run(mut self, mut end: oneshot::Receiver<()>) -> Result<(), Box<dyn Error>> {
        let mut reports = interval(REPORT_INTERVAL);
        reports.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.drain().await?;
            let due = self.membership.poll_timeout().unwrap_or(Timestamp::FAR_FUTURE);
            let due = self.outgoing.due().min(due.saturating_since(Timestamp::ZERO));
            tokio::select! {
                message = self.channel.next() => match message? {
                    Some(message) => self.on_message(message).await?,
                    None => return Err("the server has closed the channel".into()),
                },
                packet = self.connection.next() => {
                    let now = self.now();
                    if let Some(packet) = packet {
                        self.incoming.on_packet(now, &packet, &mut self.membership);
                    }
                }
                () = sleep_until(self.anchor + due) => {}
                _ = reports.tick() => self.report()?,
                _ = &mut end => {
                    self.channel.send(Request::Leave).await?;
                    return Ok(());
                }
            }
            let now = self.now();
            if self.membership.poll_timeout().is_some_and(|at| at <= now) {
                self.membership.handle_timeout(now);
            }
            let since = now.saturating_since(Timestamp::ZERO);
            self.outgoing.send(since, &mut self.membership, &mut self.connection).await;
        }
    }

    async fn on_message(&mut self, message: ServerMessage) -> Result<(), Box<dyn Error>> {
        let now = self.now();
        let membership = &mut self.membership;
        match message {
            ServerMessage::Member { member } => membership.on_member(now, member.participant, &member.name),
            ServerMessage::MemberLeft { participant } => membership.on_member_left(now, participant),
            ServerMessage::FoundGroup { sequence } => membership.on_found(now, sequence),
            ServerMessage::KeyPackage { participant, key_package } => {
                membership.on_key_package(now, participant, &key_package);
            }
            ServerMessage::Commit { sequence, commit } => membership.on_commit(now, sequence, &commit),
            ServerMessage::Welcome { sequence, welcome } => membership.on_welcome(now, sequence, &welcome),
            ServerMessage::Refused { request, reason } if self.of_membership.contains(&request) => {
                membership.on_refused(now, reason);
            }
            ServerMessage::TrackAdded { track } => {
                self.stale |= self.tracks.insert((track.participant, track.kind));
                if track.kind.is_video() {
                    let (source, kind, layer) = (track.participant, track.kind, track.layers.checked_sub(1));
                    self.channel.send(Request::Watch { source, kind, layer }).await?;
                }
            }
            ServerMessage::TrackRemoved { participant, kind } => {
                self.stale |= self.tracks.remove(&(participant, kind));
            }
            ServerMessage::Answer { request, answer } if self.offered == Some(request) => {
                self.incoming.on_answer(&answer);
                self.connection.on_answer(answer).await?;
                self.offered = None;
            }
            ServerMessage::OfferRefused { reason, .. } => return Err(reason.into()),
            ServerMessage::Out { reason } => return Err(format!("out: {reason:?}").into()),
            ServerMessage::Entered { .. }
            | ServerMessage::Waiting { .. }
            | ServerMessage::Done { .. }
            | ServerMessage::Answer { .. }
            | ServerMessage::Invited { .. }
            | ServerMessage::Refused { .. }
            | ServerMessage::Knock { .. }
            | ServerMessage::ModeChanged { .. }
            | ServerMessage::Demand { .. } => {}
        }
        Ok(())
    }

    /// Says what the membership has to say, and makes an offer if there is something to agree on.
    async fn drain(&mut self) -> Result<(), Box<dyn Error>> {
        while let Some(output) = self.membership.poll_output() {
            let request = match output {
                MembershipOutput::Offer(key_package) => Request::OfferKeyPackage { key_package },
                MembershipOutput::Commit { after, commit, welcome, adds } => {
                    Request::Commit { after, commit, welcome, adds }
                }
                MembershipOutput::Epoch(change) => {
                    if change.first || !change.added.is_empty() {
                        self.outgoing.begin_anew();
                    }
                    continue;
                }
                MembershipOutput::Rejected(_, rejection) => {
                    *self.rejected.entry(format!("{rejection:?}")).or_default() += 1;
                    continue;
                }
                MembershipOutput::LeftBehind => continue,
            };
            self.of_membership.insert(self.channel.send(request).await?);
        }
        if self.stale && self.offered.is_none() {
            self.stale = false;
            let video = self.tracks.iter().filter(|(_, kind)| kind.is_video()).count();
            let offer = self.connection.offer([self.tracks.len() - video, video]).await?;
            self.offered = Some(self.channel.send(Request::Negotiate { offer }).await?);
        }
        Ok(())
    }

    fn report(&self) -> Result<(), Box<dyn Error>> {
        let report = json!({
            "participant": self.number.0,
            "code": self.membership.verification_code().map(|code| code.to_string()),
            "sealed": self.outgoing.sealed,
            "tracks": self.incoming.report(),
            "rejected": self.rejected,
        });
        Ok(writeln!(stdout().lock(), "{report}")?)
    }
}
