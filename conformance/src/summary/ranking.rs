//! Owns the order in which participants are told: who fared worst comes first. It is an order of reading and judges
//! nothing.

use sim::{record::ParticipantReport, run::Run};

/// All participants of the run by index, worst first. Those who never got in have heard and seen nothing, well or badly,
/// and come last. Equals stay in the scenario's order.
pub(super) fn worst_first(run: &Run) -> Vec<usize> {
    let mut order: Vec<usize> = (0..run.people.len()).collect();
    order.sort_by(|one, other| {
        let (one, other) = (&run.people[*one], &run.people[*other]);
        let outside = one.stays.is_empty().cmp(&other.stays.is_empty());
        outside.then(trouble(&other.report).total_cmp(&trouble(&one.report)))
    });
    order
}

/// What was lost of the best, 0 to 2: the distance of the opinion score to its best of 4.5 as a share of its range of
/// 3.5, plus the share of frozen pictures.
pub(super) fn trouble(report: &ParticipantReport) -> f64 {
    let heard = report.audio.map_or(0.0, |audio| (4.5 - audio.mos) / 3.5);
    heard + report.video.map_or(0.0, |video| video.frozen_share)
}
