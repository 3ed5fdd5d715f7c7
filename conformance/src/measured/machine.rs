//! Owns what is said of the machine that something was measured on.

use std::{env, fs, process::Command, thread};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A machine. What it does not tell is absent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Machine {
    /// Model of the processor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// What the processor is, for instance `x86_64`, and the system, for instance `linux`.
    pub platform: String,
    /// Threads that it runs at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores: Option<u64>,
    /// Memory in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_mib: Option<u64>,
    /// The compiler that stands there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rustc: Option<String>,
}

impl Machine {
    /// The one that this runs on.
    pub fn here() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        Self {
            cpu: value(&read("/proc/cpuinfo"), "model name"),
            platform: format!("{} {}", env::consts::ARCH, env::consts::OS),
            cores: thread::available_parallelism().ok().map(|cores| cores.get() as u64),
            memory_mib: value(&read("/proc/meminfo"), "MemTotal").and_then(|text| mib(&text)),
            rustc: rustc(),
        }
    }

    /// In one line.
    pub fn words(&self) -> String {
        let mut words = vec![self.cpu.clone().unwrap_or_else(|| "unknown processor".to_owned())];
        words.push(self.platform.clone());
        words.extend(self.cores.map(|cores| format!("{cores} cores")));
        words.extend(self.memory_mib.map(|mib| format!("{:.1} GiB", mib as f64 / 1_024.0)));
        words.extend(self.rustc.clone());
        words.join(", ")
    }
}

/// The value of the first line `name: value` in a text of Linux.
fn value(text: &str, name: &str) -> Option<String> {
    let mut pairs = text.lines().filter_map(|line| line.split_once(':'));
    pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
}

/// Of `16384 kB`.
fn mib(text: &str) -> Option<u64> {
    let kib: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1_024)
}

fn rustc() -> Option<String> {
    let program = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let told = Command::new(program).arg("--version").output().ok()?;
    let text = String::from_utf8(told.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_linux_says_of_processor_and_memory_is_read() {
        let cpu = "processor\t: 0\nmodel name\t: Fast CPU @ 3.0GHz\nmodel name\t: another\n";
        assert_eq!(value(cpu, "model name").as_deref(), Some("Fast CPU @ 3.0GHz"));
        assert_eq!(value("", "model name"), None);
        let memory = value("MemTotal:       16384000 kB\n", "MemTotal").unwrap();
        assert_eq!(mib(&memory), Some(16_000));
    }

    #[test]
    fn what_a_machine_does_not_tell_is_left_away() {
        let (cpu, cores, memory_mib, rustc) = (None, Some(2), None, None);
        let machine = Machine { cpu, platform: "x86_64 linux".to_owned(), cores, memory_mib, rustc };
        assert_eq!(machine.words(), "unknown processor, x86_64 linux, 2 cores");
    }
}
