//! Owns the target of the participant: an endpoint whose server is the fuzzed input. The server speaks the channel's
//! language, or not; it sends messages, media and feedback that are right, false or no language at all. Honest people take
//! the endpoint into their group, by way of that server, and write what they like into their frames. The endpoint stays
//! alive and bounded, speaks only what a server can read, opens each frame that was sealed in the group at most once and no
//! other, and plays none that it did not open.

mod group;
mod message;
mod stream;
#[cfg(test)]
mod tests;

use std::{sync::LazyLock, time::Duration};

use bytes::Bytes;
use media_core::{
    PeerId, Timestamp,
    ids::ConferenceId,
    limits::DATAGRAM_BYTES_MAX,
    rtp::{Protocol, RtpView, demux, rtcp},
    secret::Token,
    signalling::{ClientMessage, LinkToken, Request},
};

use self::stream::Senders;
use super::{Verdict, input::Input, require};
use crate::{
    channel::{Channel, SEGMENT_BYTES_MAX},
    endpoint::{Endpoint, Marker, PersonRecord},
    mail::{FullLink, Mailbox},
    packet::Datagram,
    scenario::{Action, PersonIndex, Scenario},
    seed::Seed,
    trace::Channel as Wire,
};

/// Steps of one script.
const STEPS_MAX: usize = 300;
/// Calls that time may make of the endpoint in one step.
const CALLS_MAX: usize = 4_000;
/// Datagrams that may follow from one call: what is due of three tracks, and feedback on everything received.
const DATAGRAMS_MAX: usize = 1_000;
/// Longest step of time: the endpoint works through each 20 ms of it.
const TIME_MAX: Duration = Duration::from_secs(5);
/// People there can be, the endpoint included.
const PEOPLE: u32 = 6;
/// The secret of the conference's link.
const SECRET: [u8; 32] = [0x5e; 32];
/// By which plaintext would be found on the wire.
const MARKER: Marker = [0xa7; 16];

/// Two people; the second is examined.
static SCENARIO: LazyLock<Scenario> = LazyLock::new(|| {
    let text = r#"
        schema = 1
        name = "fuzzed"
        description = "One endpoint and whatever its server says"
        duration = "1s"
        [[site]]
        name = "office"
        link = "sdsl-2-2"
        [[conference]]
        name = "daily"
        host = "anna"
        [[person]]
        name = "anna"
        site = "office"
        conference = "daily"
        licence = true
        [[person]]
        name = "guest"
        site = "office"
        conference = "daily"
        camera = "camera-carphone"
        microphone = "talk-vbr"
        screen = "screen-slides"
        watch = "high"
        tiles = 4
    "#;
    Scenario::from_toml("fuzzed.toml", text).expect("the text is a scenario")
});

/// What is done with a datagram of the endpoint, or with its record, before it is judged.
#[derive(Clone, Copy)]
struct Tamper {
    datagram: fn(Datagram) -> Datagram,
    record: fn(&mut PersonRecord),
}

const HONEST: Tamper = Tamper { datagram: |datagram| datagram, record: |_| {} };

pub(super) fn examine(bytes: &[u8]) -> Verdict {
    examine_endpoint(HONEST, bytes)
}

struct Trial {
    tamper: Tamper,
    endpoint: Endpoint,
    now: Timestamp,
    /// The server's end of the endpoint's present connection.
    server: Option<(PeerId, Channel)>,
    senders: Senders,
    /// Numbers of the endpoint's requests that wait for an answer.
    requests: Vec<u32>,
    /// The request by which the endpoint last asked to come in.
    asked: u32,
}

fn examine_endpoint(tamper: Tamper, bytes: &[u8]) -> Verdict {
    let mut input = Input::new(bytes);
    let mut trial = Trial {
        tamper,
        endpoint: Endpoint::new(&SCENARIO, PersonIndex(1), Seed::new(7), MARKER),
        now: Timestamp::from_millis(1),
        server: None,
        senders: Senders::default(),
        requests: Vec::new(),
        asked: 0,
    };
    trial.join()?;
    // Through set-up, as only a server that answers gets anywhere.
    trial.pass_time(Duration::from_secs(1))?;
    for _ in 0..STEPS_MAX {
        if input.is_empty() {
            break;
        }
        trial.step(&mut input)?;
    }
    trial.finish()
}

impl Trial {
    fn step(&mut self, input: &mut Input<'_>) -> Verdict {
        match input.byte() % 24 {
            0..=7 => {
                let requests = (self.asked, &mut self.requests);
                match message::message(self.now, input, &mut self.senders, requests) {
                    Some(message) => self.say(message),
                    None => self.serve(),
                }
            }
            8 => self.say(input.run().to_vec()),
            9 => self.deliver(Wire::Signalling, input.run().to_vec()),
            10 => self.deliver(Wire::Media, input.run().to_vec()),
            11..=16 => {
                for packet in self.senders.packets(input) {
                    self.deliver(Wire::Media, packet)?;
                }
                Ok(())
            }
            17 => {
                let compound = self.senders.feedback(input);
                self.deliver(Wire::Media, compound)
            }
            18 => {
                let millis = Duration::from_millis(u64::from(input.number()));
                self.pass_time(millis.min(TIME_MAX))
            }
            19 => self.act(input),
            _ => self.pass_time(Duration::from_millis(u64::from(input.byte()))),
        }
    }

    fn join(&mut self) -> Verdict {
        let link = LinkToken { conference: ConferenceId(1), token: Token::from_bytes([1; 16]) };
        self.endpoint.join(self.now, &FullLink { link, secret: Some(SECRET) });
        self.drain()
    }

