//! Owns `shard.json`: what one shard of a gate run leaves so that all of them can be joined into the report of an
//! unsplit run, byte for byte.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};

use crate::{
    bad_input::BadInput,
    perform::WorkRecord,
    plan::{Plan, Selection, Shard},
    registry::Registry,
    report::{SCHEMA, saved::load_json},
};

/// The file's name in a shard's output directory.
pub const FILE: &str = "shard.json";

/// One shard's work.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShardFile {
    schema: u32,
    /// Digest of catalogue, checks and proofs: shards of different builds are not joined.
    build: String,
    shard: Shard,
    selection: Selection,
    records: Vec<WorkRecord>,
}

impl ShardFile {
    /// The file of a shard that did `records`.
    pub fn new(registry: &Registry, plan: &Plan, shard: Shard, records: Vec<WorkRecord>) -> Self {
        let (build, selection) = (fingerprint(registry), plan.selection().clone());
        Self { schema: SCHEMA, build, shard, selection, records }
    }
}

/// Joins the shards in `dirs` into the whole plan and its records, in the plan's order.
///
/// # Errors
/// A file is missing or malformed, or the shards are not exactly those of one gate run of this build.
pub fn join(registry: &Registry, dirs: &[PathBuf]) -> Result<(Plan, Vec<WorkRecord>), BadInput> {
    let mut shards: Vec<(PathBuf, ShardFile)> = Vec::new();
    for dir in dirs {
        let path = dir.join(FILE);
        let file = load_json(&path)?;
        shards.push((path, file));
    }
    let Some((first_path, first)) = shards.first() else { return Err(BadInput::new("merge: no directory")) };
    let build = fingerprint(registry);
    let mut by_index: BTreeMap<u32, &Path> = BTreeMap::new();
    for (path, file) in &shards {
        let fault = |what: String| BadInput::new(format!("{}: {what}", path.display()));
        if file.schema != SCHEMA || file.build != build {
            return Err(fault("field `build`: written by another version of this program".to_owned()));
        }
        if file.selection != first.selection || file.shard.of != first.shard.of {
            return Err(fault(format!("not of the same gate run as {}", first_path.display())));
        }
        if let Some(other) = by_index.insert(file.shard.index, path) {
            return Err(fault(format!("shard {} again, as in {}", name(file.shard), other.display())));
        }
    }
    let missing = (1..=first.shard.of).find(|index| !by_index.contains_key(index));
    if let Some(index) = missing {
        return Err(BadInput::new(format!(
            "merge: shard {} is missing",
            name(Shard { index, ..first.shard })
        )));
    }
    let plan = Plan::new(registry, first.selection.clone())?;
    let records = collect(&plan, shards)?;
    Ok((plan, records))
}

/// Puts the records into the plan's order, each shard having done exactly its part.
fn collect(plan: &Plan, shards: Vec<(PathBuf, ShardFile)>) -> Result<Vec<WorkRecord>, BadInput> {
    let mut by_item = BTreeMap::new();
    for (path, file) in shards {
        let dealt = plan.shard(file.shard);
        if !file.records.iter().map(|record| &record.item).eq(&dealt) {
            let what = format!("field `records`: not the {} runs of shard {}", dealt.len(), name(file.shard));
            return Err(BadInput::new(format!("{}: {what}", path.display())));
        }
        by_item.extend(file.records.into_iter().map(|record| (record.item.clone(), record)));
    }
    Ok(plan.items().iter().filter_map(|item| by_item.remove(item)).collect())
}

fn name(shard: Shard) -> String {
    format!("{}/{}", shard.index, shard.of)
}

fn fingerprint(registry: &Registry) -> String {
    let mut context = Context::new(&SHA256);
    let rows = registry.catalogue().requirements().iter().map(|row| format!("{row:?}\n"));
    let checks = registry.checks().iter().map(|check| format!("{check:?}\n"));
    let proofs = registry.proofs().iter().map(|proof| format!("{} {}\n", proof.check, proof.by()));
    for line in rows.chain(checks).chain(proofs) {
        context.update(line.as_bytes());
    }
    hex::encode(context.finish())
}

