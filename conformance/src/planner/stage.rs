//! Owns the rehearsal that a question is put to: one conference, of which a part sits in the building behind the line in
//! question, and those who are seen and heard sit elsewhere.

use std::{ops::Range, time::Duration};

use sim::scenario::{
    DurationText, MediaKind, Mode, Scenario, ScenarioBuilder, ScenarioError,
    file::{ConferenceEntry, EndpointName, PersonEntry, SiteEntry, StepEntry, Verb, WatchName},
};
use sim::site::file::LinkRef;

use super::{line::Line, load::Load, quality::Quality};

/// The building in question.
pub(super) const BUILDING: &str = "building";
/// Who listens to the building and watches its cameras.
pub(super) const HOST: &str = "host";
/// From here on pictures are judged: everybody is in, and senders have found the rate of the line.
pub(super) const SETTLED: Duration = Duration::from_secs(SETTLED_S);
/// The same in seconds.
pub const SETTLED_S: u64 = 8;
/// Length of a run.
pub(super) const LENGTH: Duration = Duration::from_secs(12);

/// A line that is no bottleneck.
const ELSEWHERE: &str = "elsewhere";
const CONFERENCE: &str = "conference";
/// People of the building start to come when those elsewhere are in.
const ARRIVALS: Duration = Duration::from_millis(700);
const ARRIVAL_SPACING: Duration = Duration::from_millis(20);
/// Desks that speak in turn, two at a time, beside one person elsewhere: microphones of three are forwarded.
const SPEAKERS: u32 = 8;
/// When they begin.
const SPEECH: Duration = Duration::from_secs(3);
/// People before a room's camera.
const SEATS: u32 = 6;

const CAMERA: &str = "camera-carphone";
const VOICE: &str = "talk-vbr";
const SLIDES: &str = "screen-slides";

/// The rehearsal of `load` behind `line`.
///
/// # Errors
/// The line has a value that no scenario may have.
pub fn scenario(line: &Line, load: Load) -> Result<Scenario, ScenarioError> {
    let mode = if load.quality == Quality::Presentation { Mode::Presenter } else { Mode::Discussion };
    let mut builder = ScenarioBuilder::new("plan", LENGTH)
        .site(SiteEntry::new(ELSEWHERE, "fibre-1000"))
        .site(SiteEntry {
            name: BUILDING.into(),
            borough: Some(BUILDING.into()),
            segment: Some(line.segment()),
            count: None,
            link: LinkRef::Inline(Box::new(line.spec())).into(),
        })
        .conference(ConferenceEntry { mode: Some(mode), ..ConferenceEntry::new(CONFERENCE, HOST) })
        .person(host(load));
    let others = load.quality.elsewhere() - 1;
    if others > 0 {
        builder = builder.person(other(load.quality, others));
    }
    for endpoint in 0..load.endpoints() {
        builder = builder.person(endpoint_of(load, endpoint));
    }
    if load.cameras() > 0 {
        // One of the building's pictures is the large one elsewhere.
        let whom = name_of(load, if load.quality == Quality::Camera { 0 } else { load.desks });
        builder = builder.step(StepEntry {
            whom: Some(whom.as_str().into()),
            kind: Some(MediaKind::Camera.into()),
            layer: Some(WatchName::High.into()),
            ..StepEntry::new(DurationText(SPEECH), HOST, Verb::Watch)
        });
    }
    builder.build()
}

/// What an endpoint of the building is called: desks first, then rooms.
pub(super) fn name_of(load: Load, endpoint: u32) -> String {
    match endpoint.checked_sub(load.desks) {
        None => format!("desk-{}", endpoint + 1),
        Some(room) => format!("room-{}", room + 1),
    }
}

/// Who moderates, presents where somebody does, speaks all the time, and sees and hears what the building sends.
fn host(load: Load) -> PersonEntry {
    let pictures = load.quality.pictures() > 0;
    let watches = load.cameras() > 0;
    PersonEntry {
        licence: Some(true.into()),
        microphone: Some(VOICE.into()),
        camera: pictures.then(|| CAMERA.into()),
        screen: (load.quality == Quality::Presentation).then(|| SLIDES.into()),
        watch: Some(if watches { WatchName::Low } else { WatchName::None }),
        tiles: watches.then(|| 49.into()),
        ..PersonEntry::new(HOST, ELSEWHERE, CONFERENCE)
    }
}

