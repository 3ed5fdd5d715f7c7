//! Owns the validation of how conferences and people encrypt.

use media_core::signalling::Encryption;

use crate::scenario::{
    Located,
    error::Problem,
    file::{ConferenceEntry, PersonEntry},
};

/// How a conference's people encrypt, unless they say otherwise.
pub(super) fn of_conference(entry: &ConferenceEntry) -> Result<Encryption, Problem> {
    let Encryption { mls, sframe } = Encryption::DEFAULT;
    Ok(Encryption {
        mls: known(entry.mls.as_ref(), "mls", Encryption::MLS)?.unwrap_or(mls),
        sframe: known(entry.sframe.as_ref(), "sframe", Encryption::SFRAME)?.unwrap_or(sframe),
    })
}

/// How a person's client encrypts, if it can: like their conference, or in some other way, which may be one that nobody
/// knows.
pub(super) fn of_person(entry: &PersonEntry, conference: Encryption) -> Result<Option<Encryption>, Problem> {
    if entry.encrypts != Some(false) {
        return Ok(Some(Encryption {
            mls: entry.mls.as_ref().map_or(conference.mls, |mls| mls.value),
            sframe: entry.sframe.as_ref().map_or(conference.sframe, |sframe| sframe.value),
        }));
    }
    match [(&entry.mls, "mls"), (&entry.sframe, "sframe")].into_iter().find(|(suite, _)| suite.is_some()) {
        Some((Some(suite), field)) => {
            Err(Problem::at(suite, field, "is only for a client that encrypts".to_owned()))
        }
        _ => Ok(None),
    }
}

fn known(suite: Option<&Located<u16>>, field: &'static str, known: [u16; 2]) -> Result<Option<u16>, Problem> {
    let Some(suite) = suite else { return Ok(None) };
    if known.contains(&suite.value) {
        return Ok(Some(suite.value));
    }
    let [first, second] = known;
    Err(Problem::at(suite, field, format!("is {}, expected {first} or {second}", suite.value)))
}
