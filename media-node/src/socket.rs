//! Owns the one UDP socket for media: datagrams are received and sent several at a time (`recvmmsg`, GRO and GSO where the
//! kernel has them), and nothing blocks.

use std::{
    io::{self, IoSliceMut},
    net::SocketAddr,
};

use quinn_udp::{BATCH_SIZE, RecvMeta, Transmit, UdpSockRef, UdpSocketState};
use tokio::{io::Interest, net::UdpSocket, time::timeout};

use crate::limits::{SEND_WAIT_MAX, SOCKET_BUFFER_BYTES};

/// Bytes of one receive buffer: as many as the kernel joins at most.
const RECEIVE_BYTES: usize = 65_536;

/// The socket, and buffers for what comes in.
pub(crate) struct MediaSocket {
    socket: UdpSocket,
    state: UdpSocketState,
    buffer: Vec<u8>,
    metas: [RecvMeta; BATCH_SIZE],
}

impl MediaSocket {
    /// Around a bound socket. Has to be called from within a runtime.
    pub(crate) fn new(socket: std::net::UdpSocket) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let socket = UdpSocket::from_std(socket)?;
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        state.set_recv_buffer_size(UdpSockRef::from(&socket), SOCKET_BUFFER_BYTES)?;
        state.set_send_buffer_size(UdpSockRef::from(&socket), SOCKET_BUFFER_BYTES)?;
        Ok(Self {
            socket,
            state,
            buffer: vec![0; RECEIVE_BYTES * BATCH_SIZE],
            metas: [RecvMeta::default(); BATCH_SIZE],
        })
    }

    /// How many datagrams of one size can be given to the kernel at once.
    pub(crate) fn segments_max(&self) -> usize {
        self.state.max_gso_segments()
    }

    /// Waits until there is something to receive.
    pub(crate) async fn readable(&self) -> io::Result<()> {
        self.socket.readable().await
    }

    /// Gives each datagram that has come, up to one batch of them, to `take`; says how many buffers were filled, 0 when
    /// nothing waits.
    pub(crate) fn receive(&mut self, mut take: impl FnMut(SocketAddr, &[u8])) -> usize {
        let Self { socket, state, buffer, metas } = self;
        let mut chunks = buffer.chunks_mut(RECEIVE_BYTES);
        let mut slices: [IoSliceMut<'_>; BATCH_SIZE] =
            std::array::from_fn(|_| IoSliceMut::new(chunks.next().unwrap_or_default()));
        let received =
            socket.try_io(Interest::READABLE, || state.recv(UdpSockRef::from(&*socket), &mut slices, metas));
        // Errors of UDP sockets are about datagrams that were sent before; their peers will be silent.
        let Ok(received) = received else { return 0 };
        for (meta, slice) in metas.iter().zip(&slices).take(received) {
            if meta.len == 0 {
                take(meta.addr, &[]);
            }
            for datagram in slice[..meta.len].chunks(meta.stride.max(1)) {
                take(meta.addr, datagram);
            }
        }
        received
    }

    /// Sends datagrams to one address that have `segment` bytes each, the last perhaps fewer. False when they had to be
    /// dropped.
    pub(crate) async fn send(&self, to: SocketAddr, contents: &[u8], segment: usize) -> bool {
        let transmit = Transmit {
            destination: to,
            ecn: None,
            contents,
            segment_size: (segment < contents.len()).then_some(segment),
            src_ip: None,
        };
        let transmission = || self.state.try_send(UdpSockRef::from(&self.socket), &transmit);
        match self.socket.try_io(Interest::WRITABLE, transmission) {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                let outcome =
                    timeout(SEND_WAIT_MAX, self.socket.async_io(Interest::WRITABLE, transmission)).await;
                matches!(outcome, Ok(Ok(())))
            }
            Err(_) => false,
        }
    }
}
