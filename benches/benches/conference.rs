//! What letting people in costs: the fiftieth of a conference, and fifty one after the other. Each joins and asks for a picture.
//! The floor reads the same requests and copies the bytes of everything that goes out because of them.

use std::{hint::black_box, process::ExitCode};

use benches::{
    fixed, signals,
    small::{self, Group, prepared},
    tally::Work,
};
use bytes::Bytes;
use media_core::{
    MediaKind, PeerId, Timestamp,
    engine::{Engine, Input, Outgoing, Output, Transmit},
    signalling::{ClientMessage, LinkToken},
};

const PEOPLE: u32 = 50;

/// What goes back and forth when those come in.
struct Talk {
    requests: Vec<Vec<u8>>,
    answers: Vec<Bytes>,
}

impl Talk {
    fn of((mut engine, link): (Engine, LinkToken), peers: impl Iterator<Item = u32>) -> Self {
        let mut talk = Self { requests: Vec::new(), answers: Vec::new() };
        for peer in peers.map(PeerId) {
            let watch = signals::watch(signals::HOST_PARTICIPANT, MediaKind::Camera);
            for message in [signals::join(&link), watch] {
                let input = Input::Signal { peer, message: &message };
                engine.handle_input(Timestamp::ZERO, input).expect("time stands still");
                talk.requests.push(message);
                talk.drain(&mut engine);
            }
        }
        talk
    }

    fn drain(&mut self, engine: &mut Engine) {
        loop {
            match engine.poll_output() {
                Output::Timeout(..) => return,
                Output::Transmit(Transmit { packet: Outgoing::Signal(message), .. }) => {
                    self.answers.push(message);
                }
                Output::Transmit(_) | Output::Event(_) | Output::Offered { .. } => {}
            }
        }
    }

    fn repeat(&self, mut out: Vec<u8>) -> Vec<u8> {
        for request in &self.requests {
            black_box(ClientMessage::decode(request).is_ok());
        }
        for answer in &self.answers {
            out.clear();
            out.extend_from_slice(answer);
            black_box(&out);
        }
        out
    }
}

/// Those from `first` on come into a conference of the others.
fn group(name: &'static str, first: u32, batch: u64) -> Group {
    let before = move || fixed::conference(first - 1, PEOPLE);
    let talk = Talk::of(before(), first..=PEOPLE);
    assert!(talk.answers.len() > talk.requests.len(), "everybody is told of those who come in");
    Group {
        work: Work::of(name),
        has_statistics: false,
        batch,
        contenders: vec![
            prepared("floor", None, || Vec::with_capacity(1 << 16), move |out| talk.repeat(out)),
            prepared("engine", None, before, move |(mut engine, link)| {
                for peer in first..=PEOPLE {
                    fixed::come_in(&mut engine, &link, peer);
                }
                engine
            }),
        ],
    }
}

fn main() -> ExitCode {
    small::run(
        "conference",
        vec![group("conference/the fiftieth", PEOPLE, 1), group("conference/all after the host", 2, 1)],
    )
}
