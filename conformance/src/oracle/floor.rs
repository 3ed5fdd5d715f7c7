//! Owns the claim that nothing flows which must not: every packet that left the server came from somebody who was in the
//! same conference and might send that kind of media when it reached the server (PRES-001 to PRES-005, JOIN-007, FWD-008).

use sim::{run::Run, scenario::Timestamp, tap::SeenRtp};

use super::{course::Course, name, wire::connection};
use crate::{checks::flows::Flows, evidence::Findings};

pub(super) fn judge(run: &Run, course: &Course, findings: &mut Findings) {
    let flows = Flows::new(run);
    for packet in run.server.tap.egress.iter().filter(|packet| packet.at < course.parted) {
        let to = connection(packet.peer);
        let origin = flows.origin(packet.payload);
        let kind = origin.and_then(|origin| flows.kind_of_stream(origin.peer, origin.ssrc));
        let (Some(origin), Some(kind)) = (origin, kind) else {
            findings.expect_at(false, Some(packet.at), || {
                format!("{} got a packet that nobody sent on a stream of their own", name(run, to))
            });
            continue;
        };
        let from = connection(origin.peer);
        let permitted_at = |at: Timestamp| {
            let mut sittings = course
                .standings_at(from, at)
                .filter(|standing| standing.may_send.allows(kind))
                .filter_map(|standing| standing.inside());
            sittings.any(|sitting| {
                course.standings_at(to, packet.at).any(|there| there.inside() == Some(sitting))
            })
        };
        // What the network brings twice counts each time it comes: the first time it may have been dropped.
        let again = |seen: &&SeenRtp| seen.payload == packet.payload && seen.at <= packet.at;
        let together = permitted_at(origin.at)
            || run.server.tap.ingress.iter().filter(again).any(|seen| permitted_at(seen.at));
        findings.expect_at(together, Some(packet.at), || {
            let (from, to) = (name(run, from), name(run, to));
            format!("{to} got {kind:?} that {from} sent at {} and must not send to them", origin.at)
        });
    }
}
