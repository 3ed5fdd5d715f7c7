//! Owns the rules about single files, with examples of what each refuses and lets pass.

use super::tree::SourceFile;

/// Lines that a file may have.
const LINES_MAX: usize = 450;
/// Names that say nothing about what a file owns.
const EMPTY_NAMES: &[&str] = &["common", "helper", "helpers", "manager", "misc", "shared", "util", "utils"];
/// The module that holds keys of conferences, and the crates that it is made of.
const END_TO_END: &[&str] = &["e2ee", "aws_lc_rs", "sframe", "openmls", "hpke", "p256"];
/// What would bring time, randomness or a runtime into the engine other than by its callers.
const OUTSIDE_WORLD: &[&str] = &[
    "Instant",
    "OsRng",
    "SysRng",
    "SystemRandom",
    "SystemTime",
    "getrandom",
    "rand",
    "thread_local",
    "thread_rng",
    "tokio",
    "turmoil",
];
/// Parts of `std` that reach outside the program.
const STD_OUTSIDE: &[&str] = &["env", "fs", "net", "os", "process", "thread"];

/// One rule about single files.
pub(super) struct Rule {
    pub(super) name: &'static str,
    /// Whether the rule is about the file of this path.
    pub(super) applies: fn(&str) -> bool,
    /// What the file has against the rule: line and words.
    pub(super) faults: fn(&SourceFile) -> Vec<(usize, String)>,
    /// Paths that may break it, with the reason.
    pub(super) exceptions: &'static [(&'static str, &'static str)],
    /// Paths and texts that it refuses.
    pub(super) broken: &'static [(&'static str, &'static str)],
    /// Paths and texts that it lets pass, or that it is not about.
    pub(super) sound: &'static [(&'static str, &'static str)],
}

impl Rule {
    pub(super) fn breaches(&self, file: &SourceFile) -> Vec<String> {
        let told = |(line, what)| format!("{}:{line}: {what} ({})", file.path, self.name);
        (self.faults)(file).into_iter().map(told).collect()
    }

    pub(super) fn is_excepted(&self, path: &str) -> bool {
        self.exceptions.iter().any(|(excepted, _)| *excepted == path)
    }
}

