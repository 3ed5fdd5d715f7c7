//! Claims about the program's symbols: the C library's functions for random numbers and the time are its own, or no rehearsal with
//! another implementation of WebRTC would repeat. The server's test claims the opposite of the server.

use std::{collections::BTreeSet, fs};

use object::{Object as _, ObjectSymbol as _};

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[test]
fn the_rehearsal_brings_its_own_clock_and_randomness() {
    let program = fs::read(env!("CARGO_BIN_EXE_generalprobe")).unwrap();
    let program = object::File::parse(&*program).unwrap();
    let defined =
        program.symbols().filter(object::ObjectSymbol::is_definition).filter_map(|symbol| symbol.name().ok());
    let wanted = ["clock_gettime", "getrandom", "syscall"];
    let defined: BTreeSet<_> = defined.filter(|name| wanted.contains(name)).collect();
    assert_eq!(defined, BTreeSet::from(wanted));
}
