//! Owns the C library's functions by which a program gets random numbers and the time. The linker prefers a program's own
//! functions to those of a shared library, so these are called in their place; on ordinary threads they call the others.
//!
//! `syscall` is among them because ring and aws-lc ask the kernel for random numbers without `getrandom`.

#![expect(unsafe_code, reason = "functions with C's names and pointers; each block says why it is sound")]

use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{c_int, c_long, c_uint, c_void, clockid_t, size_t, ssize_t, timespec};

use crate::thread::{MONOTONIC_TIME, REAL_TIME, fill, is_frozen};

type GetRandom = unsafe extern "C" fn(*mut c_void, size_t, c_uint) -> ssize_t;
type ClockGetTime = unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int;
type Syscall = unsafe extern "C" fn(c_long, usize, usize, usize, usize, usize, usize) -> c_long;

/// The C library's function of the same name, which is found once.
struct Original {
    name: &'static std::ffi::CStr,
    address: AtomicPtr<c_void>,
}

impl Original {
    const fn new(name: &'static std::ffi::CStr) -> Self {
        Self { name, address: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Never null: without its C library no program runs.
    fn address(&self) -> *mut c_void {
        let known = self.address.load(Ordering::Relaxed);
        if !known.is_null() {
            return known;
        }
        // SAFETY: the name is a C string that lives for ever; the next definition after this program's is asked for.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        if found.is_null() {
            std::process::abort();
        }
        self.address.store(found, Ordering::Relaxed);
        found
    }
}

static GETRANDOM: Original = Original::new(c"getrandom");
static CLOCK_GETTIME: Original = Original::new(c"clock_gettime");
static SYSCALL: Original = Original::new(c"syscall");

/// `getrandom(2)`.
///
/// # Safety
/// `buffer` points to `length` bytes that may be written.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn getrandom(buffer: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    if is_frozen() && !buffer.is_null() {
        // SAFETY: the caller promises that these bytes are there. They are zeroed first, so that none is read before it
        // was written.
        let bytes = unsafe {
            std::ptr::write_bytes(buffer.cast::<u8>(), 0, length);
            std::slice::from_raw_parts_mut(buffer.cast::<u8>(), length)
        };
        if fill(bytes) {
            return length as ssize_t;
        }
    }
    // SAFETY: `dlsym` gave the C library's `getrandom`, which has this signature; the arguments are the caller's.
    unsafe { std::mem::transmute::<*mut c_void, GetRandom>(GETRANDOM.address())(buffer, length, flags) }
}

/// `getentropy(3)`.
///
/// # Safety
/// `buffer` points to `length` bytes that may be written.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn getentropy(buffer: *mut c_void, length: size_t) -> c_int {
    if length > 256 {
        return -1;
    }
    // SAFETY: as the caller promised.
    if unsafe { getrandom(buffer, length, 0) } == length as ssize_t { 0 } else { -1 }
}

/// `clock_gettime(2)`.
///
/// # Safety
/// `time` points to a `timespec` that may be written.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn clock_gettime(clock: clockid_t, time: *mut timespec) -> c_int {
    let frozen = match clock {
        libc::CLOCK_REALTIME | libc::CLOCK_REALTIME_COARSE => Some(REAL_TIME),
        libc::CLOCK_MONOTONIC
        | libc::CLOCK_MONOTONIC_RAW
        | libc::CLOCK_MONOTONIC_COARSE
        | libc::CLOCK_BOOTTIME => Some(MONOTONIC_TIME),
        _ => None,
    };
    if let Some(frozen) = frozen.filter(|_| is_frozen() && !time.is_null()) {
        let now = timespec { tv_sec: frozen.as_secs().cast_signed(), tv_nsec: 0 };
        // SAFETY: the caller promises that a `timespec` is there.
        unsafe { time.write(now) };
        return 0;
    }
    // SAFETY: `dlsym` gave the C library's `clock_gettime`, which has this signature; the arguments are the caller's.
    unsafe { std::mem::transmute::<*mut c_void, ClockGetTime>(CLOCK_GETTIME.address())(clock, time) }
}

/// `syscall(2)`. C declares it with as many arguments as one likes; on `x86_64` and `aarch64` they lie where those of a function
/// with seven integers do (System V ABI, AAPCS64), and a callee that takes all of them can hand them on.
///
/// # Safety
/// As the system call asks.
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn syscall(
    number: c_long,
    first: usize,
    second: usize,
    third: usize,
    fourth: usize,
    fifth: usize,
    sixth: usize,
) -> c_long {
    if number == libc::SYS_getrandom && is_frozen() {
        // SAFETY: the arguments of this system call are those of `getrandom`.
        return unsafe { getrandom(first as *mut c_void, second, third as c_uint) } as c_long;
    }
    // SAFETY: `dlsym` gave the C library's `syscall`, which has this signature but for the dots.
    let original = unsafe { std::mem::transmute::<*mut c_void, Syscall>(SYSCALL.address()) };
    // SAFETY: the C library finds the arguments where this call puts them, and they are the caller's.
    unsafe { original(number, first, second, third, fourth, fifth, sixth) }
}