/// Who else is seen.
fn other(quality: Quality, count: u32) -> PersonEntry {
    PersonEntry {
        camera: (quality.pictures() > 0).then(|| CAMERA.into()),
        microphone: Some("talk-dtx".into()),
        speaks: Some(Vec::new().into()),
        watch: Some(WatchName::None),
        count: Some(count.into()),
        join: Some(DurationText(Duration::from_millis(100)).into()),
        join_spacing: Some(DurationText(ARRIVAL_SPACING).into()),
        ..PersonEntry::new("other", ELSEWHERE, CONFERENCE)
    }
}

fn endpoint_of(load: Load, endpoint: u32) -> PersonEntry {
    let is_room = endpoint >= load.desks;
    let quality = load.quality;
    let shows = quality == Quality::Camera || (is_room && quality == Quality::Discussion);
    let turns = turn(endpoint, load.endpoints().min(SPEAKERS));
    let turns: Vec<_> = turns.map(|time| (DurationText(time.start), DurationText(time.end))).collect();
    PersonEntry {
        kind: is_room.then(|| EndpointName::AvcRoom.into()),
        people: is_room.then(|| SEATS.into()),
        camera: shows.then(|| CAMERA.into()),
        // Microphones are open, as those of people who forget to mute themselves.
        microphone: Some(VOICE.into()),
        speaks: Some(turns.into()),
        watch: Some(match quality {
            Quality::Audio => WatchName::None,
            // A room has a large screen, a desk a window.
            Quality::Presentation | Quality::Discussion | Quality::Camera if is_room => WatchName::High,
            Quality::Presentation | Quality::Discussion | Quality::Camera => WatchName::Medium,
        }),
        tiles: Some(if quality == Quality::Presentation { 1 } else { 10 }.into()),
        join: Some(DurationText(ARRIVALS + ARRIVAL_SPACING * endpoint).into()),
        ..PersonEntry::new(&name_of(load, endpoint), BUILDING, CONFERENCE)
    }
}

/// When the speaker of this number speaks: the time is dealt to all in equal turns, and each turn is two's.
fn turn(number: u32, speakers: u32) -> impl Iterator<Item = Range<Duration>> {
    let pairs = speakers.div_ceil(2).max(1);
    let length = LENGTH.saturating_sub(SPEECH) / pairs;
    let pair = number % pairs;
    let speaks = number < speakers;
    speaks.then(|| SPEECH + length * pair..SPEECH + length * (pair + 1)).into_iter()
}

#[cfg(test)]
mod tests {
    use sim::site::presets;

    use super::*;

    #[test]
    fn every_question_about_every_line_of_the_project_is_a_scenario_for_one_conference() {
        for name in presets::names() {
            let line = Line::of(&presets::find(name).unwrap());
            for quality in Quality::ALL {
                for load in [
                    Load::of_desks(quality, 1),
                    Load { quality, desks: 0, rooms: 1 },
                    Load { quality, desks: 5, rooms: 2 },
                    Load::of_desks(quality, Load::desks_max(quality)),
                ] {
                    let scenario = scenario(&line, load).unwrap_or_else(|error| panic!("{error}"));
                    assert_eq!(scenario.people.len() as u32, load.endpoints() + quality.elsewhere());
                    assert!(scenario.people.len() <= 50);
                }
            }
        }
    }

    #[test]
    fn turns_leave_no_time_silent_and_no_more_than_two_speak() {
        for speakers in 1..=SPEAKERS {
            for at in [3_000, 5_100, 8_500, 11_990].map(Duration::from_millis) {
                let speaking =
                    (0..40).filter(|number| turn(*number, speakers).any(|time| time.contains(&at))).count();
                assert!((1..=2).contains(&speaking), "{speaking} of {speakers} at {at:?}");
            }
        }
    }
}
