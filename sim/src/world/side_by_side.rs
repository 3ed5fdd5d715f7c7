//! Owns a simulated network of hosts that advance side by side on several threads. turmoil carries their batches, on one thread;
//! between two of its ticks every host advances by one window, each with nothing but what is its own. So the number of
//! threads changes no byte of what happens.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use media_core::Timestamp;
use rayon::iter::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator};
use tokio::time::{Instant, sleep_until};
use turmoil::net::UdpSocket;

use super::{PORT, WorldError, name, network, receive};
use crate::node::{HostId, WINDOW, WindowHost};

/// Bytes of one datagram between hosts, at most. A batch may take several.
const PIECE_BYTES: usize = 1 << 20;
/// Windows between two reports of progress.
const PROGRESS_WINDOWS: u32 = 100;

/// A host with what came for it and what it leaves for others.
struct Slot<H> {
    host: H,
    /// What came from each other host since the last window, whole batches only.
    inbox: Vec<Vec<u8>>,
    outbox: Vec<Vec<u8>>,
}

impl<H: WindowHost> Slot<H> {
    fn advance(&mut self, end: Timestamp) {
        for (from, batch) in (0..).zip(&mut self.inbox) {
            if !batch.is_empty() {
                self.host.take(from, batch);
                batch.clear();
            }
        }
        self.host.advance(end, &mut self.outbox);
    }
}

/// Runs `hosts` (by number) from zero to `end` on so many threads and gives them back. With `salt` turmoil's own randomness is
/// fixed; nothing here depends on it.
///
/// # Errors
/// [`WorldError`] when turmoil or a thread fails.
pub fn run_side_by_side<H: WindowHost + 'static>(
    hosts: Vec<H>,
    end: Timestamp,
    salt: u64,
    threads: usize,
    on_progress: &mut dyn FnMut(Timestamp),
) -> Result<Vec<H>, WorldError> {
    let count = hosts.len();
    let failed = |error: &dyn std::fmt::Display| WorldError::Turmoil(error.to_string());
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.max(1))
        .build()
        .map_err(|error| failed(&error))?;
    let slots: Vec<Arc<Mutex<Slot<H>>>> = hosts
        .into_iter()
        .map(|host| {
            let (inbox, outbox) = (vec![Vec::new(); count], vec![Vec::new(); count]);
            Arc::new(Mutex::new(Slot { host, inbox, outbox }))
        })
        .collect();
    let mut sim = network(salt);
    for (host, slot) in (0..).zip(&slots) {
        sim.client(name(host), exchange(Arc::clone(slot), host, count as HostId, end));
    }
    let mut window = 0;
    while !sim.step().map_err(|error| failed(&error))? {
        window += 1;
        let to = Timestamp::ZERO + WINDOW * window;
        if to <= end {
            pool.install(|| slots.par_iter().with_max_len(1).for_each(|slot| lock(slot).advance(to)));
        }
        if window.is_multiple_of(PROGRESS_WINDOWS) {
            on_progress(to);
        }
    }
    drop(sim);
    let taken = slots.into_iter().enumerate().map(|(host, slot)| match Arc::try_unwrap(slot) {
        Ok(slot) => Ok(slot.into_inner().unwrap_or_else(PoisonError::into_inner).host),
        Err(_) => Err(WorldError::Lost(host as HostId)),
    });
    taken.collect()
}

/// Whoever panicked in between has ended the run.
fn lock<H>(slot: &Mutex<Slot<H>>) -> MutexGuard<'_, Slot<H>> {
    slot.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One host's share of the exchange: window by window, take what has come, send what was left in the window before.
async fn exchange<H: WindowHost>(
    slot: Arc<Mutex<Slot<H>>>,
    host: HostId,
    count: HostId,
    end: Timestamp,
) -> Result<(), Box<dyn std::error::Error>> {
    let socket = UdpSocket::bind(("0.0.0.0", PORT)).await?;
    let addresses: Vec<SocketAddr> =
        (0..count).map(|other| (turmoil::lookup(name(other)), PORT).into()).collect();
    let numbers = addresses.clone();
    let mut buffer = vec![0; PIECE_BYTES];
    let start = Instant::now();
    let mut window = 0;
    while Timestamp::ZERO + WINDOW * window < end {
        while let Some((length, from)) = receive(&socket, &mut buffer)? {
            let from = numbers.iter().position(|address| *address == from).unwrap_or_default();
            lock(&slot).inbox[from].extend_from_slice(&buffer[..length]);
        }
        let mut outbox = std::mem::take(&mut lock(&slot).outbox);
        for (other, batch) in outbox.iter_mut().enumerate() {
            if other == host as usize {
                // Nothing of a host's own goes over the network; it takes as long.
                std::mem::swap(&mut lock(&slot).inbox[other], batch);
            } else {
                for piece in batch.chunks(PIECE_BYTES) {
                    socket.send_to(piece, addresses[other]).await?;
                }
            }
            batch.clear();
        }
        lock(&slot).outbox = outbox;
        window += 1;
        sleep_until(start + WINDOW * window).await;
    }
    Ok(())
}
