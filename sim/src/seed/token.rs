//! Owns the replay token: one short word that names a run. What the scenario's name stands for is not here.

use std::{fmt, str::FromStr};

/// The first part of every token; another number means another meaning of the rest.
pub const REPLAY_TOKEN_VERSION: &str = "gp1";

/// What a failure prints and `replay` reads: `gp1.<scenario>.<seed in hexadecimal>[.<sabotage>]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayToken {
    /// The scenario's name: one or more of `a` to `z`, `0` to `9` and `-`.
    pub scenario: String,
    /// The run's seed.
    pub seed: u64,
    /// The fault put into the system under test, named like a scenario.
    pub sabotage: Option<String>,
}

impl fmt::Display for ReplayToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{REPLAY_TOKEN_VERSION}.{}.{:x}", self.scenario, self.seed)?;
        match &self.sabotage {
            Some(sabotage) => write!(f, ".{sabotage}"),
            None => Ok(()),
        }
    }
}

impl FromStr for ReplayToken {
    type Err = ReplayTokenError;

    fn from_str(text: &str) -> Result<Self, ReplayTokenError> {
        let parts: Vec<&str> = text.split('.').collect();
        let (version, scenario, seed, sabotage) = match parts[..] {
            [version, scenario, seed] => (version, scenario, seed, None),
            [version, scenario, seed, sabotage] => (version, scenario, seed, Some(sabotage)),
            _ => return Err(ReplayTokenError::Parts(parts.len())),
        };
        if version != REPLAY_TOKEN_VERSION {
            return Err(ReplayTokenError::Version(version.to_owned()));
        }
        Ok(Self {
            scenario: name(scenario, ReplayTokenError::Scenario)?,
            seed: seed_of(seed)?,
            sabotage: sabotage.map(|text| name(text, ReplayTokenError::Sabotage)).transpose()?,
        })
    }
}

fn name(text: &str, error: fn(String) -> ReplayTokenError) -> Result<String, ReplayTokenError> {
    let is_name_char = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
    if text.is_empty() || !text.bytes().all(is_name_char) {
        return Err(error(text.to_owned()));
    }
    Ok(text.to_owned())
}

fn seed_of(text: &str) -> Result<u64, ReplayTokenError> {
    // `from_str_radix` also takes a sign, which a token never has.
    if text.bytes().all(|c| c.is_ascii_hexdigit())
        && let Ok(seed) = u64::from_str_radix(text, 16)
    {
        return Ok(seed);
    }
    Err(ReplayTokenError::Seed(text.to_owned()))
}

/// Why a text is not a replay token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplayTokenError {
    /// Not three or four parts.
    #[error(
        "a replay token has three or four parts separated by dots (gp1.<scenario>.<seed>[.<sabotage>]), this has {0}"
    )]
    Parts(usize),
    /// The first part is not the version this program reads.
    #[error("the replay token begins with `{0}`; this version reads only `{REPLAY_TOKEN_VERSION}`")]
    Version(String),
    /// The second part is no name.
    #[error("`{0}` is not a scenario's name: only a-z, 0-9 and - occur, and at least one of them")]
    Scenario(String),
    /// The third part is no number.
    #[error("`{0}` is not a seed: one to sixteen hexadecimal digits, without 0x")]
    Seed(String),
    /// The fourth part is no name.
    #[error("`{0}` is not a sabotage's name: only a-z, 0-9 and - occur, and at least one of them")]
    Sabotage(String),
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_malformed_token_is_named_precisely() {
        let error = |text: &str| text.parse::<ReplayToken>().unwrap_err();
        assert_eq!(error(""), ReplayTokenError::Parts(1));
        assert_eq!(error("gp1.lecture"), ReplayTokenError::Parts(2));
        assert_eq!(error("gp1.lecture.1.x.y"), ReplayTokenError::Parts(5));
        assert_eq!(error("gp2.lecture.1"), ReplayTokenError::Version("gp2".into()));
        assert_eq!(error("gp1..1"), ReplayTokenError::Scenario(String::new()));
        assert_eq!(error("gp1.Lecture.1"), ReplayTokenError::Scenario("Lecture".into()));
        assert_eq!(error("gp1.lecture."), ReplayTokenError::Seed(String::new()));
        assert_eq!(error("gp1.lecture.+1"), ReplayTokenError::Seed("+1".into()));
        assert_eq!(error("gp1.lecture.0x1"), ReplayTokenError::Seed("0x1".into()));
        assert_eq!(
            error("gp1.lecture.10000000000000000"),
            ReplayTokenError::Seed("10000000000000000".into())
        );
        assert_eq!(error("gp1.lecture.1."), ReplayTokenError::Sabotage(String::new()));
        assert_eq!(error("gp1.lecture.1.a_b"), ReplayTokenError::Sabotage("a_b".into()));
    }

    proptest! {
        #[test]
        fn every_token_reads_back_as_itself(
            scenario in "[a-z0-9-]{1,20}",
            seed: u64,
            sabotage in prop::option::of("[a-z0-9-]{1,20}"),
        ) {
            let token = ReplayToken { scenario, seed, sabotage };
            prop_assert_eq!(token.to_string().parse::<ReplayToken>(), Ok(token));
        }
    }
}
