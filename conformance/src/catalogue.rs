//! Owns the requirement catalogue: the embedded TOML files, read into rows that are known to be well formed. Whether
//! checks fit the catalogue is decided in `registry`.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::rehearsal::HarnessError;

/// The catalogue's files, in the order in which reports name their areas.
const FILES: [(&str, &str); 11] = [
    ("lic.toml", include_str!("../../fixtures/requirements/lic.toml")),
    ("cap.toml", include_str!("../../fixtures/requirements/cap.toml")),
    ("join.toml", include_str!("../../fixtures/requirements/join.toml")),
    ("pres.toml", include_str!("../../fixtures/requirements/pres.toml")),
    ("net.toml", include_str!("../../fixtures/requirements/net.toml")),
    ("cam.toml", include_str!("../../fixtures/requirements/cam.toml")),
    ("avc.toml", include_str!("../../fixtures/requirements/avc.toml")),
    ("e2e.toml", include_str!("../../fixtures/requirements/e2e.toml")),
    ("fwd.toml", include_str!("../../fixtures/requirements/fwd.toml")),
    ("sec.toml", include_str!("../../fixtures/requirements/sec.toml")),
    ("det.toml", include_str!("../../fixtures/requirements/det.toml")),
];

/// All requirements, by area and number.
#[derive(Clone, Debug)]
pub struct Catalogue {
    requirements: Vec<Requirement>,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    /// `AREA-NNN`; final and never reused.
    pub id: String,
    /// Whether a breach stops a release.
    pub level: Level,
    /// What must hold, in words.
    pub statement: String,
    /// Where it comes from.
    pub sources: Vec<Source>,
    /// Whether there are checks for it.
    pub coverage: Coverage,
    /// Where it stands, for instance `fixtures/requirements/lic.toml:12`.
    pub place: String,
}

/// Whether a breach stops a release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// A breach stops the release.
    Must,
    /// A breach is reported.
    Should,
}

/// Where a requirement comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A paragraph of the Berlin brief, from 1.
    Brief(u8),
    /// A standard of the IETF, by number.
    Rfc(u16),
    /// The project's own, stricter claim.
    Project,
}

/// Whether a requirement has checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// At least one check speaks for it.
    Checked,
    /// None does, for this reason.
    Todo(String),
    /// It turned out wrong, for this reason. The row stays, so that its id is never used again; nothing is judged.
    Withdrawn(String),
}

impl Catalogue {
    /// The catalogue this program was built with.
    ///
    /// # Errors
    /// A file is malformed; each line names file, line and id.
    pub fn embedded() -> Result<Self, HarnessError> {
        Self::from_files(&FILES)
    }

    /// Reads `(file name, text)` pairs; the name without its extension is the area of the rows within.
    ///
    /// # Errors
    /// A file is malformed; each line names file, line and id.
    pub fn from_files(files: &[(&str, &str)]) -> Result<Self, HarnessError> {
        let mut faults = Vec::new();
        let mut seen = BTreeMap::new();
        let mut requirements = Vec::new();
        for &(name, text) in files {
            let file = File { name, text };
            match toml::from_str::<Rows>(text) {
                Ok(rows) => {
                    for row in rows.requirement {
                        read_row(file, row, &mut seen, &mut requirements, &mut faults);
                    }
                }
                Err(error) => {
                    let at = error.span().map_or(0, |span| span.start);
                    faults.push(format!("{}: {}", file.place(at), error.message()));
                }
            }
        }
        if faults.is_empty() { Ok(Self { requirements }) } else { Err(HarnessError::Catalogue(faults)) }
    }

    /// All rows, by area and number.
    pub fn requirements(&self) -> &[Requirement] {
        &self.requirements
    }

    /// The row whose id is most like `id`: what somebody meant who mistyped it.
    pub fn nearest(&self, id: &str) -> Option<&Requirement> {
        let id = id.to_ascii_uppercase();
        self.requirements.iter().min_by_key(|row| strsim::damerau_levenshtein(&row.id, &id))
    }

