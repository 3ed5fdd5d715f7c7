//! Owns the validation of expectations.

use crate::scenario::{
    Bound, Expectation, Figure, Located, Person, PersonIndex,
    error::Problem,
    file::ExpectEntry,
    names::{fits, nearest},
};

/// Makes the expectations in the order of the file.
pub(super) fn resolve(entries: &[ExpectEntry], people: &[Person]) -> Result<Vec<Expectation>, Problem> {
    entries
        .iter()
        .map(|entry| {
            let expectation = Expectation {
                pattern: entry.who.value.clone(),
                people: people_of(entry, people)?,
                joined: entry.joined.as_ref().map(|joined| joined.value),
                refused: entry.refused.as_ref().map(|refused| refused.value),
                bounds: bounds(entry)?,
            };
            if expectation.joined.is_none() && expectation.refused.is_none() && expectation.bounds.is_empty()
            {
                return Err(Problem::at(
                    &entry.who,
                    "expect",
                    "expects nothing, expected `joined`, `refused` or a bound",
                ));
            }
            Ok(expectation)
        })
        .collect()
}

fn people_of(entry: &ExpectEntry, people: &[Person]) -> Result<Vec<PersonIndex>, Problem> {
    let pattern = &entry.who;
    let named: Vec<PersonIndex> = people
        .iter()
        .enumerate()
        .filter(|(_, person)| fits(pattern, &person.name))
        .map(|(index, _)| PersonIndex(index))
        .collect();
    if !named.is_empty() {
        return Ok(named);
    }
    let problem = Problem::at(pattern, "who", format!("`{}` names nobody", pattern.value));
    Err(match nearest(pattern, people.iter().map(|person| person.name.as_str())) {
        Some(meant) => problem.help(format!("did you mean `{meant}`?")),
        None => problem,
    })
}

fn bounds(entry: &ExpectEntry) -> Result<Vec<Bound>, Problem> {
    let figures = [
        (Figure::AudioMos, &entry.audio_mos_min, &entry.audio_mos_max),
        (Figure::AudioConcealment, &entry.audio_concealment_min, &entry.audio_concealment_max),
        (Figure::AudioLongestGapMs, &entry.audio_longest_gap_ms_min, &entry.audio_longest_gap_ms_max),
        (Figure::MouthToEarMs, &entry.mouth_to_ear_ms_min, &entry.mouth_to_ear_ms_max),
        (Figure::EnteredMs, &entry.entered_ms_min, &entry.entered_ms_max),
        (Figure::FirstAudioMs, &entry.first_audio_ms_min, &entry.first_audio_ms_max),
        (Figure::FirstFrameMs, &entry.first_frame_ms_min, &entry.first_frame_ms_max),
        (Figure::FrozenShare, &entry.frozen_share_min, &entry.frozen_share_max),
        (Figure::Freezes, &entry.freezes_min, &entry.freezes_max),
        (Figure::VideoKbps, &entry.video_kbps_min, &entry.video_kbps_max),
        (Figure::TornFrames, &entry.torn_frames_min, &entry.torn_frames_max),
    ];
    let mut bounds = Vec::new();
    for (figure, min, max) in figures {
        bounds.extend(bound(figure, min.as_ref(), max.as_ref())?);
    }
    Ok(bounds)
}

fn bound(
    figure: Figure,
    min: Option<&Located<f64>>,
    max: Option<&Located<f64>>,
) -> Result<Option<Bound>, Problem> {
    let (lowest, highest) = figure.range();
    for (end, value) in [("min", min), ("max", max)] {
        if let Some(value) = value
            && !(lowest..=highest).contains(&value.value)
        {
            let message = format!("is {}, expected {lowest} to {highest}", value.value);
            return Err(Problem::at(value, format!("{}_{end}", figure.name()), message));
        }
    }
    if let (Some(min), Some(max)) = (min, max)
        && min.value > max.value
    {
        let name = figure.name();
        let message = format!("is {}, above `{name}_max` of {}, expected at most that", min.value, max.value);
        return Err(Problem::at(min, format!("{name}_min"), message));
    }
    if min.is_none() && max.is_none() {
        return Ok(None);
    }
    Ok(Some(Bound { figure, min: min.map(|min| min.value), max: max.map(|max| max.value) }))
}
