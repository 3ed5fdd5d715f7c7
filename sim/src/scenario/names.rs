//! Owns names: which are well formed, which was probably meant, and which fit a pattern.

use std::collections::BTreeMap;

use super::{Located, error::Problem};

/// Bytes of a name; as long as a display name may be.
const NAME_BYTES_MAX: usize = media_core::limits::NAME_BYTES_MAX;

/// Refuses names that are not of `[a-z0-9-]+`.
pub(super) fn check_name(name: &Located<String>) -> Result<(), Problem> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.chars().all(fits) {
        let message = format!(
            "`{}` is not a name, expected 1 to {NAME_BYTES_MAX} lower-case letters, digits and hyphens",
            name.value
        );
        return Err(Problem::at(name, "name", message));
    }
    Ok(())
}

/// Things by name. A name stands for one thing, or for the several that an entry with a count makes.
#[derive(Debug)]
pub(super) struct Directory<I> {
    what: &'static str,
    entries: BTreeMap<String, Vec<I>>,
}

impl<I: Copy> Directory<I> {
    /// An empty directory of, say, "person".
    pub(super) const fn new(what: &'static str) -> Self {
        Self { what, entries: BTreeMap::new() }
    }

    /// Adds the `count` things of an entry, numbered from `first`, and returns their names.
    pub(super) fn add(
        &mut self,
        name: &Located<String>,
        count: Option<u32>,
        mut index: impl FnMut() -> I,
    ) -> Result<Vec<String>, Problem> {
        check_name(name)?;
        let names: Vec<String> = match count {
            None => vec![name.value.clone()],
            Some(count) => (1..=count).map(|number| format!("{}-{number}", name.value)).collect(),
        };
        let indices: Vec<I> = names.iter().map(|_| index()).collect();
        for (single, index) in names.iter().zip(&indices) {
            self.insert(single.clone(), vec![*index], name)?;
        }
        if count.is_some() {
            self.insert(name.value.clone(), indices, name)?;
        }
        Ok(names)
    }

    /// Everything that `name` stands for, never nothing.
    pub(super) fn all(&self, name: &Located<String>, field: &str) -> Result<&[I], Problem> {
        self.entries.get(&name.value).map(Vec::as_slice).ok_or_else(|| {
            let problem = Problem::at(name, field, format!("there is no {} `{}`", self.what, name.value));
            match nearest(&name.value, self.entries.keys().map(String::as_str)) {
                Some(meant) => problem.help(format!("did you mean `{meant}`?")),
                None => problem,
            }
        })
    }

    /// The one thing that `name` stands for.
    pub(super) fn one(&self, name: &Located<String>, field: &str) -> Result<I, Problem> {
        match self.all(name, field)? {
            [index] => Ok(*index),
            several => {
                let message = format!("`{}` stands for {} of them, expected one", name.value, several.len());
                Err(Problem::at(name, field, message).help(format!("for example `{}-1`", name.value)))
            }
        }
    }

    fn insert(&mut self, single: String, indices: Vec<I>, name: &Located<String>) -> Result<(), Problem> {
        let message = format!("there is a {} `{single}` already, expected each name once", self.what);
        match self.entries.insert(single, indices) {
            None => Ok(()),
            Some(_) => Err(Problem::at(name, "name", message)),
        }
    }
}

/// The candidate that was probably meant, if one is near.
pub(super) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .map(|candidate| (distance(name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().max(name.len()) / 3)
        .map(|(_, candidate)| candidate)
}

/// Whether `name` fits `pattern`, in which `*` stands for any characters, also none.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((start, rest)) => name.strip_prefix(start).is_some_and(|tail| {
            (0..=tail.len()).any(|skipped| tail.get(skipped..).is_some_and(|end| fits(rest, end)))
        }),
    }
}

/// Levenshtein distance in bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, byte_a) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, byte_b) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(byte_a != byte_b);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_characters() {
        for (pattern, name, expected) in [
            ("*", "anna", true),
            ("anna", "anna", true),
            ("anna", "anna-2", false),
            ("guest-*", "guest-12", true),
            ("guest-*", "guest", false),
            ("*-desk-*", "mitte-desk-4", true),
            ("*-desk-*", "mitte-room-4", false),
            ("a*a", "a", false),
        ] {
            assert_eq!(fits(pattern, name), expected, "{pattern} on {name}");
        }
    }

    #[test]
    fn the_nearest_name_is_suggested_only_when_it_is_near() {
        assert_eq!(nearest("ana", ["anna", "bert"].into_iter()), Some("anna"));
        assert_eq!(nearest("zacharias", ["anna", "bert"].into_iter()), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