    /// The row with this id.
    pub fn get(&self, id: &str) -> Option<&Requirement> {
        self.requirements.iter().find(|requirement| requirement.id == id)
    }
}

impl Requirement {
    /// The part of the id before the number, for instance `PRES`.
    pub fn area(&self) -> &str {
        area(&self.id)
    }

    /// Why it has no check; absent where it has one.
    pub fn reason(&self) -> Option<&str> {
        match &self.coverage {
            Coverage::Todo(reason) | Coverage::Withdrawn(reason) => Some(reason),
            Coverage::Checked => None,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Must => "MUST",
            Self::Should => "SHOULD",
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Brief(paragraph) => write!(f, "brief {paragraph}"),
            Self::Rfc(number) => write!(f, "RFC {number}"),
            Self::Project => f.write_str("project"),
        }
    }
}

/// The part of a requirement id before the number.
pub fn area(id: &str) -> &str {
    id.split_once('-').map_or(id, |(area, _)| area)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Rows {
    requirement: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    id: Spanned<String>,
    level: Level,
    statement: String,
    source: String,
    status: Status,
    reason: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Status {
    Checked,
    Todo,
    Withdrawn,
}

#[derive(Clone, Copy)]
struct File<'a> {
    name: &'a str,
    text: &'a str,
}

impl File<'_> {
    /// `fixtures/requirements/lic.toml:12` for a byte offset.
    fn place(self, offset: usize) -> String {
        let before = &self.text[..self.text.floor_char_boundary(offset)];
        let line = 1 + before.matches('\n').count();
        format!("fixtures/requirements/{}:{line}", self.name)
    }
}

fn read_row(
    file: File<'_>,
    row: Row,
    seen: &mut BTreeMap<String, String>,
    requirements: &mut Vec<Requirement>,
    faults: &mut Vec<String>,
) {
    let place = file.place(row.id.span().start);
    let id = row.id.into_inner();
    let mut fault = |what: &str| faults.push(format!("{place}: {id}: {what}"));
    if !is_well_formed(&id) {
        fault("an id is an area of capitals and digits, a dash and three digits, for instance LIC-001");
    } else if !file.name.eq_ignore_ascii_case(&format!("{}.toml", area(&id))) {
        fault("the id's area is not the file's name");
    }
    if let Some(first) = seen.insert(id.clone(), place.clone()) {
        fault(&format!("the id is already used at {first}"));
    }
    if row.statement.trim().is_empty() {
        fault("the statement is empty");
    }
    let sources: Option<Vec<_>> = row.source.split(", ").map(read_source).collect();
    if sources.is_none() {
        fault("the source is not a list of `brief N`, `RFC N` and `project`");
    }
    let reason = row.reason.filter(|reason| !reason.trim().is_empty());
    let coverage = match (row.status, reason) {
        (Status::Checked, None) => Some(Coverage::Checked),
        (Status::Todo, Some(reason)) => Some(Coverage::Todo(reason)),
        (Status::Withdrawn, Some(reason)) => Some(Coverage::Withdrawn(reason)),
        (Status::Checked, Some(_)) => {
            fault("checked, but with a reason why not");
            None
        }
        (Status::Todo, None) => {
            fault("todo without a reason");
            None
        }
        (Status::Withdrawn, None) => {
            fault("withdrawn without a reason");
            None
        }
    };
    if let (Some(sources), Some(coverage)) = (sources, coverage) {
        requirements.push(Requirement {
            id,
            level: row.level,
            statement: row.statement,
            sources,
            coverage,
            place,
        });
    }
}

fn is_well_formed(id: &str) -> bool {
    let Some((area, number)) = id.split_once('-') else { return false };
    area.starts_with(|c: char| c.is_ascii_uppercase())
        && area.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
        && number.len() == 3
        && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn read_source(text: &str) -> Option<Source> {
    if text == "project" {
        return Some(Source::Project);
    }
    match text.split_once(' ')? {
        ("brief", paragraph) => paragraph.parse().ok().filter(|&n| n > 0).map(Source::Brief),
        ("RFC", number) => number.parse().ok().filter(|&n| n > 0).map(Source::Rfc),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