/// All rules about single files.
pub(super) const RULES: &[Rule] = &[
    Rule {
        name: "a file says at its top what it owns",
        applies: everywhere,
        faults: |file| {
            let says = file.text.strip_prefix("//! ").is_some_and(|rest| !rest.trim_start().is_empty());
            if says { Vec::new() } else { vec![(1, "no `//!` in the first line".to_owned())] }
        },
        exceptions: &[],
        broken: &[
            ("sim/src/a.rs", "use std::fmt;\n"),
            ("sim/src/a.rs", "/// Owns nothing.\n//! Late.\nfn f() {}\n"),
            ("sim/src/a.rs", "\n//! Late.\n"),
            ("benches/benches/a.rs", ""),
        ],
        sound: &[("sim/src/a.rs", "//! Owns a.\n\nfn f() {}\n")],
    },
    Rule {
        name: "a file has at most 450 lines",
        applies: everywhere,
        faults: |file| {
            let lines = file.text.lines().count();
            if lines > LINES_MAX { vec![(lines, format!("{lines} lines"))] } else { Vec::new() }
        },
        exceptions: &[],
        broken: &[("sim/src/a.rs", blank_lines(&[b'\n'; LINES_MAX + 1]))],
        sound: &[("sim/src/a.rs", blank_lines(&[b'\n'; LINES_MAX]))],
    },
    Rule {
        name: "a file is named for the one thing it owns",
        applies: everywhere,
        faults: |file| {
            let parts = file.path.split('/').map(|part| part.trim_end_matches(".rs"));
            let empty = parts.filter(|part| EMPTY_NAMES.contains(part));
            empty.map(|part| (1, format!("`{part}` says nothing about what is in it"))).collect()
        },
        exceptions: &[],
        broken: &[
            ("sim/src/utils.rs", ""),
            ("sim/src/helpers/queue.rs", ""),
            ("conformance/tests/common/mod.rs", ""),
        ],
        sound: &[("sim/src/link/queue.rs", "")],
    },
    Rule {
        name: "lints are expected with a reason, never allowed",
        applies: everywhere,
        faults: |file| {
            let attributes = [&["#", "[", "allow"][..], &["#", "!", "[", "allow"]];
            let plain = attributes.into_iter().flat_map(|sequence| file.places_of(sequence));
            let under_condition = file.places_of(&[",", "allow", "("]);
            let unreasoned = file.places_of(&["[", "expect", "("]).filter(|&place| {
                let attribute = file.tokens[place..].iter().take_while(|token| token.text != "]");
                attribute.into_iter().all(|token| token.text != "reason")
            });
            let told =
                |place: usize| (file.tokens[place].line, "`allow`, or `expect` without a reason".to_owned());
            plain.chain(under_condition).chain(unreasoned).map(told).collect()
        },
        exceptions: &[],
        broken: &[
            ("sim/src/a.rs", "#[allow(dead_code)]\nfn f() {}"),
            ("sim/src/a.rs", "#![allow(clippy::all)]"),
            ("sim/src/a.rs", "#[cfg_attr(test, allow(dead_code))]\nfn f() {}"),
            ("sim/src/a.rs", "#[expect(dead_code)]\nfn f() {}"),
        ],
        sound: &[
            ("sim/src/a.rs", "#[expect(dead_code, reason = \"read by a derive\")]\nfn f() {}"),
            ("sim/src/a.rs", "fn f() { if window.allow(7) {} }"),
        ],
    },
    Rule {
        name: "nothing is left for later",
        applies: everywhere,
        faults: |file| {
            let macros = [["todo", "!"], ["unimplemented", "!"], ["dbg", "!"]];
            let told = |place: usize| (file.tokens[place].line, format!("`{}!`", file.tokens[place].text));
            macros.iter().flat_map(|call| file.places_of(call)).map(told).collect()
        },
        exceptions: &[],
        broken: &[
            ("sim/src/a.rs", "fn f() { todo!() }"),
            ("sim/src/a.rs", "fn f() { std::unimplemented!(\"later\") }"),
            ("benches/benches/a.rs", "fn f() { dbg!(1); }"),
        ],
        sound: &[("conformance/src/a.rs", "fn f() { status.todo = \"todo!\"; }")],
    },
    Rule {
        name: "there is no unsafe code",
        applies: everywhere,
        faults: |file| named(file, &["unsafe"]),
        exceptions: &[
            (
                "repeatable/src/interpose.rs",
                "functions of the C library can be replaced in no other way; no server has this crate",
            ),
            ("repeatable/tests/threads.rs", "calls those functions as C does"),
        ],
        broken: &[
            ("sim/src/a.rs", "fn f() { unsafe { g() } }"),
            ("sim/src/a.rs", "unsafe impl Send for A {}"),
        ],
        sound: &[("sim/src/a.rs", "#![forbid(unsafe_code)]\n// unsafe\n")],
    },
    Rule {
        name: "iteration has one order: no hashed containers",
        applies: |path| {
            ["media-core/src/", "media-node/src/", "sim/src/", "conformance/src/"]
                .iter()
                .any(|dir| path.starts_with(dir))
        },
        faults: |file| named(file, &["HashMap", "HashSet", "RandomState"]),
        exceptions: &[],
        broken: &[
            ("media-core/src/a.rs", "use std::collections::HashMap;"),
            ("sim/src/a.rs", "fn f() { let seen = std::collections::HashSet::<u8>::new(); }"),
            ("conformance/src/a.rs", "use std::hash::RandomState;"),
        ],
        sound: &[
            ("sim/src/a.rs", "use std::collections::BTreeMap;"),
            ("conformance/tests/a.rs", "use std::collections::HashSet;"),
        ],
    },
    Rule {
        name: "time, randomness and the outside world come into media-core from its callers",
        applies: |path| path.starts_with("media-core/src/"),
        faults: |file| {
            let mut faults = named(file, OUTSIDE_WORLD);
            faults.extend(outside_parts_of_std(file));
            faults
        },
        exceptions: &[
            (
                "media-core/src/e2ee/mls/provider.rs",
                "openmls calls the method `rand` by which it asks for randomness; here it is the caller's",
            ),
            ("media-core/src/transport.rs", "takes the caller's moment zero in the clock of the DTLS crate"),
            ("media-core/src/transport/dtls.rs", "counts from that moment; it asks no clock"),
            ("media-core/src/transport/tests/peer.rs", "counts from that moment, too"),
        ],
        broken: &[
            ("media-core/src/a.rs", "use std::time::Instant;"),
            ("media-core/src/a.rs", "use std::{fmt, time::{Duration, SystemTime}};"),
            ("media-core/src/a.rs", "fn f() { std::net::UdpSocket::bind(address); }"),
            ("media-core/src/a.rs", "use std::{collections::{BTreeMap, BTreeSet}, fs};"),
            ("media-core/src/a.rs", "use ::std::thread;"),
            ("media-core/src/a.rs", "use aws_lc_rs::rand::SystemRandom;"),
            ("media-core/src/a.rs", "fn f() { getrandom::fill(&mut key); }"),
            ("media-core/src/a.rs", "async fn f() { tokio::task::yield_now().await }"),
        ],
        sound: &[
            ("media-core/src/a.rs", "use std::{fmt, time::Duration};\nuse rand_core::Rng;"),
            ("media-core/src/a.rs", "fn f(env: u8) { let fs = env; }"),
            ("sim/src/a.rs", "use std::fs;"),
        ],
    },
    Rule {
        name: "the server cannot decrypt: nothing outside e2ee names it",
        applies: |path| {
            let inside = path == "media-core/src/e2ee.rs" || path.starts_with("media-core/src/e2ee/");
            path.starts_with("media-core/src/") && !inside
        },
        faults: |file| {
            // What protects a packet on its way to the server or from it needs the same ciphers, and none of the keys.
            let hop_by_hop = file.path.starts_with("media-core/src/transport/srtp/");
            let mut faults = named(file, END_TO_END);
            faults.retain(|(_, what)| !(hop_by_hop && what.contains("aws_lc_rs")));
            faults
        },
        exceptions: &[
            ("media-core/src/lib.rs", "declares the module for endpoints"),
            ("media-core/src/signalling/encryption.rs", "holds numbers of suites, which are only compared"),
            ("media-core/src/conference/tests/suites.rs", "tries which numbers are let in"),
        ],
        broken: &[
            ("media-core/src/forwarding/packets.rs", "use crate::e2ee::Opener;"),
            ("media-core/src/rtp.rs", "use super::{e2ee, media};"),
            ("media-core/src/conference/entry.rs", "fn f() { aws_lc_rs::aead::open(); }"),
            ("media-core/src/engine.rs", "use crate::e2ee;"),
            ("media-core/src/conference/delivery.rs", "use openmls::group::MlsGroup;"),
            ("media-core/src/transport/srtp/cipher.rs", "use crate::e2ee::Opener;"),
            ("media-core/src/transport.rs", "use aws_lc_rs::aead;"),
        ],
        sound: &[
            ("media-core/src/forwarding/packets.rs", "//! Knows nothing of e2ee.\n"),
            ("media-core/src/e2ee/opener.rs", "use crate::e2ee::key;"),
            ("media-core/src/transport/srtp/cipher.rs", "use aws_lc_rs::aead;"),
            ("sim/src/endpoint.rs", "use media_core::e2ee::Opener;"),
        ],
    },
    Rule {
        name: "only the world and the server know tokio, and only the world turmoil",
        applies: |path| path != "sim/src/world.rs" && !path.starts_with("sim/src/world/"),
        faults: |file| {
            let server = file.path.starts_with("media-node/");
            named(file, if server { &["turmoil"] } else { &["tokio", "turmoil"] })
        },
        exceptions: &[],
        broken: &[
            ("sim/src/run.rs", "use turmoil::Builder;"),
            ("sim/src/worldly.rs", "async fn f() { tokio::time::sleep(d).await }"),
            ("conformance/src/a.rs", "use turmoil as network;"),
            ("media-core/src/a.rs", "use tokio::net::UdpSocket;"),
            ("media-node/src/a.rs", "use turmoil::net::UdpSocket;"),
        ],
        sound: &[
            ("sim/src/world.rs", "use turmoil::Builder;"),
            ("sim/src/world/batch.rs", "use tokio::time;"),
            ("media-node/src/a.rs", "use tokio::net::UdpSocket;"),
            ("sim/src/run.rs", "/// The cost of a turmoil tick.\nfn f() {}"),
        ],
    },
    Rule {
        name: "participants and the observer know the server's messages and never its engine",
        applies: |path| {
            let endpoint = path == "sim/src/endpoint.rs" || path.starts_with("sim/src/endpoint/");
            endpoint || path == "sim/src/tap.rs"
        },
        faults: |file| {
            let mut faults = named(file, &["Directory", "Engine", "ForwardedRtp", "Forwarder"]);
            let modules = [["engine", ":", ":"], ["forwarding", ":", ":"]];
            let told = |place: usize| (file.tokens[place].line, format!("`{}::`", file.tokens[place].text));
            faults.extend(modules.iter().flat_map(|path| file.places_of(path)).map(told));
            faults
        },
        exceptions: &[],
        broken: &[
            ("sim/src/endpoint.rs", "use media_core::engine::Event;"),
            ("sim/src/endpoint/media.rs", "use media_core::{e2ee::Opener, forwarding::TrackReport};"),
            ("sim/src/tap.rs", "fn f(engine: &Engine) {}"),
        ],
        sound: &[
            ("sim/src/endpoint.rs", "use media_core::{conference, signalling::ServerMessage};"),
            ("sim/src/media_node.rs", "use media_core::engine::Engine;"),
        ],
    },
    Rule {
        name: "the reference model and what draws scenarios know the scenario's vocabulary and nothing of the engine",
        applies: |path| {
            ["model", "arb"].iter().any(|module| {
                path == format!("conformance/src/{module}.rs")
                    || path.starts_with(&format!("conformance/src/{module}/"))
            })
        },
        faults: |file| named(file, &["media_core", "media_node", "Engine", "Directory"]),
        exceptions: &[],
        broken: &[
            ("conformance/src/model.rs", "use media_core::conference::Directory;"),
            ("conformance/src/model/entry.rs", "use media_core::signalling::Refusal;"),
            ("conformance/src/arb/plan.rs", "use sim::media_node::MediaNode;"),
        ],
        sound: &[
            ("conformance/src/model/entry.rs", "use sim::scenario::{Mode, Refusal};"),
            ("conformance/src/oracle/wire.rs", "use media_core::signalling::Request;"),
        ],
    },
];

