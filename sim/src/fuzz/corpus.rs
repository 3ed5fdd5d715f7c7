//! Owns the kept inputs: excerpts of real runs, inputs that reached new code, and those that once broke something. They
//! are the files of `fixtures/corpus`, carried in the program.

/// A target's inputs by their names.
type Inputs = &'static [(&'static str, &'static [u8])];

/// Written by the build script, in the order of names.
static CORPUS: &[(&str, Inputs)] = include!(concat!(env!("OUT_DIR"), "/corpus.rs"));

/// The inputs of a target; none when it has no folder.
pub(super) fn of(target: &str) -> Inputs {
    CORPUS.iter().find(|(name, _)| *name == target).map_or(&[], |(_, inputs)| inputs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fuzz;

    /// Bytes of the whole corpus: it is read in every test run and cloned with the project.
    const CORPUS_BYTES_MAX: usize = 1 << 20;

    #[test]
    fn every_target_has_a_corpus_and_every_folder_a_target() {
        for target in fuzz::TARGETS {
            assert!(!target.corpus().is_empty(), "{} has no corpus", target.name);
        }
        for (name, _) in CORPUS {
            assert!(fuzz::target(name).is_some(), "fixtures/corpus/{name} belongs to no target");
        }
    }

    #[test]
    fn the_corpus_is_small() {
        let inputs = CORPUS.iter().flat_map(|(_, inputs)| *inputs);
        assert!(inputs.map(|(_, bytes)| bytes.len()).sum::<usize>() < CORPUS_BYTES_MAX);
    }
}
