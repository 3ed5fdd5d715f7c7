//! Owns the replay token: one word that repeats a run. Nothing is run here.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::bad_input::BadInput;

/// What to repeat, written `NAME@SEED` for a fixture scenario and `FILE.toml@SEED` for a scenario file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayToken {
    /// Which scenario.
    pub source: Source,
    /// The seed; only a bare file name leaves it to the file.
    pub seed: Option<u64>,
}

/// Where the scenario of a token is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A fixture scenario, by name.
    Fixture(String),
    /// A scenario file of the user.
    File(PathBuf),
}

impl ReplayToken {
    /// The token of a fixture's run.
    pub fn fixture(scenario: &str, seed: u64) -> Self {
        Self { source: Source::Fixture(scenario.to_owned()), seed: Some(seed) }
    }
}

impl fmt::Display for ReplayToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Fixture(name) => f.write_str(name)?,
            Source::File(path) => write!(f, "{}", path.display())?,
        }
        self.seed.map_or(Ok(()), |seed| write!(f, "@{seed}"))
    }
}

impl FromStr for ReplayToken {
    type Err = BadInput;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = |what: &str| {
            BadInput::new(format!("replay {text}: {what}"))
                .with_help("a token is NAME@SEED, as a failing run prints it, or the path of a scenario file")
        };
        let is_file = |name: &str| Path::new(name).extension().is_some_and(|extension| extension == "toml");
        let source = |name: &str| {
            if is_file(name) { Source::File(name.into()) } else { Source::Fixture(name.to_owned()) }
        };
        match text.rsplit_once('@') {
            None if is_file(text) => Ok(Self { source: Source::File(text.into()), seed: None }),
            None => Err(fault("no seed")),
            Some(("", _)) => Err(fault("no scenario")),
            Some((name, seed)) => {
                let seed = seed.parse().map_err(|_| fault("the seed is not a number from 0 to 2^64 - 1"))?;
                Ok(Self { source: source(name), seed: Some(seed) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_as_it_was_written() {
        for text in
            ["presenter-mode@7", "dir/office.toml@18446744073709551615", "dir/office.toml", "a@b.toml@3"]
        {
            assert_eq!(text.parse::<ReplayToken>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_malformed_token_says_what_is_missing() {
        for (text, what) in [
            ("presenter-mode", "no seed"),
            ("@7", "no scenario"),
            ("x@seven", "the seed"),
            ("x@-1", "the seed"),
        ] {
            assert!(text.parse::<ReplayToken>().unwrap_err().to_string().contains(what), "{text}");
        }
    }
}
