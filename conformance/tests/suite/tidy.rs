//! Claims about the source tree that no compiler and no lint checks: which crate may know which, which names stay in
//! which module, and what a file looks like. Each rule brings examples that it refuses and examples that it lets
//! pass, so that a rule that finds nothing cannot go unnoticed.

mod layers;
mod rules;
mod tree;

use std::collections::BTreeSet;

use rules::{RULES, Rule};
use tree::SourceFile;

pub(crate) use tree::{benches, root};

#[test]
fn every_rule_holds_in_the_whole_tree() {
    let files = tree::sources();
    let mut breaches = Vec::new();
    for rule in RULES {
        let mut examined = 0;
        for file in files.iter().filter(|file| (rule.applies)(&file.path)) {
            examined += 1;
            if !rule.is_excepted(&file.path) {
                breaches.extend(rule.breaches(file));
            }
        }
        assert!(examined > 0, "{}: the rule applies to no file, so it has lost what it guards", rule.name);
    }
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn every_rule_refuses_its_broken_examples_and_lets_the_sound_ones_pass() {
    for rule in RULES {
        assert!(!rule.broken.is_empty() && !rule.sound.is_empty(), "{}: no examples", rule.name);
        for (path, text) in rule.broken {
            assert!(!judge(rule, path, text).is_empty(), "{}: this passes: {path}: {text}", rule.name);
        }
        for (path, text) in rule.sound {
            let breaches = judge(rule, path, text);
            assert!(breaches.is_empty(), "{}: this is refused: {path}: {text}: {breaches:?}", rule.name);
        }
    }
}

/// What `rule` says to a file, as the test of the whole tree would ask it.
fn judge(rule: &Rule, path: &str, text: &str) -> Vec<String> {
    if (rule.applies)(path) { rule.breaches(&SourceFile::new(path, text)) } else { Vec::new() }
}

#[test]
fn every_exception_is_needed() {
    let files = tree::sources();
    for rule in RULES {
        for (path, reason) in rule.exceptions {
            let file = files.iter().find(|file| file.path == *path);
            let file = file.unwrap_or_else(|| panic!("{}: there is no {path}", rule.name));
            assert!(!rule.breaches(file).is_empty(), "{}: {path} needs no exception ({reason})", rule.name);
        }
    }
}

#[test]
fn cargo_bench_ends_with_the_report_because_its_name_is_the_last() {
    let mut benches = benches();
    assert!(benches.len() > 8);
    benches.sort();
    assert_eq!(benches.last().unwrap(), "summary");
}

#[test]
fn rules_have_names_of_their_own() {
    let names: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), RULES.len());
}
