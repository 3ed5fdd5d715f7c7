//! Owns datagrams that are ready to be sent. They are written one behind the other into one buffer; neighbours of one size to
//! one address go to the kernel together.

use std::{net::SocketAddr, ops::Range};

use crate::{limits::SEND_BATCH_BYTES, socket::MediaSocket};

/// Bytes that the kernel takes at once: what fits into an IP packet.
const RUN_BYTES_MAX: usize = 65_000;

/// Datagrams of one size for one address.
#[derive(Debug, PartialEq, Eq)]
struct Run {
    to: SocketAddr,
    segment: usize,
    bytes: Range<usize>,
    datagrams: usize,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) datagrams: usize,
    pub(crate) bytes: usize,
    pub(crate) dropped: usize,
}

/// The batch.
#[derive(Debug)]
pub(crate) struct SendBatch {
    buffer: Vec<u8>,
    runs: Vec<Run>,
    segments_max: usize,
}

impl SendBatch {
    /// An empty one. `segments_max` datagrams may go to the kernel at once.
    pub(crate) fn new(segments_max: usize) -> Self {
        Self { buffer: Vec::with_capacity(SEND_BATCH_BYTES + RUN_BYTES_MAX), runs: Vec::new(), segments_max }
    }

    /// Where the next datagram is written; behind it, [`SendBatch::commit`] has to be called, or the buffer be as before.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// What was written behind the datagrams before is one for this address.
    pub(crate) fn commit(&mut self, to: SocketAddr) {
        let begin = self.runs.last().map_or(0, |run| run.bytes.end);
        let end = self.buffer.len();
        let length = end - begin;
        if let Some(run) = self.runs.last_mut() {
            let open = run.bytes.len() == run.segment * run.datagrams;
            let fits = run.datagrams < self.segments_max && end - run.bytes.start <= RUN_BYTES_MAX;
            if run.to == to && open && fits && length <= run.segment && length > 0 {
                run.bytes.end = end;
                run.datagrams += 1;
                return;
            }
        }
        self.runs.push(Run { to, segment: length, bytes: begin..end, datagrams: 1 });
    }

    /// Adds a datagram.
    pub(crate) fn push(&mut self, to: SocketAddr, datagram: &[u8]) {
        self.buffer.extend_from_slice(datagram);
        self.commit(to);
    }

    /// Whether it is time to send.
    pub(crate) fn is_full(&self) -> bool {
        self.buffer.len() >= SEND_BATCH_BYTES
    }

    /// Sends everything.
    pub(crate) async fn flush(&mut self, socket: &MediaSocket) -> Sent {
        let mut sent = Sent::default();
        for run in self.runs.drain(..) {
            let bytes = &self.buffer[run.bytes];
            if socket.send(run.to, bytes, run.segment).await {
                sent.datagrams += run.datagrams;
                sent.bytes += bytes.len();
            } else {
                sent.dropped += run.datagrams;
            }
        }
        self.buffer.clear();
        self.segments_max = socket.segments_max();
        sent
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::SendBatch;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    fn runs(batch: &SendBatch) -> Vec<(u16, usize, usize)> {
        batch.runs.iter().map(|run| (run.to.port(), run.segment, run.datagrams)).collect()
    }

    #[test]
    fn neighbours_of_one_size_to_one_address_go_together_and_a_shorter_one_ends_them() {
        let mut batch = SendBatch::new(64);
        for length in [1_000, 1_000, 400, 400, 1_000] {
            batch.push(address(1), &vec![0; length]);
        }
        assert_eq!(runs(&batch), [(1, 1_000, 3), (1, 400, 1), (1, 1_000, 1)]);
    }

    #[test]
    fn another_address_begins_anew() {
        let mut batch = SendBatch::new(64);
        for port in [1, 1, 2, 1] {
            batch.push(address(port), &[0; 500]);
        }
        assert_eq!(runs(&batch), [(1, 500, 2), (2, 500, 1), (1, 500, 1)]);
    }

    #[test]
    fn no_more_go_together_than_the_kernel_takes() {
        let mut batch = SendBatch::new(2);
        for _ in 0..3 {
            batch.push(address(1), &[0; 500]);
        }
        assert_eq!(runs(&batch), [(1, 500, 2), (1, 500, 1)]);
        let mut batch = SendBatch::new(1_000);
        for _ in 0..131 {
            batch.push(address(1), &[0; 500]);
        }
        assert_eq!(runs(&batch), [(1, 500, 130), (1, 500, 1)]);
    }
}
