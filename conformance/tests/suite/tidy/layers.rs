//! Owns the rule which crate may depend on which. It holds for all kinds of dependencies, those of tests included.

use std::fs;

use super::tree;

/// For each member: the members it may depend on, and the foreign crates it may not.
const LAYERS: &[(&str, &[&str], &[&str])] = &[
    ("media-core", &[], &["tokio", "turmoil", "getrandom", "rand", "mio", "socket2", "jiff", "chrono"]),
    // The server may not know of anything that bends clocks and randomness.
    ("media-node", &["media-core"], &["turmoil", "getrandom", "rand", "libc", "mio", "socket2"]),
    ("repeatable", &[], &["tokio", "turmoil", "getrandom", "rand", "mio", "socket2"]),
    ("sim", &["media-core", "repeatable"], &["getrandom", "rand", "mio", "socket2"]),
    ("conformance", &["media-core", "sim"], &["tokio", "turmoil", "getrandom", "rand", "criterion"]),
    ("benches", &["media-core", "sim", "conformance"], &["tokio", "turmoil"]),
];

const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];

/// What `manifest`, the `Cargo.toml` of `member`, depends on against the rule.
fn breaches(member: &str, manifest: &str) -> Vec<String> {
    let Some((_, inner, barred)) = LAYERS.iter().find(|(name, ..)| *name == member) else {
        return vec![format!("{member}: LAYERS does not say what it may depend on")];
    };
    let manifest: toml::Table = manifest.parse().unwrap();
    let platforms = manifest.get("target").and_then(toml::Value::as_table);
    let tables = platforms.into_iter().flat_map(|target| target.values().filter_map(toml::Value::as_table));
    let mut breaches = Vec::new();
    for (kind, table) in
        std::iter::once(&manifest).chain(tables).flat_map(|table| KINDS.map(|kind| (kind, table)))
    {
        for (name, details) in table.get(kind).and_then(toml::Value::as_table).into_iter().flatten() {
            // `alias = { package = "tokio" }` is tokio.
            let name = details.get("package").and_then(toml::Value::as_str).unwrap_or(name);
            let is_member = LAYERS.iter().any(|(member, ..)| *member == name);
            if barred.contains(&name) || (is_member && !inner.contains(&name)) {
                breaches.push(format!("{member}/Cargo.toml: {kind}: {member} may not depend on {name}"));
            }
        }
    }
    breaches
}

#[test]
fn dependencies_point_inwards() {
    let members = tree::members();
    assert_eq!(members.len(), LAYERS.len(), "{members:?}");
    let manifest =
        |member: &String| fs::read_to_string(tree::root().join(member).join("Cargo.toml")).unwrap();
    let breaches: Vec<_> = members.iter().flat_map(|member| breaches(member, &manifest(member))).collect();
    assert!(breaches.is_empty(), "\n{}", breaches.join("\n"));
}

#[test]
fn a_dependency_that_points_outwards_is_refused_in_every_form() {
    for (member, manifest) in [
        ("media-core", "[dependencies]\nsim.workspace = true"),
        ("media-core", "[dev-dependencies]\nsim = { path = '../sim' }"),
        ("media-core", "[build-dependencies]\ntokio = '1'"),
        ("media-core", "[target.'cfg(unix)'.dependencies]\ngetrandom = '0.3'"),
        ("media-core", "[dependencies]\nruntime = { package = 'tokio', version = '1' }"),
        ("sim", "[dependencies]\nconformance = { path = '../conformance' }"),
        ("conformance", "[dependencies]\nturmoil = '0.7'"),
        ("conformance", "[dev-dependencies]\nbenches = { path = '../benches' }"),
        ("media-node", "[dev-dependencies]\nsim.workspace = true"),
        ("media-node", "[dependencies]\nrepeatable.workspace = true"),
        ("media-node", "[dependencies]\nturmoil = '0.7'"),
        ("sim", "[dependencies]\nmedia-node.workspace = true"),
        ("newcomer", ""),
    ] {
        assert_eq!(breaches(member, manifest).len(), 1, "{member}: {manifest}");
    }
    assert!(breaches("sim", "[dependencies]\nmedia-core.workspace = true\nturmoil = '0.7'").is_empty());
}
