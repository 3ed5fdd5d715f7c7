//! Owns the whole server: the media node on a thread of its own, HTTP beside it, and their common end.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use media_core::{conference::ConfigError, transport::DtlsConfigError};
use tokio::sync::{mpsc, oneshot};

use crate::{
    certificate::CertificateError,
    command::{Command, NodeHandle},
    config::Config,
    http::{self, Door, TlsError},
    metrics::Metrics,
    node::MediaNode,
    socket::MediaSocket,
};

/// Why a server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be bound.
    #[error("{option} {address}: {source}")]
    Bind {
        /// By which option it was named.
        option: &'static str,
        /// Which.
        address: SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// Clients cannot be told to send to every address of a machine.
    #[error(
        "--media {0} is every address of this machine: --public-address has to say which one clients reach"
    )]
    NoPublicAddress(SocketAddr),
    /// Licences, limits or licence holders.
    #[error("{0}")]
    Conference(#[from] ConfigError),
    /// HTTPS.
    #[error("{0}")]
    Tls(#[from] TlsError),
    /// The certificate for media.
    #[error("{0}")]
    Certificate(#[from] CertificateError),
    /// DTLS.
    #[error("{0}")]
    Dtls(#[from] DtlsConfigError),
    /// No randomness.
    #[error("the operating system gives no random bytes")]
    NoEntropy,
    /// A thread or its event loop.
    #[error("the media node's thread cannot run: {0}")]
    Thread(io::Error),
}

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    http: SocketAddr,
    media: SocketAddr,
    node: NodeHandle,
    draining: Arc<AtomicBool>,
    over: oneshot::Receiver<()>,
    door: Door,
}

/// What the handlers of HTTP requests know.
#[derive(Clone, Debug)]
pub(crate) struct Shared {
    pub(crate) node: NodeHandle,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) draining: Arc<AtomicBool>,
    pub(crate) sessions: http::Sessions,
}

impl Server {
    /// Binds its addresses and begins.
    ///
    /// # Errors
    /// [`StartError`] says what is wrong with the configuration or the machine.
    pub async fn start(config: &Config) -> Result<Self, StartError> {
        let bind = |option, address| move |source| StartError::Bind { option, address, source };
        let tls = config.tls.as_ref().map(http::acceptor).transpose()?;
        let socket = UdpSocket::bind(config.media).map_err(bind("--media", config.media))?;
        let media = socket.local_addr().map_err(bind("--media", config.media))?;
        let candidates = candidates(config, media)?;
        let listener = tokio::net::TcpListener::bind(config.http).await;
        let listener = listener.map_err(bind("--http", config.http))?;
        let http = listener.local_addr().map_err(bind("--http", config.http))?;
        let (node, commands) = NodeHandle::new();
        let metrics = Arc::new(Metrics::default());
        let over = begin(config, (socket, candidates), commands, Arc::clone(&metrics)).await?;
        let draining = Arc::new(AtomicBool::new(false));
        let shared = Shared {
            node: node.clone(),
            metrics,
            draining: Arc::clone(&draining),
            sessions: http::Sessions::default(),
        };
        let door = Door::open(listener, tls, config.connections_per_address, http::router(shared));
        Ok(Self { http, media, node, draining, over, door })
    }

    /// Where HTTP listens.
    pub const fn http_address(&self) -> SocketAddr {
        self.http
    }

    /// Where media arrive.
    pub const fn media_address(&self) -> SocketAddr {
        self.media
    }

    /// Begins the end: nobody new is let in, and those who are in may stay so long.
    pub async fn drain(&self, within: Duration) {
        self.draining.store(true, Ordering::Relaxed);
        // A node that is gone has nobody to let in.
        let _ = self.node.drain(within).await;
    }

    /// Waits for the end of the media node, then ends HTTP.
    pub async fn over(&mut self) {
        // The node says nothing when its thread panics; it is over then, too.
        let _ = (&mut self.over).await;
        self.door.close().await;
    }
}

/// Where clients are told to send media.
fn candidates(config: &Config, media: SocketAddr) -> Result<Vec<SocketAddr>, StartError> {
    if !config.public_addresses.is_empty() {
        return Ok(config.public_addresses.clone());
    }
    if media.ip().is_unspecified() {
        return Err(StartError::NoPublicAddress(media));
    }
    Ok(vec![media])
}

/// Starts the media node's thread; gives what ends with it.
async fn begin(
    config: &Config,
    (socket, candidates): (UdpSocket, Vec<SocketAddr>),
    commands: mpsc::Receiver<Command>,
    metrics: Arc<Metrics>,
) -> Result<oneshot::Receiver<()>, StartError> {
    let (conference, speakers) = (config.conference(), config.speakers);
    let (started, has_started) = oneshot::channel();
    let (ended, over) = oneshot::channel();
    let run = move || {
        let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(started.send(Err(StartError::Thread(error)))),
        };
        runtime.block_on(async move {
            let node = MediaSocket::new(socket).map_err(StartError::Thread).and_then(|socket| {
                MediaNode::new(conference, speakers, (socket, candidates), commands, metrics)
            });
            match node {
                Err(error) => drop(started.send(Err(error))),
                Ok(node) => {
                    // Who started it may have given up; the node notices when nobody holds a handle.
                    let _ = started.send(Ok(()));
                    node.run().await;
                    let _ = ended.send(());
                }
            }
        });
    };
    thread::Builder::new().name("media".to_owned()).spawn(run).map_err(StartError::Thread)?;
    match has_started.await {
        Ok(started) => started.map(|()| over),
        Err(_) => Err(StartError::Thread(io::Error::other("it ended before it began"))),
    }
}
