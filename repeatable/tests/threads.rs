//! Claims about what programs get on such threads, by every way to ask.

#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#![expect(unsafe_code, reason = "asks the C library as other languages' code does")]
#![expect(clippy::disallowed_methods, reason = "asks for the wall clock to see which one it gets")]

use std::{
    collections::HashSet,
    time::{Duration, Instant, SystemTime},
};

/// Sixteen bytes by each way there is.
fn draws() -> Vec<[u8; 16]> {
    let mut all = vec![[0_u8; 16]; 3];
    // SAFETY: each call gets a pointer to 16 bytes of its own, and their number.
    unsafe {
        assert_eq!(libc::getrandom(all[0].as_mut_ptr().cast(), 16, 0), 16);
        assert_eq!(libc::syscall(libc::SYS_getrandom, all[1].as_mut_ptr(), 16_usize, 0_usize), 16);
        assert_eq!(libc::getentropy(all[2].as_mut_ptr().cast(), 16), 0);
    }
    all
}

fn order_of_a_set() -> Vec<u32> {
    (0..100).collect::<HashSet<u32>>().into_iter().collect()
}

#[test]
fn the_same_seed_gives_the_same_randomness_by_every_way() {
    let (first, second) = (repeatable::run(7, draws), repeatable::run(7, draws));
    assert_eq!(first, second);
    let other = repeatable::run(8, draws);
    assert!(first.iter().zip(&other).all(|(first, other)| first != other));
    assert!(first.iter().all(|drawn| *drawn != [0; 16]));
}

#[test]
fn who_asks_for_no_bytes_takes_none_away() {
    let after_asking = repeatable::run(7, || {
        // SAFETY: no byte is written.
        assert_eq!(unsafe { libc::getrandom([0_u8; 1].as_mut_ptr().cast(), 0, 0) }, 0);
        draws()
    });
    assert_eq!(after_asking, repeatable::run(7, draws));
}

#[test]
fn hashed_sets_have_the_same_order() {
    let first = repeatable::run(7, order_of_a_set);
    assert!((0..5).all(|_| repeatable::run(7, order_of_a_set) == first));
    assert_ne!(repeatable::run(8, order_of_a_set), first);
}

#[test]
fn time_stands_still_there_and_goes_on_elsewhere() {
    let elapsed = repeatable::run(7, || {
        let (begin, real) = (Instant::now(), SystemTime::now());
        std::thread::sleep(Duration::from_millis(5));
        assert_eq!(SystemTime::now(), real);
        begin.elapsed()
    });
    assert_eq!(elapsed, Duration::ZERO);
    let begin = Instant::now();
    std::thread::sleep(Duration::from_millis(5));
    assert!(begin.elapsed() >= Duration::from_millis(5));
}

#[test]
fn ordinary_threads_get_what_the_system_gives() {
    assert_ne!(draws(), draws());
    let from_within = repeatable::run(7, || std::thread::spawn(draws).join().expect("no panic"));
    let again = repeatable::run(7, || std::thread::spawn(draws).join().expect("no panic"));
    assert_ne!(from_within, again);
}

#[test]
fn other_system_calls_are_as_before() {
    // SAFETY: these calls take nothing and give a number.
    let (by_number, by_name) = unsafe { (libc::syscall(libc::SYS_getpid), libc::getpid()) };
    assert_eq!(by_number, i64::from(by_name));
}

#[test]
#[should_panic(expected = "this is said")]
fn a_panic_comes_out() {
    repeatable::run(7, || panic!("this is said"));
}
