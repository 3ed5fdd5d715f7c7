//! Owns what the contenders have in common: one publishes, many watch, and each agrees with the server by SDP.

use std::{
    io,
    net::{IpAddr, SocketAddr, UdpSocket},
};

use crate::process::Process;

/// An address of this machine that is not 127.0.0.1, on which Janus never listens. What is sent to it from here takes the
/// loopback device as well.
pub(crate) fn own_address() -> io::Result<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    // Sends nothing: only the way to some address of documentation (RFC 5737) is looked up.
    socket.connect("198.51.100.1:9")?;
    Ok(socket.local_addr()?.ip())
}

/// What went wrong at a server, or on the way to it.
pub(crate) fn error(fault: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::other(fault)
}

/// What a client says of its side of a connection.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) ufrag: String,
    pub(crate) password: String,
    /// SHA-256 of its certificate, as SDP has it.
    pub(crate) fingerprint: String,
}

/// What a server says of its own.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    pub(crate) address: SocketAddr,
    pub(crate) ufrag: String,
    pub(crate) password: String,
}

/// A server under load.
pub(crate) trait Service {
    /// Its name in tables.
    fn name(&self) -> &'static str;

    fn process(&mut self) -> &mut Process;

    /// Agrees on the connection of the one who publishes.
    fn publish(&mut self, local: &Local) -> io::Result<Remote>;

    /// Agrees on the connection of somebody who watches. The publisher's is there.
    fn watch(&mut self, local: &Local) -> io::Result<Remote>;

    /// Whether what is missing of its copies counts as forwarded: of a peer's nobody shall say that they were not counted.
    fn has_the_doubt(&self) -> bool;

    /// Whether its clients say when each packet arrived (transport-wide feedback), beside their receiver reports.
    fn wants_arrivals(&self) -> bool;
}

impl Local {
    /// The lines of a session or a section that are the client's own. It is the one that begins the handshake.
    pub(crate) fn lines(&self) -> String {
        format!(
            "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\na=fingerprint:sha-256 {}\r\na=setup:active\r\n",
            self.ufrag, self.password, self.fingerprint
        )
    }
}

impl Remote {
    /// Reads a description that names where the server is.
    ///
    /// # Errors
    /// If something of that is missing.
    pub(crate) fn read(sdp: &str) -> io::Result<Self> {
        let value = |name: &str| sdp.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        let address =
            sdp.lines().filter_map(|line| line.strip_prefix("a=candidate:")).find_map(|candidate| {
                let fields: Vec<&str> = candidate.split_whitespace().collect();
                let is_udp = fields
                    .get(1..3)
                    .is_some_and(|kind| kind[0] == "1" && kind[1].eq_ignore_ascii_case("udp"));
                is_udp.then(|| {
                    format!("{}:{}", fields[4], fields[5]).parse().ok().filter(SocketAddr::is_ipv4)
                })?
            });
        match (address, value("a=ice-ufrag:"), value("a=ice-pwd:")) {
            (Some(address), Some(ufrag), Some(password)) => {
                Ok(Self { address, ufrag: ufrag.to_owned(), password: password.to_owned() })
            }
            _ => Err(error(format!("the server does not say where it is:\n{sdp}"))),
        }
    }
}
