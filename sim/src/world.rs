//! Owns the simulated network: turmoil hosts that exchange one batch for each window and pair. It is the only place that
//! knows turmoil and tokio; what hosts do is in [`crate::node`]'s implementations.

mod batch;
mod side_by_side;

use std::{cell::RefCell, net::SocketAddr, rc::Rc, time::Duration};

use media_core::Timestamp;
use thiserror::Error;
use tokio::time::{Instant, sleep_until};
use turmoil::{Builder, net::UdpSocket};

use crate::node::{HostId, Node, Record, WINDOW};
use batch::{BATCH_BYTES_MAX, Batches};

pub use side_by_side::run_side_by_side;

/// Port on which hosts exchange batches.
const PORT: u16 = 5000;
/// Datagrams that may wait at a socket: one from each host and window, with room.
const UDP_CAPACITY: usize = 4096;

/// The simulated network itself failed: a fault of the harness, not of what is tested.
#[derive(Debug, Error)]
pub enum WorldError {
    /// turmoil stopped.
    #[error("the simulated network failed: {0}")]
    Turmoil(String),
    /// A host is missing after the run.
    #[error("host {0} did not come back from the simulation")]
    Lost(HostId),
}

/// Runs `hosts` (by number) from zero to `end` and gives them back. With `salt` turmoil's own randomness is fixed; nothing
/// here depends on it.
///
/// # Errors
/// [`WorldError`] when turmoil fails.
pub fn run<N: Node + 'static>(hosts: Vec<N>, end: Timestamp, salt: u64) -> Result<Vec<N>, WorldError> {
    let count = hosts.len() as HostId;
    let mut sim = network(salt);
    let finished: Rc<RefCell<Vec<(HostId, N)>>> = Rc::default();
    for (host, node) in (0..count).zip(hosts) {
        let finished = Rc::clone(&finished);
        sim.client(name(host), async move {
            let node = pump(node, host, count, end).await?;
            finished.borrow_mut().push((host, node));
            Ok(())
        });
    }
    sim.run().map_err(|error| WorldError::Turmoil(error.to_string()))?;
    let mut finished = std::mem::take(&mut *finished.borrow_mut());
    finished.sort_by_key(|(host, _)| *host);
    match (0..count).find(|host| finished.get(*host as usize).is_none_or(|(there, _)| there != host)) {
        Some(lost) => Err(WorldError::Lost(lost)),
        None => Ok(finished.into_iter().map(|(_, node)| node).collect()),
    }
}

/// A network in which what is sent in one window has come in the next.
fn network(salt: u64) -> turmoil::Sim<'static> {
    Builder::new()
        .tick_duration(WINDOW)
        .min_message_latency(WINDOW)
        .max_message_latency(WINDOW)
        .simulation_duration(Duration::MAX)
        .udp_capacity(UDP_CAPACITY)
        .rng_seed(salt)
        .epoch(std::time::UNIX_EPOCH)
        .fail_rate(0.0)
        .build()
}

fn name(host: HostId) -> String {
    format!("host-{host}")
}

/// One host: window by window, take what has come, do what happens, send what goes out.
async fn pump<N: Node>(
    mut node: N,
    host: HostId,
    count: HostId,
    end: Timestamp,
) -> Result<N, std::io::Error> {
    let socket = UdpSocket::bind(("0.0.0.0", PORT)).await?;
    let addresses: Vec<SocketAddr> =
        (0..count).map(|other| (turmoil::lookup(name(other)), PORT).into()).collect();
    let mut outgoing: Vec<Batches> = (0..count).map(|_| Batches::default()).collect();
    let mut buffer = vec![0; BATCH_BYTES_MAX];
    let start = Instant::now();
    let mut window = 0;
    while Timestamp::ZERO + WINDOW * window < end {
        while let Some((length, _)) = receive(&socket, &mut buffer)? {
            batch::read(buffer[..length].to_vec(), |from, record| node.handle_record(from, record));
        }
        window += 1;
        let to = Timestamp::ZERO + WINDOW * window;
        node.advance(to, &mut |other: HostId, record: Record| {
            debug_assert!(record.at >= to, "a record leaves time for the exchange");
            outgoing[other as usize].push(host, &record);
        });
        for (other, batches) in outgoing.iter_mut().enumerate() {
            for batch in batches.drain() {
                if other == host as usize {
                    // Nothing of a host's own goes over the network.
                    batch::read(batch, |from, record| node.handle_record(from, record));
                } else {
                    socket.send_to(&batch, addresses[other]).await?;
                }
            }
        }
        sleep_until(start + WINDOW * window).await;
    }
    Ok(node)
}

/// The length of the next batch that has come, and where it comes from.
fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> Result<Option<(usize, SocketAddr)>, std::io::Error> {
    match socket.try_recv_from(buffer) {
        Ok(received) => Ok(Some(received)),
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}
