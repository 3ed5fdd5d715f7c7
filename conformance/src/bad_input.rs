//! Owns what is wrong with something the user handed in (exit code 2): each error names the file, line or argument,
//! and says what would be right.

use std::{io, path::Path};

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// Something the user handed in cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct BadInput {
    message: String,
    help: Option<String>,
    place: Option<Box<Place>>,
    described: Option<Box<dyn Diagnostic + Send + Sync>>,
}

/// Where in a file the fault is.
#[derive(Debug)]
struct Place {
    file: NamedSource<String>,
    label: LabeledSpan,
}

impl BadInput {
    /// `message` names the argument or file and what is wrong with it.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), help: None, place: None, described: None }
    }

    /// A file that cannot be read or written.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        Self::new(format!("{}: {error}", path.display()))
    }

    /// A fault in a file's text at a line and column (both from 1), as parsers of JSON report it.
    pub fn in_text(path: &Path, text: &str, line: usize, column: usize, what: &str) -> Self {
        let line_start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
        let offset = text.floor_char_boundary((line_start + column.saturating_sub(1)).min(text.len()));
        let name = path.display().to_string();
        Self {
            message: format!("{name}:{line}: {what}"),
            help: None,
            place: Some(Box::new(Place {
                file: NamedSource::new(name, text.to_owned()),
                label: LabeledSpan::at_offset(offset, what.to_owned()),
            })),
            described: None,
        }
    }

    /// A fault that another part of the project describes already.
    pub fn from_diagnostic(error: impl Diagnostic + Send + Sync + 'static) -> Self {
        Self { message: error.to_string(), help: None, place: None, described: Some(Box::new(error)) }
    }

    /// Says what would be right.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl Diagnostic for BadInput {
    fn help(&self) -> Option<Box<dyn std::fmt::Display + '_>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn std::fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.place.as_ref().map(|place| &place.file as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        self.place
            .as_ref()
            .map(|place| Box::new(std::iter::once(place.label.clone())) as Box<dyn Iterator<Item = _>>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_in_a_file_names_file_line_and_place() {
        let fault =
            BadInput::in_text(Path::new("old.json"), "{\n  \"schema\": x\n}", 2, 13, "expected value");
        assert_eq!(fault.to_string(), "old.json:2: expected value");
        assert_eq!(fault.labels().unwrap().next().unwrap().offset(), 14);
    }

    #[test]
    fn a_place_beyond_the_text_is_its_end() {
        let fault = BadInput::in_text(Path::new("old.json"), "{", 9, 9, "unexpected end");
        assert_eq!(fault.labels().unwrap().next().unwrap().offset(), 1);
    }
}
