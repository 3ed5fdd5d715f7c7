//! Owns what waits to be read by one client on its signalling channel. It is bounded in bytes: who does not read is cut off,
//! and nobody waits for them.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use crate::limits::{OUTBOX_BYTES_MAX, OUTBOX_MESSAGE_OVERHEAD};

/// The end of the media node. Dropping it ends the client's channel.
#[derive(Debug)]
pub(crate) struct Outbox {
    sender: UnboundedSender<Bytes>,
    waiting: Arc<AtomicUsize>,
}

/// The end of the channel.
#[derive(Debug)]
pub(crate) struct OutboxReader {
    receiver: UnboundedReceiver<Bytes>,
    waiting: Arc<AtomicUsize>,
}

/// The client reads too slowly, or not at all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SlowReader;

/// An empty one.
pub(crate) fn outbox() -> (Outbox, OutboxReader) {
    let (sender, receiver) = unbounded_channel();
    let waiting = Arc::new(AtomicUsize::new(0));
    (Outbox { sender, waiting: Arc::clone(&waiting) }, OutboxReader { receiver, waiting })
}

fn cost(message: &Bytes) -> usize {
    message.len() + OUTBOX_MESSAGE_OVERHEAD
}

impl Outbox {
    /// Adds a message behind the others.
    ///
    /// # Errors
    /// [`SlowReader`] when too much waits, or nobody reads any more.
    pub(crate) fn push(&self, message: Bytes) -> Result<(), SlowReader> {
        let cost = cost(&message);
        if self.waiting.fetch_add(cost, Ordering::Relaxed) + cost > OUTBOX_BYTES_MAX {
            return Err(SlowReader);
        }
        self.sender.send(message).map_err(|_| SlowReader)
    }
}

impl OutboxReader {
    /// The next message; none when the media node has ended the channel.
    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        let message = self.receiver.recv().await?;
        self.waiting.fetch_sub(cost(&message), Ordering::Relaxed);
        Some(message)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{SlowReader, outbox};
    use crate::limits::OUTBOX_BYTES_MAX;

    #[tokio::test]
    async fn who_reads_can_be_told_any_amount() {
        let (outbox, mut reader) = outbox();
        let message = Bytes::from(vec![0; OUTBOX_BYTES_MAX / 2]);
        for _ in 0..10 {
            outbox.push(message.clone()).expect("there is room");
            assert_eq!(reader.next().await, Some(message.clone()));
        }
        drop(outbox);
        assert_eq!(reader.next().await, None);
    }

    #[test]
    fn who_does_not_read_is_cut_off() {
        let (outbox, _reader) = outbox();
        let message = Bytes::from(vec![0; OUTBOX_BYTES_MAX / 2]);
        outbox.push(message.clone()).expect("there is room");
        assert_eq!(outbox.push(message), Err(SlowReader));
    }

    #[test]
    fn small_messages_are_not_free() {
        let (outbox, _reader) = outbox();
        let pushed = (0..OUTBOX_BYTES_MAX).take_while(|_| outbox.push(Bytes::new()).is_ok()).count();
        assert!((1_000..OUTBOX_BYTES_MAX / 16).contains(&pushed), "{pushed}");
    }
}
