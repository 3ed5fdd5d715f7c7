//! Owns the list of the fuzzing corpus: the files of `fixtures/corpus`, so that the program carries them in itself and a
//! new one needs no line of code.

use std::{
    collections::BTreeMap,
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
};

fn main() -> std::io::Result<()> {
    let home = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate is"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write"));
    let corpus = home.join("../fixtures/corpus").canonicalize()?;
    println!("cargo::rerun-if-changed={}", corpus.display());
    let mut list = fs::File::create(out.join("corpus.rs"))?;
    writeln!(list, "&[")?;
    for (target, folder) in entries(&corpus)?.into_iter().filter(|(_, path)| path.is_dir()) {
        println!("cargo::rerun-if-changed={}", folder.display());
        writeln!(list, "({target:?}, &[")?;
        for (name, file) in entries(&folder)? {
            writeln!(list, "({name:?}, include_bytes!({:?})),", file.display().to_string())?;
        }
        writeln!(list, "]),")?;
    }
    writeln!(list, "]")
}

/// What a folder holds, by name.
fn entries(folder: &Path) -> std::io::Result<BTreeMap<String, PathBuf>> {
    let named = fs::read_dir(folder)?.map(|entry| {
        let entry = entry?;
        Ok((entry.file_name().to_string_lossy().into_owned(), entry.path()))
    });
    named.collect()
}
