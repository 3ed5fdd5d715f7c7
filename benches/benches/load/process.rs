//! Owns a server's process: it is started, its CPU time is read from the kernel's account, and it ends with the bench.

use std::{
    fs,
    io::{self, BufRead as _, BufReader, Error, Read as _},
    process::{Child, ChildStdin, Command},
    thread,
    time::Duration,
};

use rustix::process::{Resource, getrlimit, setrlimit};

/// More files than the sockets of those who watch, on either side: pipes, logs, listeners.
const OTHER_FILES: u64 = 64;

/// Raises how many files this process and those that it starts may open, if so many sockets need it: often 1,024, and Janus has two
/// sockets for each connection.
///
/// # Errors
/// If this machine does not allow as many.
pub(crate) fn allow_sockets(audience: usize) -> io::Result<()> {
    let mut limits = getrlimit(Resource::Nofile);
    let wanted = 4 * audience as u64 + OTHER_FILES;
    if limits.current.is_none_or(|current| current >= wanted) {
        return Ok(());
    }
    if let Some(most) = limits.maximum.filter(|most| *most < wanted) {
        return Err(Error::other(format!("this needs {wanted} open files, and {most} are allowed")));
    }
    limits.current = Some(wanted);
    Ok(setrlimit(Resource::Nofile, limits)?)
}

/// A server that runs.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> io::Result<Self> {
        let child = command.spawn().map_err(|fault| {
            Error::new(
                fault.kind(),
                format!("{} cannot be started: {fault}", command.get_program().display()),
            )
        })?;
        Ok(Self { child })
    }

    /// Waits for a line of its log, which has to be piped from standard error, and gives what is found in it. What comes
    /// behind it is passed on.
    pub(crate) fn find_in_log<T>(&mut self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let mut log = BufReader::new(self.child.stderr.take()?);
        let found = log.by_ref().lines().map_while(Result::ok).find_map(|line| find(&line));
        thread::spawn(move || io::copy(&mut log, &mut io::stderr()));
        found
    }

    /// Its standard input, if that is piped and was not taken yet.
    pub(crate) fn take_input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// What the kernel charged it with so far.
    pub(crate) fn cpu_time(&self) -> io::Result<CpuTime> {
        CpuTime::of(self.child.id())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be gone.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Time of all threads of a process (`proc_pid_stat(5)`: utime and stime, in ticks of 10 ms mostly).
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CpuTime {
    pub(crate) user: Duration,
    pub(crate) kernel: Duration,
}

impl CpuTime {
    pub(crate) fn of(process: u32) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The name stands in parentheses, and may have any character in it.
        let behind_name = stat.rsplit(')').next().unwrap_or_default();
        let mut fields = behind_name.split_whitespace().skip(11);
        let per_second = rustix::param::clock_ticks_per_second();
        let mut time = || {
            let ticks: u64 = fields.next()?.parse().ok()?;
            Some(Duration::from_millis(ticks * 1_000 / per_second))
        };
        match (time(), time()) {
            (Some(user), Some(kernel)) => Ok(Self { user, kernel }),
            _ => Err(Error::other("the kernel's account of the process cannot be read")),
        }
    }

    pub(crate) fn sum(self) -> Duration {
        self.user + self.kernel
    }

    pub(crate) fn since(self, before: Self) -> Self {
        Self {
            user: self.user.saturating_sub(before.user),
            kernel: self.kernel.saturating_sub(before.kernel),
        }
    }
}
