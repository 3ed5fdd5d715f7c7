//! Owns all clients of one server: one publishes at the pace of a real sender, and everybody else receives and says how.

use std::{
    io,
    time::{Duration, Instant},
};

use benches::broadcast::{Load, Publisher};
use media_core::{
    Ssrc, Timestamp,
    rtp::{
        RtpView,
        rtcp::{self, ReportBlock},
    },
};

use crate::{
    client::Client,
    clock::{now, pause},
    process::CpuTime,
    service::Service,
};

/// From look to look: as often as a client's thread would be woken.
pub(crate) const TURN: Duration = Duration::from_millis(2);
/// From report to report of one receiver (RFC 3550 section 6.2: 5 s at most for this many bits; browsers say a picture's each second).
const REPORT_INTERVAL: Duration = Duration::from_secs(1);
/// From one receiver's transport-wide feedback to its next, as browsers send it.
const ARRIVALS_INTERVAL: Duration = Duration::from_millis(100);
/// Everybody has to be connected within this time.
const PATIENCE: Duration = Duration::from_mins(1);
/// So many of those who watch open every packet.
const OPENING: usize = 5;
/// Resolution of arrival times, and ticks in a multiple of the reference time
/// (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).
const TICK: Duration = Duration::from_micros(250);
const TICKS_PER_REFERENCE: u64 = 256;

/// The clients of one server.
pub(crate) struct Hall {
    pub(crate) service: Box<dyn Service>,
    publisher: Client,
    source: Publisher,
    begun: Instant,
    pending: (Duration, Vec<u8>),
    audience: Vec<Listener>,
    sent: u64,
    buffer: Vec<u8>,
}

struct Listener {
    client: Client,
    next_report: Instant,
    next_arrivals: Instant,
    feedback_count: u8,
}

/// What happened so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Totals {
    /// Packets that were published.
    pub(crate) sent: u64,
    /// Of them, copies that came to those who watch.
    pub(crate) received: u64,
    /// Copies that those who open packets got, and those that were sound.
    pub(crate) opened: [u64; 2],
    /// What the server was charged with.
    pub(crate) cpu: CpuTime,
}

impl Hall {
    /// Lets everybody in.
    pub(crate) fn fill(
        mut service: Box<dyn Service>,
        load: Load,
        joined: bool,
        audience: usize,
    ) -> io::Result<Self> {
        let begun = now();
        let mut publisher = Client::new(begun, 0, load.payload_bytes(), (true, joined))?;
        publisher.begin(service.publish(publisher.local())?)?;
        let mut source = Publisher::new(load, Timestamp::ZERO);
        let pending = next(&mut source);
        let mut hall = Self {
            service,
            publisher,
            source,
            begun,
            pending,
            audience: Vec::new(),
            sent: 0,
            buffer: vec![0; 65_536],
        };
        hall.turn_until(|hall| hall.publisher.is_connected())?;
        for number in 1..=audience {
            let mut client = Client::new(now(), number, load.payload_bytes(), (number <= OPENING, joined))?;
            client.begin(hall.service.watch(client.local())?)?;
            let spread = |interval: Duration| now() + interval * number as u32 / audience as u32;
            hall.audience.push(Listener {
                client,
                next_report: spread(REPORT_INTERVAL),
                next_arrivals: spread(ARRIVALS_INTERVAL),
                feedback_count: 0,
            });
            hall.turn()?;
        }
        hall.turn_until(|hall| hall.audience.iter().all(|listener| listener.client.is_connected()))?;
        Ok(hall)
    }

    fn turn_until(&mut self, is_done: impl Fn(&Self) -> bool) -> io::Result<()> {
        let deadline = now() + PATIENCE;
        while !is_done(self) {
            if now() > deadline {
                return Err(io::Error::other(format!("{}: not everybody is connected", self.service.name())));
            }
            self.turn()?;
            pause(TURN);
        }
        Ok(())
    }

    /// Lets it go on for a while.
    pub(crate) fn go_on(&mut self, during: Duration) -> io::Result<()> {
        let end = now() + during;
        while now() < end {
            self.turn()?;
            pause(TURN);
        }
        Ok(())
    }

