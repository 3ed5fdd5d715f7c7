//! Owns the check that participants never learn each other's addresses (SEC-004). It looks at what the media node says in signalling
//! (with the answers to offers), in answers to ICE's checks and in RTCP; not into payloads of media, which their senders seal, and not
//! into what a sender says of itself to those who can open its frames.

use std::collections::{BTreeMap, BTreeSet};

use core::net::IpAddr;
use sim::{
    packet::person_of,
    scenario::PersonIndex,
    tap::{SeenAddresses, addresses_in},
};

use super::flows::Flows;
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    rehearsal::RunEvidence,
};

pub(super) const CHECKS: &[Check] = &[Check {
    name: "addresses-stay-with-the-media-node",
    requirements: &["SEC-004"],
    scenarios: &["webrtc", "webrtc-move"],
    judge: Judge::Run(addresses_stay),
}];

fn addresses_stay(evidence: &RunEvidence) -> Findings {
    let flows = Flows::new(evidence.run());
    let tap = &flows.run.server.tap;
    let SeenAddresses { of, told, checks, compounds } = &tap.addresses;
    let mut owners: BTreeMap<IpAddr, BTreeSet<PersonIndex>> = BTreeMap::new();
    for (peer, addresses) in of {
        for address in addresses {
            owners.entry(*address).or_default().insert(person_of(*peer));
        }
    }
    let mut findings = Findings::new();
    // Whoever shares an address, behind one router, knows it.
    let is_anothers = |address: &IpAddr, person| {
        owners.get(address).is_some_and(|owners: &BTreeSet<PersonIndex>| !owners.contains(&person))
    };
    for (peer, addresses) in told {
        let learned = addresses.iter().filter(|address| is_anothers(address, person_of(*peer))).count();
        findings.expect(learned == 0, || {
            format!("{} was told {learned} addresses of others beside signalling", flows.name(*peer))
        });
    }
    for message in &tap.messages {
        let text = message.body.encode();
        let mut mentioned = addresses_in(&text);
        let leaks = mentioned.any(|address| is_anothers(&address, person_of(message.peer)));
        findings.expect_at(!leaks, Some(message.at), || {
            format!("a message to {} has the address of somebody else", flows.name(message.peer))
        });
    }
    let people: BTreeSet<PersonIndex> = owners.values().flatten().copied().collect();
    findings.expect(people.len() >= 2, || "nobody's address could have been learned by another".to_owned());
    findings.expect(*checks > 0 && *compounds > 0, || {
        format!("{checks} answers to checks and {compounds} reports were looked at")
    });
    findings.count("addresses of people", owners.len() as u64);
    findings.count("messages searched", tap.messages.len() as u64);
    findings.count("answers to checks read", *checks);
    findings.count("compounds searched", *compounds);
    findings
}
