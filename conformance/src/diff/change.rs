//! Owns one difference between two reports: where, what, from which value to which.

use std::fmt;

/// One difference.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Change {
    place: String,
    run: Option<String>,
    figure: Option<String>,
    values: Option<(String, String)>,
    size: f64,
}

impl Eq for Change {}

impl Change {
    /// A difference at `place`: a requirement, a run, a participant.
    pub(super) fn of(place: &str) -> Self {
        Self { place: place.to_owned(), ..Self::default() }
    }

    /// Of a participant of this run; empty where the report is of a single run.
    pub(super) fn in_run(self, run: &str) -> Self {
        Self { run: Some(run.to_owned()), ..self }
    }

    /// Of this figure.
    pub(super) fn figure(self, figure: &str) -> Self {
        Self { figure: Some(figure.to_owned()), ..self }
    }

    /// From one value to another.
    pub(super) fn with_values(self, old: impl fmt::Display, new: impl fmt::Display) -> Self {
        Self { values: Some((old.to_string(), new.to_string())), size: f64::INFINITY, ..self }
    }

    /// From one number to another.
    pub(super) fn moved(self, old: f64, new: f64) -> Self {
        Self { size: (new - old).abs() / old.abs().max(new.abs()), ..self.with_values(old, new) }
    }

    /// Run and figure, where it is a figure of a participant.
    pub(super) fn group(&self) -> Option<(&str, &str)> {
        Some((self.run.as_deref()?, self.figure.as_deref()?))
    }

    /// How large it is in proportion to the values, to tell the largest of many first; infinite without numbers.
    pub(super) fn size(&self) -> f64 {
        self.size
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = [Some(self.place.as_str()), self.figure.as_deref()];
        let name: Vec<_> = name.into_iter().flatten().filter(|part| !part.is_empty()).collect();
        f.write_str(&name.join(" "))?;
        match &self.values {
            Some((old, new)) => write!(f, ": {old} to {new}"),
            None => Ok(()),
        }
    }
}