#[cfg(test)]
mod tests {
    use std::{fs, num::NonZero};

    use super::*;
    use crate::{
        gate::{conclude, decide},
        perform::perform,
        report::GateReport,
        testing::{MadeUp, registry},
    };

    /// Runs shards of one gate run, some of them failing, into directories of their own.
    fn run_shards(root: &Path, of: u32) -> Vec<PathBuf> {
        let registry = registry();
        let rehearse = MadeUp { broken: vec![("small", 2), ("weak", 3)], ..MadeUp::default() };
        let selection = Selection { seeds: (1..=4).collect(), ..Selection::default() };
        let plan = Plan::new(&registry, selection).unwrap();
        let run = |index| {
            let shard = Shard { index, of };
            let records =
                perform(&plan.shard(shard), plan.checks(), &rehearse, NonZero::<usize>::MIN, |_| {}).unwrap();
            let dir = root.join(format!("{index}-of-{of}"));
            fs::create_dir_all(&dir).unwrap();
            let file = ShardFile::new(&registry, &plan, shard, records);
            fs::write(dir.join(FILE), serde_json::to_string(&file).unwrap()).unwrap();
            dir
        };
        (1..=of).map(run).collect()
    }

    fn merged(dirs: &[PathBuf]) -> Result<String, BadInput> {
        let registry = registry();
        let (plan, records) = join(&registry, dirs)?;
        let decision = decide(&registry, &conclude(&plan, &records));
        Ok(serde_json::to_string(&GateReport::new(&plan, &records, Shard::WHOLE, &decision)).unwrap())
    }

    #[test]
    fn shards_join_into_the_report_of_an_unsplit_run_byte_for_byte() {
        let root = tempfile::tempdir().unwrap();
        let whole = merged(&run_shards(root.path(), 1)).unwrap();
        assert!(whole.contains("\"small@2\""), "the comparison covers violations: {whole}");
        for of in [2, 3, 20] {
            let mut dirs = run_shards(root.path(), of);
            dirs.reverse();
            assert_eq!(merged(&dirs).unwrap(), whole, "{of} shards");
        }
    }

    #[test]
    fn a_missing_shard_is_named() {
        let root = tempfile::tempdir().unwrap();
        let mut dirs = run_shards(root.path(), 3);
        dirs.remove(1);
        assert_eq!(merged(&dirs).unwrap_err().to_string(), "merge: shard 2/3 is missing");
    }

    #[test]
    fn a_shard_given_twice_or_of_another_gate_run_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let three = run_shards(root.path(), 3);
        let two = run_shards(root.path(), 2);
        let fault =
            |dirs: &[&PathBuf]| merged(&dirs.iter().map(|&dir| dir.clone()).collect::<Vec<_>>()).unwrap_err();
        assert!(fault(&[&three[0], &three[0]]).to_string().contains("shard 1/3 again"));
        assert!(fault(&[&three[0], &two[1]]).to_string().contains("not of the same gate run"));
    }

    #[test]
    fn a_shard_that_did_not_do_its_part_or_is_of_another_build_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let dirs = run_shards(root.path(), 1);
        let path = dirs[0].join(FILE);
        let whole: ShardFile = load_json(&path).unwrap();
        let mut broken = whole.clone();
        broken.records.pop();
        fs::write(&path, serde_json::to_string(&broken).unwrap()).unwrap();
        assert!(merged(&dirs).unwrap_err().to_string().contains("not the 9 runs of shard 1/1"));
        let foreign = ShardFile { build: "another".to_owned(), ..whole };
        fs::write(&path, serde_json::to_string(&foreign).unwrap()).unwrap();
        assert!(merged(&dirs).unwrap_err().to_string().contains("another version"));
    }
}