    fn turn(&mut self) -> io::Result<()> {
        self.publish()?;
        let wants_arrivals = self.service.wants_arrivals();
        for listener in &mut self.audience {
            let now = now();
            listener.client.turn(now, &mut self.buffer)?;
            listener.speak(now, self.begun, wants_arrivals)?;
        }
        Ok(())
    }

    fn publish(&mut self) -> io::Result<()> {
        let now = now();
        self.publisher.turn(now, &mut self.buffer)?;
        if std::mem::take(&mut self.publisher.wants_key_frame) {
            self.source.on_key_frame_wanted();
        }
        if !self.publisher.is_connected() {
            return Ok(());
        }
        let mut is_begun = false;
        // A frame leaves whole, as libwebrtc's pacer lets it (`PacingController::kDefaultBurstInterval`).
        while is_begun || self.pending.0 <= now - self.begun {
            let (_, packet) = std::mem::replace(&mut self.pending, next(&mut self.source));
            is_begun = RtpView::parse(&packet).is_ok_and(|view| !view.marker());
            self.publisher.send_rtp(packet)?;
            self.sent += 1;
        }
        Ok(())
    }

    pub(crate) fn totals(&mut self) -> io::Result<Totals> {
        let counts = || self.audience.iter().map(|listener| listener.client.counts);
        Ok(Totals {
            sent: self.sent,
            received: counts().map(|counts| counts.packets).sum(),
            opened: [
                counts().take(OPENING).map(|counts| counts.packets).sum(),
                counts().take(OPENING).map(|counts| counts.sound).sum(),
            ],
            cpu: self.service.process().cpu_time()?,
        })
    }
}

fn next(source: &mut Publisher) -> (Duration, Vec<u8>) {
    let (at, packet) = source.next_packet();
    (at.saturating_since(Timestamp::ZERO), packet)
}

impl Listener {
    fn speak(&mut self, now: Instant, begun: Instant, wants_arrivals: bool) -> io::Result<()> {
        let mut packet = Vec::new();
        if let Some((ssrc, highest_sequence)) = self.client.stream.filter(|_| self.next_report <= now) {
            self.next_report = now + REPORT_INTERVAL;
            let block = ReportBlock {
                ssrc: Ssrc(ssrc),
                fraction_lost: 0,
                cumulative_lost: 0,
                highest_sequence,
                jitter: 0,
                last_sender_report: 0,
                delay_since_last_sender_report: 0,
            };
            rtcp::write_receiver_report(Ssrc(1), &[block], &mut packet);
        }
        if self.next_arrivals <= now {
            self.next_arrivals = now + ARRIVALS_INTERVAL;
            if wants_arrivals {
                self.write_arrivals(begun, &mut packet);
            }
            self.client.arrivals.clear();
        }
        if packet.is_empty() { Ok(()) } else { self.client.send_rtcp(&packet) }
    }

    fn write_arrivals(&mut self, begun: Instant, packet: &mut Vec<u8>) {
        let arrivals = &mut self.client.arrivals;
        let Some(&(base, first)) = arrivals.first() else { return };
        // It is about everything that comes, and names one of the streams.
        let ssrc = self.client.stream.map_or(0, |(ssrc, _)| ssrc);
        let tick = |at: Instant| ((at - begun).as_nanos() / TICK.as_nanos()) as u64;
        let reference = tick(first) / TICKS_PER_REFERENCE;
        let mut before = reference * TICKS_PER_REFERENCE;
        let mut statuses: Vec<Option<i16>> = Vec::new();
        for &(number, at) in &*arrivals {
            let place = usize::from(number.wrapping_sub(base));
            // A number that went back, or far ahead, is told in no feedback.
            if place < statuses.len() || place > statuses.len() + 1_000 {
                continue;
            }
            statuses.resize(place, None);
            statuses.push(Some((tick(at) - before) as i16));
            before = tick(at);
        }
        rtcp::write_twcc(Ssrc(1), Ssrc(ssrc), base, reference as i32, self.feedback_count, &statuses, packet);
        self.feedback_count = self.feedback_count.wrapping_add(1);
    }
}
