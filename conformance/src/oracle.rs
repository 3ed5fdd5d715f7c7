//! Owns the comparison of a run with the reference model: what the wire and the clients show against what had to happen.
//! Five kinds of claims, one file each: what was asked (`intent`) and answered (`course`), media that must not flow
//! (`floor`), media that must (`calm`), and the state in which everything is quiet again (`settlement`).

mod calm;
pub mod course;
mod disturbance;
mod floor;
mod haste;
mod intent;
pub(crate) mod secrecy;
mod settlement;
pub mod wire;

#[cfg(test)]
mod tests;

use sim::run::Run;

use crate::evidence::Findings;
use course::Course;
use wire::Wire;

/// The figure that counts runs that were judged at rest.
pub(crate) const SETTLED_RUNS: &str = "settled runs";
/// The figure that counts streams that had to flow.
pub(crate) const STREAMS_DUE: &str = "streams due in calms";
/// The figure that counts what people did and the server had to be asked for.
pub(crate) const DEEDS: &str = "deeds followed";

/// Everything in which a run is not as the model says.
pub fn judge(run: &Run) -> Findings {
    let mut findings = Findings::new();
    let wire = Wire::read(run);
    let course = Course::follow(run, &wire, &mut findings);
    intent::judge(run, &course, &wire, &mut findings);
    floor::judge(run, &course, &mut findings);
    calm::judge(run, &course, &mut findings);
    settlement::judge(run, &course, &mut findings);
    findings
}

/// The name of whoever is behind a connection.
fn name(run: &Run, who: crate::model::Connection) -> &str {
    run.scenario.people.get(who.person.0).map_or("nobody", |person| &person.name)
}