    fn act(&mut self, input: &mut Input<'_>) -> Verdict {
        let action = match input.below(6) {
            0 => return self.join(),
            1 => Action::Leave,
            2 => Action::CameraOff,
            3 => Action::CameraOn,
            4 => Action::StopScreen,
            _ => Action::ShareScreen,
        };
        self.endpoint.handle_action(self.now, action, &SCENARIO, &Mailbox::default());
        self.drain()
    }

    /// A message of the server, by the channel as it should be.
    fn say(&mut self, message: Vec<u8>) -> Verdict {
        let now = self.now;
        if let Some((_, channel)) = &mut self.server {
            channel.send(now, message);
        }
        self.serve()
    }

    fn deliver(&mut self, channel: Wire, bytes: Vec<u8>) -> Verdict {
        let Some((peer, _)) = self.server else { return Ok(()) };
        let datagram = Datagram { peer, channel, bytes: Bytes::from(bytes) };
        self.endpoint.handle_datagram(self.now, &datagram);
        self.drain()
    }

    /// Time goes by, and the endpoint is called when it wants to be.
    fn pass_time(&mut self, time: Duration) -> Verdict {
        let end = self.now + time;
        for call in 0.. {
            let Some(due) = self.endpoint.poll_timeout().filter(|due| *due <= end) else { break };
            require(call < CALLS_MAX, || format!("{call} calls within {time:?}"))?;
            self.now = self.now.max(due);
            self.endpoint.handle_timeout(self.now);
            self.drain()?;
            require(self.endpoint.poll_timeout().is_none_or(|next| next > self.now), || {
                format!("at {} the next timeout is {:?}", self.now, self.endpoint.poll_timeout())
            })?;
        }
        self.now = end;
        if let Some((_, channel)) = &mut self.server
            && channel.poll_timeout().is_some_and(|at| at <= end)
        {
            channel.handle_timeout(end);
        }
        if let Some(group) = &mut self.senders.group {
            group.advance(end);
        }
        self.serve()
    }

    /// What the endpoint has to say reaches the server at once.
    fn drain(&mut self) -> Verdict {
        let mut count = 0;
        while let Some(datagram) = self.endpoint.poll_datagram() {
            count += 1;
            require(count <= DATAGRAMS_MAX, || format!("{count} datagrams at once"))?;
            self.on_datagram(&(self.tamper.datagram)(datagram))?;
        }
        while self.endpoint.poll_observation().is_some() {}
        while self.endpoint.poll_mail().is_some() {}
        Ok(())
    }

    fn on_datagram(&mut self, datagram: &Datagram) -> Verdict {
        let bytes = &datagram.bytes;
        match datagram.channel {
            Wire::Media => judge_media(bytes),
            Wire::Signalling => {
                require(bytes.len() <= SEGMENT_BYTES_MAX, || format!("a segment of {} bytes", bytes.len()))?;
                let now = self.now;
                let server = self.server.take().filter(|(peer, _)| *peer == datagram.peer);
                let (_, channel) =
                    self.server.insert(server.unwrap_or_else(|| (datagram.peer, Channel::accept(now))));
                channel.handle_segment(now, bytes);
                while let Some(message) = channel.poll_message() {
                    let said = ClientMessage::decode(&message).map_err(|reason| {
                        format!("{reason:?}: the client says {}", String::from_utf8_lossy(&message))
                    })?;
                    self.senders.on_request(now, &said);
                    if let Request::Join { .. } = said.body {
                        self.asked = said.request;
                    } else {
                        self.requests.push(said.request);
                    }
                }
                Ok(())
            }
        }
    }

    /// What the server's end of the channel has to send.
    fn serve(&mut self) -> Verdict {
        self.drain()?;
        for _ in 0..64 {
            let now = self.now;
            if let (Some(group), Some((_, channel))) = (&mut self.senders.group, &mut self.server) {
                while let Some(message) = group.poll_message() {
                    channel.send(now, message.encode());
                }
            }
            let segment = self.server.as_mut().and_then(|(_, channel)| channel.poll_segment(now));
            let Some(segment) = segment else { return Ok(()) };
            self.deliver(Wire::Signalling, segment)?;
        }
        Ok(())
    }

    fn finish(self) -> Verdict {
        let sealed = self.senders.sealed();
        let mut record = self.endpoint.finish(self.now, "office");
        (self.tamper.record)(&mut record);
        let frames = &record.frames;
        require(frames.decoded <= frames.opened, || {
            format!("played without having been opened: {frames:?}")
        })?;
        require(frames.opened <= sealed, || format!("{sealed} frames were sealed, and {frames:?}"))
    }
}

/// What leaves is media or feedback that a server can read, and no plaintext.
fn judge_media(bytes: &[u8]) -> Verdict {
    require(bytes.len() <= DATAGRAM_BYTES_MAX, || format!("{} bytes of media", bytes.len()))?;
    let plain = bytes.windows(MARKER.len()).any(|window| window == MARKER);
    require(!plain, || "plaintext leaves the endpoint".to_owned())?;
    match demux(bytes) {
        Protocol::Rtp => RtpView::parse(bytes).map(drop),
        Protocol::Rtcp => rtcp::read(bytes, |_| {}),
        Protocol::Other => return Err("the endpoint sends what is neither RTP nor RTCP".to_owned()),
    }
    .map_err(|reason| format!("the endpoint sends what is refused: {reason:?}"))
}
