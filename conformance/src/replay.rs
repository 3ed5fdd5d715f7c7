//! Owns the replay token: one word that repeats a run. Nothing is run here.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::{bad_input::BadInput, rehearsal::Sabotage};

/// What to repeat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayToken {
    /// A fixture scenario, written `NAME@SEED` or `NAME@SEED+SABOTAGE`.
    Fixture {
        /// The scenario's name.
        scenario: String,
        /// The seed.
        seed: u64,
        /// What was broken on purpose.
        sabotage: Option<Sabotage>,
    },
    /// A scenario file of the user, written `FILE.toml`, `FILE.toml@SEED`, `FILE.toml+SABOTAGE` or
    /// `FILE.toml@SEED+SABOTAGE`.
    File {
        /// Where it is.
        path: PathBuf,
        /// The seed, unless it is the file's own.
        seed: Option<u64>,
        /// What was broken on purpose.
        sabotage: Option<Sabotage>,
    },
}

impl fmt::Display for ReplayToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fixture { scenario, seed, sabotage: None } => write!(f, "{scenario}@{seed}"),
            Self::Fixture { scenario, seed, sabotage: Some(sabotage) } => {
                write!(f, "{scenario}@{seed}+{sabotage}")
            }
            Self::File { path, seed, sabotage } => {
                write!(f, "{}", path.display())?;
                if let Some(seed) = seed {
                    write!(f, "@{seed}")?;
                }
                if let Some(sabotage) = sabotage {
                    write!(f, "+{sabotage}")?;
                }
                Ok(())
            }
        }
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
        let known = |name: &str| name.parse::<Sabotage>().map_err(|_| fault("there is no such sabotage"));
        if is_file(text) {
            return Ok(Self::File { path: text.into(), seed: None, sabotage: None });
        }
        if let Some((path, sabotage)) = text.rsplit_once('+').filter(|(path, _)| is_file(path)) {
            return Ok(Self::File { path: path.into(), seed: None, sabotage: Some(known(sabotage)?) });
        }
        let (name, seed) = text.rsplit_once('@').ok_or_else(|| fault("no seed"))?;
        let (seed, sabotage) = match seed.split_once('+') {
            Some((seed, sabotage)) => (seed, Some(known(sabotage)?)),
            None => (seed, None),
        };
        let seed = seed.parse().map_err(|_| fault("the seed is not a number from 0 to 2^64 - 1"))?;
        match name {
            "" => Err(fault("no scenario")),
            path if is_file(path) => Ok(Self::File { path: path.into(), seed: Some(seed), sabotage }),
            scenario => Ok(Self::Fixture { scenario: scenario.to_owned(), seed, sabotage }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_as_it_was_written() {
        for text in [
            "presenter-mode@7",
            "presenter-mode@7+leak",
            "dir/office.toml@18446744073709551615",
            "dir/office.toml",
            "dir/office.toml+leak",
            "dir/office.toml@3+leak",
            "a@b.toml@3",
        ] {
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
            ("x@1+nothing", "sabotage"),
            ("x.toml+nothing", "sabotage"),
            ("x.toml@1+nothing", "sabotage"),
        ] {
            assert!(text.parse::<ReplayToken>().unwrap_err().to_string().contains(what), "{text}");
        }
    }
}
