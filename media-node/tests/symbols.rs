//! Claims about the program's symbols: what makes rehearsals repeatable replaces functions of the C library, and must not be in a
//! server, whose keys would be everybody's.

use std::{collections::BTreeSet, fs, path::Path};

use object::{Object as _, ObjectSymbol};

/// Functions by which a program gets random numbers and the time.
const REPLACED: [&str; 3] = ["clock_gettime", "getrandom", "syscall"];

/// Every function that a file has itself.
fn defined(file: &Path) -> BTreeSet<String> {
    let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let file = object::File::parse(&*bytes).expect("a program or a library");
    let symbols = file.symbols().chain(file.dynamic_symbols());
    symbols
        .filter(ObjectSymbol::is_definition)
        .filter_map(|symbol| symbol.name().ok().map(|name| name.split('@').next().unwrap_or(name).to_owned()))
        .collect()
}

fn replaced(defined: &BTreeSet<String>) -> Vec<&str> {
    REPLACED.into_iter().filter(|name| defined.contains(*name)).collect()
}

#[test]
fn the_server_has_the_clock_and_the_randomness_of_the_operating_system() {
    let defined = defined(Path::new(env!("CARGO_BIN_EXE_media-node")));
    assert!(defined.contains("main"), "a program without names shows nothing: {} symbols", defined.len());
    assert_eq!(replaced(&defined), [""; 0]);
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn whoever_has_these_functions_is_noticed() {
    let maps = fs::read_to_string("/proc/self/maps").expect("this process has a map");
    let library = maps.lines().filter_map(|line| line.split_whitespace().last());
    let library = library.into_iter().find(|path| path.contains("libc.so")).expect("the C library is in use");
    assert_eq!(replaced(&defined(Path::new(library))), REPLACED);
}
