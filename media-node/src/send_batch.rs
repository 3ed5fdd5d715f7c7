//! Owns datagrams that are ready to be sent. They are written one behind the other into one buffer; neighbours of one size for one
//! address go to the kernel together.

use std::{net::SocketAddr, ops::Range};

use crate::socket::MediaSocket;

/// Bytes that the kernel takes at once: what fits into an IP packet.
const RUN_BYTES_MAX: usize = 65_000;

/// One datagram in the buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Datagram {
    to: SocketAddr,
    bytes: Range<usize>,
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
    datagrams: Vec<Datagram>,
    segments_max: usize,
}

impl SendBatch {
    /// An empty one. `segments_max` datagrams may go to the kernel at once.
    pub(crate) fn new(segments_max: usize) -> Self {
        Self { buffer: Vec::new(), datagrams: Vec::new(), segments_max }
    }

    /// Where the next datagram is written; behind it, [`SendBatch::commit`] has to be called, or the buffer be as before.
    pub(crate) const fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.buffer
    }

    /// What was written behind the datagrams before is one for this address.
    pub(crate) fn commit(&mut self, to: SocketAddr) {
        let begin = self.datagrams.last().map_or(0, |datagram| datagram.bytes.end);
        self.datagrams.push(Datagram { to, bytes: begin..self.buffer.len() });
    }

    /// Adds a datagram.
    pub(crate) fn push(&mut self, to: SocketAddr, datagram: &[u8]) {
        self.buffer.extend_from_slice(datagram);
        self.commit(to);
    }

    /// Sends everything.
    pub(crate) async fn flush(&mut self, socket: &MediaSocket) -> Sent {
        let mut sent = Sent::default();
        let mut rest = &self.datagrams[..];
        while let Some(first) = rest.first() {
            let (run, behind) = rest.split_at(together(rest, self.segments_max));
            rest = behind;
            let end = run.last().map_or(first.bytes.end, |last| last.bytes.end);
            let bytes = &self.buffer[first.bytes.start..end];
            if socket.send(first.to, bytes, first.bytes.len()).await {
                sent.datagrams += run.len();
                sent.bytes += bytes.len();
            } else {
                sent.dropped += run.len();
            }
        }
        self.datagrams.clear();
        self.buffer.clear();
        self.segments_max = socket.segments_max();
        sent
    }
}

/// How many of the first datagrams go to the kernel together: those for one address that are as long as the first, and one
/// shorter one behind them.
fn together(datagrams: &[Datagram], segments_max: usize) -> usize {
    let Some(first) = datagrams.first() else { return 0 };
    let segment = first.bytes.len();
    let most = segments_max.min(RUN_BYTES_MAX / segment.max(1)).max(1);
    let mates = datagrams.iter().take(most).take_while(|datagram| datagram.to == first.to);
    let alike = mates.clone().take_while(|datagram| datagram.bytes.len() == segment).count();
    let shorter = mates.clone().nth(alike).is_some_and(|last| (1..segment).contains(&last.bytes.len()));
    alike + usize::from(shorter)
}

#[cfg(test)]
mod tests {
    use std::net::{SocketAddr, UdpSocket};

    use super::{SendBatch, Sent, together};
    use crate::socket::MediaSocket;

    fn address(port: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], port))
    }

    /// How many go together, for datagrams of these lengths to these ports.
    fn runs(segments_max: usize, datagrams: &[(u16, usize)]) -> Vec<usize> {
        let mut batch = SendBatch::new(segments_max);
        for (port, length) in datagrams {
            batch.push(address(*port), &vec![0; *length]);
        }
        let mut rest = &batch.datagrams[..];
        let mut runs = Vec::new();
        while !rest.is_empty() {
            let count = together(rest, segments_max);
            runs.push(count);
            rest = &rest[count..];
        }
        runs
    }

    #[test]
    fn those_of_one_size_go_together_and_a_shorter_one_ends_them() {
        assert_eq!(runs(64, &[(1, 1_000), (1, 1_000), (1, 400), (1, 400), (1, 1_000)]), [3, 1, 1]);
    }

    #[test]
    fn another_address_and_an_empty_datagram_go_alone() {
        assert_eq!(runs(64, &[(1, 500), (1, 500), (2, 500), (1, 500)]), [2, 1, 1]);
        assert_eq!(runs(64, &[(1, 500), (1, 0), (1, 500)]), [1, 1, 1]);
    }

    #[test]
    fn no_more_go_together_than_the_kernel_takes() {
        assert_eq!(runs(2, &[(1, 500); 3]), [2, 1]);
        assert_eq!(runs(0, &[(1, 500); 2]), [1, 1]);
        assert_eq!(runs(1_000, &[(1, 500); 131]), [130, 1]);
    }

    #[tokio::test]
    async fn everybody_gets_what_is_theirs_in_its_order() {
        let socket = MediaSocket::new(UdpSocket::bind("127.0.0.1:0").expect("bound")).expect("a socket");
        let receivers = [(); 2].map(|()| UdpSocket::bind("127.0.0.1:0").expect("bound"));
        let mut batch = SendBatch::new(socket.segments_max());
        for (place, receiver) in receivers.iter().enumerate() {
            for round in 0..5_u8 {
                let length = if round == 4 { 100 } else { 700 };
                batch.push(receiver.local_addr().expect("bound"), &vec![round * 2 + place as u8; length]);
            }
        }
        let sent = batch.flush(&socket).await;
        assert_eq!(sent, Sent { datagrams: 10, bytes: 2 * (4 * 700 + 100), dropped: 0 });
        for (place, receiver) in receivers.iter().enumerate() {
            for round in 0..5_u8 {
                let mut bytes = [0; 1_500];
                let length = receiver.recv(&mut bytes).expect("it is there");
                let expected = if round == 4 { 100 } else { 700 };
                assert_eq!((length, bytes[0]), (expected, round * 2 + place as u8));
                assert!(bytes[..length].iter().all(|byte| *byte == bytes[0]));
            }
        }
    }
}
