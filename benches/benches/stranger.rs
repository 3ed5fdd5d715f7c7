//! What a datagram costs that nobody has authenticated: from an address or under a name that the transports do not know, or with
//! a wrong tag, beside a floor that reads a header and looks the address up among as many.

use std::{collections::BTreeMap, hint::black_box, net::SocketAddr, process::ExitCode, time::Duration};

use benches::{
    paired::{Contender, is_measured, now, time},
    tally::{Tally, Work},
};
use media_core::{
    PeerId, Timestamp,
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
/// Connections that there are.
const CONNECTIONS: u32 = 500;
const BATCH: u64 = 200;

fn main() -> ExitCode {
    if !is_measured() {
        return ExitCode::SUCCESS;
    }
    let mut tally = Tally::begin("stranger");
    let (_, name) = transports();
    let long = |first: u8| [vec![first], vec![0x5A; 1_199]].concat();
    let datagrams = [
        ("RTP from an unknown address", long(0x80)),
        (
            "DTLS from an unknown address",
            [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 4, 0], &long(1)[..]].concat(),
        ),
        ("no protocol", long(0xff)),
        ("a check of an unknown name", check("nobody:stranger")),
        ("a check of a known name with a wrong tag, beyond the limit", check(&name)),
    ];
    let mut contenders = vec![floor(&long(0x80))];
    contenders.extend(datagrams.map(|(name, datagram)| stranger(name, datagram)));
    tally.compare(&Work::of("datagram"), &mut contenders, BATCH);
    tally.finish()
}

/// Transports with many connections, and the user name by which checks of the first are known.
fn transports() -> (Transports, String) {
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
    let mut answers = (1..=CONNECTIONS).map(|peer| {
        let negotiated = transports.negotiate(Timestamp::ZERO, PeerId(peer), OFFER, &[]);
        negotiated.expect("the offer can be served").answer
    });
    let first = answers.next().expect("there are some");
    assert_eq!(answers.count(), CONNECTIONS as usize - 1);
    let own = first.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).expect("an answer has a name");
    let theirs =
        OFFER.lines().find_map(|line| line.strip_prefix("a=ice-ufrag:")).expect("an offer has a name");
    (transports, format!("{}:{}", own.trim(), theirs.trim()))
}

/// A check under this name with a tag by a password that nobody has.
fn check(username: &str) -> Vec<u8> {
    let kind = MessageType::from_class_method(MessageClass::Request, BINDING);
    let mut request = Message::builder(kind, 7_u128.into(), MessageWriteVec::new());
    request.add_attribute(&Username::new(username).expect("short")).expect("it fits");
    let key = ShortTermCredentials::new("a password that nobody has".to_owned()).make_key();
    request.add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1).expect("it fits");
    request.add_fingerprint().expect("it fits");
    request.finish()
}

fn address(number: u64) -> SocketAddr {
    SocketAddr::from(([203, 0, 113, 1], 10_000 + (number % 20_000) as u16))
}

/// Who hands over a copy of a datagram, from another address each time.
fn stranger(name: &'static str, datagram: Vec<u8>) -> Contender {
    let (mut transports, _) = transports();
    let mut number = 0;
    let run = move |work| {
        time(|| {
            for _ in 0..work {
                number += 1;
                let received = transports.handle_datagram(Timestamp::ZERO, address(number), datagram.clone());
                assert!(matches!(black_box(received), Received::Dropped { .. }));
            }
        })
    };
    Contender { name, most: None, run: Box::new(run) }
}

fn floor(datagram: &[u8]) -> Contender {
    let known: BTreeMap<SocketAddr, u64> =
        (0..u64::from(CONNECTIONS)).map(|number| (address(40 * number), number)).collect();
    let datagram = datagram.to_vec();
    let mut number = 1;
    let run = move |work: u64| -> Duration {
        time(|| {
            for _ in 0..work {
                number += 40;
                let copy = datagram.clone();
                let header: u32 = copy.iter().take(20).map(|byte| u32::from(*byte)).sum();
                black_box((header, known.get(&address(number))));
            }
        })
    };
    Contender { name: "floor", most: None, run: Box::new(run) }
}
