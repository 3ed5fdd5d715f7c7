//! Owns a thread's own randomness and clock, and their beginning and end.

use std::{
    cell::{Cell, RefCell},
    time::{Duration, Instant},
};

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng as _, SeedableRng as _};

/// Whether [`run`] changes anything on this system.
pub const IS_SUPPORTED: bool =
    cfg!(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")));

/// What the clock of such a thread shows for ever, since the epoch of Unix: 2027-01-15, 08:00 UTC.
#[cfg(target_os = "linux")]
pub(crate) const REAL_TIME: Duration = Duration::from_hours(500_000);
/// The same for clocks that count from the start of the machine.
#[cfg(target_os = "linux")]
pub(crate) const MONOTONIC_TIME: Duration = Duration::from_secs(10_000_000);
/// What a thread may use of its stack. Debug builds of WebRTC stacks need more than the usual 2 MiB.
const STACK_BYTES: usize = 16 << 20;

thread_local! {
    static IS_FROZEN: Cell<bool> = const { Cell::new(false) };
    static RANDOMNESS: RefCell<Option<ChaCha20Rng>> = const { RefCell::new(None) };
}

/// An instant from which times of a run can be counted, in the clock of whoever takes no others: on such a thread always the
/// same.
#[expect(clippy::disallowed_methods, reason = "nothing follows from how late it is")]
pub fn anchor() -> Instant {
    Instant::now()
}

/// Does `work` on a thread of its own, which nothing was done on before, and on which time stands still and random numbers
/// follow from `seed`. Threads that `work` starts are ordinary ones.
///
/// # Panics
/// When `work` does, or no thread can be started.
pub fn run<T: Send>(seed: u64, work: impl FnOnce() -> T + Send) -> T {
    let begin = move || {
        RANDOMNESS.with(|rng| *rng.borrow_mut() = Some(ChaCha20Rng::seed_from_u64(seed)));
        IS_FROZEN.with(|frozen| frozen.set(true));
        let done = work();
        IS_FROZEN.with(|frozen| frozen.set(false));
        done
    };
    let name = std::thread::current().name().map_or_else(|| "repeatable".to_owned(), ToOwned::to_owned);
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().name(name).stack_size(STACK_BYTES);
        match thread.spawn_scoped(scope, begin).expect("a thread can be started").join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Whether time stands still on this thread. False also while the thread's own memory is not there yet, or no more.
#[cfg(target_os = "linux")]
pub(crate) fn is_frozen() -> bool {
    IS_FROZEN.try_with(Cell::get).unwrap_or(false)
}

/// Fills `bytes` if this thread has randomness of its own. Whether there is any at all is asked by drawing no bytes, once in
/// each process: that takes nothing away.
#[cfg(target_os = "linux")]
pub(crate) fn fill(bytes: &mut [u8]) -> bool {
    is_frozen()
        && RANDOMNESS
            .try_with(|rng| match rng.try_borrow_mut().as_deref_mut() {
                Ok(Some(rng)) => {
                    if !bytes.is_empty() {
                        rng.fill_bytes(bytes);
                    }
                    true
                }
                Ok(None) | Err(_) => false,
            })
            .unwrap_or(false)
}
