//! Owns what is told to somebody whose file is wrong: file, line, field, what is wrong and what was expected.

use std::{fmt, ops::Range};

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

use super::Located;

/// Why a scenario or a building was refused. Its one-line form is `file:line: field: message`; as a
/// [`miette::Diagnostic`] it shows the place.
#[derive(Clone, Debug)]
pub struct ScenarioError(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    source: NamedSource<String>,
    line: Option<usize>,
    field: String,
    message: String,
    help: Option<String>,
    span: Option<Range<usize>>,
}

/// Something wrong at a place of the file that is being validated.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    span: Range<usize>,
    field: String,
    message: String,
    help: Option<String>,
}

impl Problem {
    /// `value`, of the field named, is wrong as `message` says.
    pub(crate) fn at<T>(value: &Located<T>, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self { span: value.span.clone(), field: field.into(), message: message.into(), help: None }
    }

    /// What to do about it.
    #[must_use]
    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl ScenarioError {
    /// The line at fault, from 1; absent when the file could not be read at all.
    pub fn line(&self) -> Option<usize> {
        self.0.line
    }

    /// The field at fault; empty when no field is.
    pub fn field(&self) -> &str {
        &self.0.field
    }

    /// What is wrong and what was expected.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// A file that could not be read.
    pub(crate) fn unlocated(file_name: &str, message: String) -> Self {
        Self(Box::new(Details {
            source: NamedSource::new(file_name, String::new()),
            line: None,
            field: String::new(),
            message,
            help: None,
            span: None,
        }))
    }

    /// A file that is not TOML, or not of the right form.
    pub(crate) fn from_toml(file_name: &str, text: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        // The one-line form has one line, and nobody should have to know what a u32 is.
        let message = error
            .message()
            .trim()
            .replace('\n', ", ")
            .replace("expected u32", "expected a whole number of 0 to 4294967295");
        let field = missing_field(&message).or_else(|| field_at(text, &span)).unwrap_or_default();
        Self::from_problem(file_name, text, Problem { span, field, message, help: None })
    }

    /// A file that says something impossible.
    pub(crate) fn from_problem(file_name: &str, text: &str, problem: Problem) -> Self {
        let Problem { span, field, message, help } = problem;
        let start = span.start.min(text.len());
        let line = 1 + text[..start].matches('\n').count();
        // A span of several lines, such as that of a table, is marked on its first line only.
        let end =
            text[start..].find('\n').map_or(text.len(), |length| start + length).min(span.end).max(start);
        Self(Box::new(Details {
            source: NamedSource::new(file_name, text.to_owned()),
            line: Some(line),
            field,
            message,
            help,
            span: Some(start..end),
        }))
    }
}

impl fmt::Display for ScenarioError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Details { source, line, field, message, .. } = &*self.0;
        write!(f, "{}:", source.name())?;
        if let Some(line) = line {
            write!(f, "{line}:")?;
        }
        if !field.is_empty() {
            write!(f, " {field}:")?;
        }
        write!(f, " {message}")
    }
}

impl std::error::Error for ScenarioError {}

impl Diagnostic for ScenarioError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.0.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.0.span.as_ref().map(|_| &self.0.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.0.span.clone()?;
        // The message stands above already; the label says which field it is about.
        let label = if self.0.field.is_empty() { "here".to_owned() } else { self.0.field.clone() };
        let label = LabeledSpan::new_with_span(Some(label), span);
        Some(Box::new(std::iter::once(label)))
    }
}

/// The field that serde says is missing.
fn missing_field(message: &str) -> Option<String> {
    message.strip_prefix("missing field `")?.split('`').next().map(ToOwned::to_owned)
}

/// The field whose key or value stands at `span`.
fn field_at(text: &str, span: &Range<usize>) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    let marked = text.get(span.clone())?;
    if !marked.is_empty()
        && marked.chars().all(is_name)
        && text[span.end..].trim_start_matches([' ', '\t', '.']).starts_with(['=', ']'])
    {
        return Some(marked.to_owned());
    }
    // A value stands behind its key on the same line, perhaps inside a list.
    let line = &text[text[..span.start].rfind('\n').map_or(0, |at| at + 1)..span.start];
    let before = line[..line.rfind('=')?].trim_end();
    let start = before.rfind(|c| !is_name(c)).map_or(0, |at| at + 1);
    Some(before[start..].to_owned())
}
