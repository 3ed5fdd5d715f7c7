//! Owns the targets at which bytes from the network are thrown (SEC-001): for each reader of such bytes a function from
//! any byte string to a verdict. A test, the gate and the coverage-guided fuzzer call the same functions; where the byte
//! strings come from is [`attack`]'s and the fuzzer's affair.
//!
//! Deliberately absent: mails and links, which travel in the simulation as values and never as bytes; recordings and
//! scenario files, which come from the user and not from the network.

mod attack;
mod channel;
mod corpus;
mod descriptor;
mod dialect;
mod endpoint;
mod input;
mod rtcp_compound;
mod rtp_packet;
mod sealed_frame;
mod server;
mod session_description;
mod signals;
mod transport;
mod video;

pub use attack::{Attack, Fault, attack};

/// What a target says to one input: nothing, or what was wrong. A panic is as wrong.
pub type Verdict = Result<(), String>;

/// Something that reads bytes from the network, and what must hold whatever they are.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name of its folder under `fixtures/corpus` and of its test.
    pub name: &'static str,
    /// What must hold, in a few words.
    pub claim: &'static str,
    /// Judges one input.
    pub examine: fn(&[u8]) -> Verdict,
    /// How many inputs are made for this target where the dearest gets one.
    pub share: u64,
}

/// Every target.
pub const TARGETS: [Target; 13] = [
    Target {
        name: "rtp-packet",
        claim: "a header that is read stays inside its packet and survives being written",
        examine: rtp_packet::examine,
        share: 20,
    },
    Target {
        name: "dependency-descriptor",
        claim: "descriptors and their structures are bounded and survive being written",
        examine: descriptor::examine,
        share: 20,
    },
    Target {
        name: "rtcp-compound",
        claim: "a compound says a bounded number of things, and each survives being written",
        examine: rtcp_compound::examine,
        share: 20,
    },
    Target {
        name: "client-signal",
        claim: "a request is bounded and has one form",
        examine: signals::examine_client,
        share: 20,
    },
    Target {
        name: "server-signal",
        claim: "a server's message has one form",
        examine: signals::examine_server,
        share: 20,
    },
    Target {
        name: "sealed-frame",
        claim: "only what was sealed opens, once, and to what was sealed",
        examine: sealed_frame::examine,
        share: 4,
    },
    Target {
        name: "session-description",
        claim: "an answer has the offer's sections and says the same again, and a refusal changes nothing",
        examine: session_description::examine,
        share: 4,
    },
    Target {
        name: "dialect",
        claim: "what is translated stays the packet that it was, and has only numbers of the session",
        examine: dialect::examine,
        share: 20,
    },
    Target {
        name: "transport",
        claim: "strangers get no answer and leave nothing behind, and nobody without keys ends a connection",
        examine: transport::examine,
        share: 1,
    },
    Target {
        name: "signalling-channel",
        claim: "messages arrive whole, in order and at last, and buffers are bounded",
        examine: channel::examine,
        share: 4,
    },
    Target {
        name: "video-assembly",
        claim: "frames come out whole, in order and once",
        examine: video::examine,
        share: 4,
    },
    Target {
        name: "endpoint",
        claim: "a participant stays bounded, says what a server can read, and plays only what it opened",
        examine: endpoint::examine,
        share: 1,
    },
    Target {
        name: "conference-server",
        claim: "the engine stays bounded, keeps its accounts, and forwards nothing that it must not",
        examine: server::examine,
        share: 1,
    },
];

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

impl Target {
    /// The inputs that are kept for this target, by the names of their files.
    pub fn corpus(&self) -> &'static [(&'static str, &'static [u8])] {
        corpus::of(self.name)
    }
}

fn require(holds: bool, otherwise: impl FnOnce() -> String) -> Verdict {
    if holds { Ok(()) } else { Err(otherwise()) }
}
