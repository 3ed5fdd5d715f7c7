//! Owns the record of everything that crosses the simulated wire: a digest by which two runs are compared, and the
//! first place where they part. Payloads are hashed and not kept; whoever wants to look at them writes a
//! [`pcapng`] file as well.

pub mod pcapng;

mod digest;
mod divergence;

#[cfg(test)]
mod tests;

use std::time::Duration;

use media_core::time::Timestamp;

pub use digest::Digest;
pub use divergence::{Divergence, first_divergence};

/// Length of the windows at whose ends a trace notes its digest.
pub const CHECKPOINT_EVERY: Duration = Duration::from_millis(100);

/// What a packet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Messages of the conference's signalling.
    Signalling,
    /// RTP and RTCP.
    Media,
}

/// One packet on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TraceRecord {
    /// When it was recorded, since the start of the run.
    pub at: Timestamp,
    /// Sending endpoint or node.
    pub from: u32,
    /// Receiving endpoint or node.
    pub to: u32,
    /// What it belongs to.
    pub kind: Channel,
    /// Length in bytes.
    pub len: u32,
    /// The first 64 bits of the hash of its bytes; the trace's digest takes all 128.
    pub content: u64,
}

/// The digest at the end of a window in which something was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Checkpoint {
    window: u64,
    digest: Digest,
}

/// The ordered record of a run's packets. Equal runs have equal digests; a packet more, less, other, earlier, later or
/// in another order changes it.
#[derive(Clone, Debug)]
pub struct Trace {
    records: Option<Vec<TraceRecord>>,
    checkpoints: Vec<Checkpoint>,
    recorded: u64,
    digest: Digest,
}

impl Trace {
    /// A trace that keeps the digest, and one checkpoint of 24 bytes for each 100 ms with traffic. Two such traces
    /// tell the 100 ms in which they part.
    pub fn digest_only() -> Self {
        Self { records: None, checkpoints: Vec::new(), recorded: 0, digest: Digest::EMPTY }
    }

    /// A trace that keeps 32 bytes for each packet as well. Two such traces tell the packet at which they part.
    pub fn keeping() -> Self {
        Self { records: Some(Vec::new()), ..Self::digest_only() }
    }

    /// Takes in the next packet.
    pub fn record(&mut self, at: Timestamp, from: u32, to: u32, kind: Channel, bytes: &[u8]) {
        let content = Digest::of(bytes);
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let record = TraceRecord { at, from, to, kind, len, content: content.first_u64() };
        self.digest = self.digest.chained(&record, self.recorded, content);
        self.recorded += 1;
        self.note_checkpoint(at);
        if let Some(records) = &mut self.records {
            records.push(record);
        }
    }

    /// The digest over all packets so far, of their times, ends, kinds, positions, lengths and contents.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// Number of packets recorded.
    pub fn recorded(&self) -> u64 {
        self.recorded
    }

    /// The packets, when they are kept.
    pub fn records(&self) -> Option<&[TraceRecord]> {
        self.records.as_deref()
    }

    fn note_checkpoint(&mut self, at: Timestamp) {
        let window = at.as_nanos() / CHECKPOINT_EVERY.as_nanos() as u64;
        let digest = self.digest;
        match self.checkpoints.last_mut() {
            // A record dated before its predecessor counts where it was recorded.
            Some(last) if window <= last.window => last.digest = digest,
            _ => self.checkpoints.push(Checkpoint { window, digest }),
        }
    }
}
