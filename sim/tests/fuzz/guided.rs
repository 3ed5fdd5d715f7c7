//! Owns the entry of the coverage-guided fuzzer (libFuzzer), which `.ci/fuzz` builds and drives. The target is named by
//! the environment, so that one program serves all.
#![cfg_attr(fuzzing, no_main)]

#[cfg(not(fuzzing))]
compile_error!("the coverage-guided fuzzer is built by .ci/fuzz");

#[cfg(fuzzing)]
mod entry {
    use std::sync::LazyLock;

    use sim::fuzz::{Target, target};

    static TARGET: LazyLock<&Target> = LazyLock::new(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        target(&name).unwrap_or_else(|| panic!("FUZZ_TARGET names no target: `{name}`"))
    });

    libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
        if let Err(fault) = (TARGET.examine)(bytes) {
            panic!("{}: {fault}", TARGET.name);
        }
    });
}
