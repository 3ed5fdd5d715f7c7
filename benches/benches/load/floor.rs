//! Owns the floor: a process that sends as many datagrams of the same length to as many addresses at the same times, in one call of
//! the kernel for each burst and address, and does nothing else.

use std::{
    io::{self, BufRead as _, IoSliceMut, Write as _},
    net::{SocketAddr, UdpSocket},
    process::{Command, Stdio},
    time::Duration,
};

use benches::broadcast::Load;
use quinn_udp::{RecvMeta, Transmit, UdpSockRef, UdpSocketState};

use crate::{
    clock::{now, pause},
    hall::{TURN, Totals},
    process::Process,
    service::own_address,
};

/// With this argument the bench is the process.
const ARGUMENT: &str = "--send-bare";
/// What SRTP, RTP's header and its extensions add to a payload, about.
const OVERHEAD_BYTES: usize = 56;

/// Those who receive from the floor.
pub(crate) struct Floor {
    process: Process,
    sockets: Vec<(UdpSocket, Option<UdpSocketState>)>,
    bytes_each: usize,
    received: u64,
    buffer: Vec<u8>,
}

impl Floor {
    pub(crate) fn start(load: Load, joined: bool, audience: usize) -> io::Result<Self> {
        let sockets = (0..audience).map(|_| {
            let socket = UdpSocket::bind((own_address()?, 0))?;
            socket.set_nonblocking(true)?;
            let state = joined.then(|| UdpSocketState::new(UdpSockRef::from(&socket))).transpose()?;
            Ok((socket, state))
        });
        let sockets = sockets.collect::<io::Result<Vec<_>>>()?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args([ARGUMENT, load.name()]).stdin(Stdio::piped());
        let mut process = Process::start(&mut command)?;
        let mut input = process.take_input().ok_or_else(|| io::Error::other("standard input is piped"))?;
        for (socket, _) in &sockets {
            writeln!(input, "{}", socket.local_addr()?)?;
        }
        let bytes_each = load.payload_bytes() + OVERHEAD_BYTES;
        Ok(Self { process, sockets, bytes_each, received: 0, buffer: vec![0; 65_536] })
    }

    pub(crate) fn go_on(&mut self, during: Duration) -> io::Result<()> {
        let end = now() + during;
        while now() < end {
            for (socket, state) in &self.sockets {
                while let Some((bytes, _)) = receive(socket, state.as_ref(), &mut self.buffer)? {
                    self.received += (bytes / self.bytes_each) as u64;
                }
            }
            pause(TURN);
        }
        Ok(())
    }

    /// Everything that was sent has come, or was lost on the way; either was paid for.
    pub(crate) fn totals(&self) -> io::Result<Totals> {
        Ok(Totals { received: self.received, cpu: self.process.cpu_time()?, ..Totals::default() })
    }
}

/// Bytes of what waits at a socket, and of each datagram in it; none when nothing waits.
pub(crate) fn receive(
    socket: &UdpSocket,
    state: Option<&UdpSocketState>,
    buffer: &mut [u8],
) -> io::Result<Option<(usize, usize)>> {
    let received = match state {
        None => socket.recv(buffer).map(|bytes| (bytes, bytes)),
        Some(state) => {
            let mut metas = [RecvMeta::default()];
            let received = state.recv(UdpSockRef::from(socket), &mut [IoSliceMut::new(buffer)], &mut metas);
            received.map(|_| (metas[0].len, metas[0].stride))
        }
    };
    match received {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sends for ever, if this is that process.
pub(crate) fn send_if_asked() -> io::Result<()> {
    let mut arguments = std::env::args().skip_while(|argument| argument != ARGUMENT).skip(1);
    let Some(name) = arguments.next() else { return Ok(()) };
    let load = Load::ALL.into_iter().find(|load| load.name() == name).ok_or(io::ErrorKind::InvalidInput)?;
    let addresses = io::stdin().lock().lines().map(|line| line?.parse().map_err(io::Error::other));
    let addresses = addresses.collect::<io::Result<Vec<SocketAddr>>>()?;
    let socket = UdpSocket::bind((own_address()?, 0))?;
    let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
    let segment = load.payload_bytes() + OVERHEAD_BYTES;
    let (packets, interval) = load.burst();
    let contents = vec![0; segment * packets];
    let begun = now();
    for burst in 1.. {
        for destination in &addresses {
            let segment_size = (packets > 1).then_some(segment);
            let transmit = Transmit {
                destination: *destination,
                ecn: None,
                contents: &contents,
                segment_size,
                src_ip: None,
            };
            state.try_send(UdpSockRef::from(&socket), &transmit)?;
        }
        pause((begun + interval * burst).saturating_duration_since(now()));
    }
    Ok(())
}
