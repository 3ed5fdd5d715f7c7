//! What a datagram costs that nobody has authenticated: from an address or under a name that the transports do not know, or with
//! a wrong tag, beside a floor that reads a header and looks the address up among as many. Each is dropped for the reason that is
//! measured, or the bench ends.

use std::{collections::BTreeMap, hint::black_box, net::SocketAddr, process::ExitCode, time::Duration};

use benches::{
    paired::{Contender, is_measured, now, time},
    tally::{Tally, Work},
};
use media_core::{
    DropReason, PeerId, Timestamp,
    limits::CHECKS_PER_CONNECTION,
    transport::{Certificate, Received, TransportConfig, Transports},
};
use stun_types::{
    attribute::Username,
    message::{
        BINDING, IntegrityAlgorithm, Message, MessageClass, MessageType, MessageWrite as _,
        MessageWriteExt as _, MessageWriteVec, ShortTermCredentials,
    },
};

const OFFER: &str = include_str!("../../fixtures/sdp/rtc.sdp");
/// Connections that there are, each from an address of its own.
const CONNECTIONS: u32 = 500;
const BATCH: u64 = 200;
/// A lookup among addresses may cost so many times what the floor's costs.
const MOST_OF_LOOKUPS: f64 = 1.5;
/// And a check whose name or tag has to be looked at: STUN is read, and HMAC-SHA-1 goes over a hundred bytes.
const MOST_OF_TAGS: f64 = 12.0;

fn main() -> ExitCode {
    if !is_measured() {
        return ExitCode::SUCCESS;
    }
    let mut tally = Tally::begin("stranger");
    let long = |first: u8| [vec![first], vec![0x5A; 1_199]].concat();
    let record = [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 4, 0], &long(1)[..]].concat();
    let hall = || Hall::new().with_everybody_known();
    let name = Hall::new().name;
    let nobody = check("nobody:stranger", WRONG);
    let wrong = check(&name, WRONG);
    let (unknown, limit) = (DropReason::UnknownConnection, DropReason::HandshakeLimit);
    let mut contenders = [
        floor(&long(0x80)),
        stranger("RTP from an unknown address", MOST_OF_LOOKUPS, hall(), long(0x80), unknown),
        stranger("DTLS from an unknown address", MOST_OF_LOOKUPS, hall(), record, unknown),
        stranger("no protocol", MOST_OF_LOOKUPS, hall(), long(0xff), DropReason::UnknownProtocol),
        stranger("a check of an unknown name", MOST_OF_TAGS, hall(), nobody, unknown),
        stranger(
            "a check of a known name with a wrong tag, beyond the limit",
            MOST_OF_TAGS,
            hall().asked_too_often(),
            wrong.clone(),
            limit,
        ),
        stranger(
            "a check of a known name with a wrong tag, within the limit",
            MOST_OF_TAGS,
            hall().patient(),
            wrong,
            DropReason::BadTag,
        ),
    ];
    tally.compare(&Work::of("datagram"), &mut contenders, BATCH);
    tally.finish()
}

/// A password that nobody has.
const WRONG: &str = "a password that nobody has";

/// Transports with many connections.
struct Hall {
    transports: Transports,
    /// The user name of checks, and the password, of each.
    keys: Vec<(String, String)>,
    /// The user name by which checks of the first are known.
    name: String,
    now: Timestamp,
    /// How much later each datagram comes than the one before.
    pause: Duration,
}

impl Hall {
    fn new() -> Self {
        let certificate = Certificate {
            certificate: include_bytes!("../../fixtures/webrtc/certificate.der").to_vec(),
            private_key: include_bytes!("../../fixtures/webrtc/private-key.der").to_vec(),
        };
        let config = TransportConfig {
            certificate,
            crypto: dimpl::crypto::aws_lc_rs::default_provider(),
            anchor: now(),
            candidates: vec![SocketAddr::from(([192, 0, 2, 1], 3_478))],
            seed: [1; 32],
        };
        let mut transports = Transports::new(config).expect("the provider has all of DTLS");
        let answers = (1..=CONNECTIONS).map(|peer| {
            let negotiated = transports.negotiate(Timestamp::ZERO, PeerId(peer), OFFER, &[]);
            let answer = negotiated.expect("the offer can be served").answer;
            let name = format!("{}:{}", value(&answer, "a=ice-ufrag:"), value(OFFER, "a=ice-ufrag:"));
            (name, value(&answer, "a=ice-pwd:").to_owned())
        });
        let keys: Vec<_> = answers.collect();
        let name = keys[0].0.clone();
        Self { transports, keys, name, now: Timestamp::ZERO, pause: Duration::ZERO }
    }