fn everywhere(_: &str) -> bool {
    true
}

const fn blank_lines(lines: &'static [u8]) -> &'static str {
    match std::str::from_utf8(lines) {
        Ok(text) => text,
        Err(_) => panic!("newlines are UTF-8"),
    }
}

fn named(file: &SourceFile, names: &[&str]) -> Vec<(usize, String)> {
    let found = file.tokens.iter().filter(|token| names.contains(&token.text.as_str()));
    found.map(|token| (token.line, format!("`{}`", token.text))).collect()
}

/// The parts of `std` that reach outside, in `std::fs` as well as in `std::{fmt, fs}`.
fn outside_parts_of_std(file: &SourceFile) -> Vec<(usize, String)> {
    let mut faults = Vec::new();
    for place in file.places_of(&["std", ":", ":"]) {
        let mut depth = 0_usize;
        let mut begins = true;
        for token in &file.tokens[place + 3..] {
            if begins && depth <= 1 && STD_OUTSIDE.contains(&token.text.as_str()) {
                faults.push((token.line, format!("`std::{}`", token.text)));
            }
            match token.text.as_str() {
                "{" => depth += 1,
                "}" => depth = depth.saturating_sub(1),
                _ => {}
            }
            begins = matches!(token.text.as_str(), "{" | ",");
            if depth == 0 {
                break;
            }
        }
    }
    faults
}