    /// Everybody has checked a path.
    fn with_everybody_known(mut self) -> Self {
        for (number, (name, password)) in self.keys.iter().enumerate() {
            let from = known_address(number as u64);
            let received = self.transports.handle_datagram(self.now, from, check(name, password));
            assert!(matches!(received, Received::Handled), "{received:?}");
        }
        while self.transports.poll_datagram().is_some() {}
        assert_eq!(self.transports.counts().addresses, CONNECTIONS as usize);
        self
    }

    /// The first was asked as often as it looks at tags.
    fn asked_too_often(mut self) -> Self {
        for _ in 0..CHECKS_PER_CONNECTION.burst {
            self.transports.handle_datagram(self.now, unknown_address(0), check(&self.name, WRONG));
        }
        self
    }

    /// Who asks, asks no more often than tags are looked at.
    fn patient(mut self) -> Self {
        self.pause = CHECKS_PER_CONNECTION.interval;
        self
    }
}

/// What stands behind this in a line of a description.
fn value<'a>(description: &'a str, start: &str) -> &'a str {
    description.lines().find_map(|line| line.strip_prefix(start)).expect("the line is there").trim()
}

/// A check under this name, with a tag by this password.
fn check(username: &str, password: &str) -> Vec<u8> {
    let kind = MessageType::from_class_method(MessageClass::Request, BINDING);
    let mut request = Message::builder(kind, 7_u128.into(), MessageWriteVec::new());
    request.add_attribute(&Username::new(username).expect("short")).expect("it fits");
    let key = ShortTermCredentials::new(password.to_owned()).make_key();
    request.add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1).expect("it fits");
    request.add_fingerprint().expect("it fits");
    request.finish()
}

/// Of a connection; between two of them many are unknown.
fn known_address(number: u64) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 1], 10_000 + 40 * number as u16))
}

fn unknown_address(number: u64) -> SocketAddr {
    let port = 10_000 + number % (40 * u64::from(CONNECTIONS));
    SocketAddr::from(([203, 0, 113, 1], port as u16 | 1))
}

/// Who hands over a copy of a datagram, from another address each time, and is turned away for this reason.
fn stranger(
    name: &'static str,
    most: f64,
    mut hall: Hall,
    datagram: Vec<u8>,
    expected: DropReason,
) -> Contender {
    let mut number = 0;
    let run = move |work| {
        time(|| {
            for _ in 0..work {
                number += 1;
                hall.now = hall.now + hall.pause;
                let received =
                    hall.transports.handle_datagram(hall.now, unknown_address(number), datagram.clone());
                let Received::Dropped { reason, .. } = black_box(received) else {
                    panic!("{name}: it is taken")
                };
                assert_eq!(reason, expected, "{name}");
            }
        })
    };
    Contender { name, most: Some(most), run: Box::new(run) }
}

fn floor(datagram: &[u8]) -> Contender {
    let known: BTreeMap<SocketAddr, u64> =
        (0..u64::from(CONNECTIONS)).map(|number| (known_address(number), number)).collect();
    let datagram = datagram.to_vec();
    let mut number = 0;
    let run = move |work: u64| -> Duration {
        time(|| {
            for _ in 0..work {
                number += 1;
                let copy = datagram.clone();
                let header: u32 = copy.iter().take(20).map(|byte| u32::from(*byte)).sum();
                black_box((header, known.get(&unknown_address(number))));
            }
        })
    };
    Contender { name: "floor", most: None, run: Box::new(run) }
}
