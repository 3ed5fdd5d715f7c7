//! Owns the connections of HTTP: how many one address may have, how long they may take, and their end.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::{mpsc, watch},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use crate::limits::{HEAD_WITHIN, LAST_WORDS_WITHIN};

/// Open for as long as the server runs.
#[derive(Debug)]
pub(crate) struct Door {
    closing: watch::Sender<bool>,
    /// Closed when the last connection is.
    connections: mpsc::Receiver<()>,
}

/// What each connection needs.
#[derive(Clone)]
struct Room {
    router: Router,
    tls: Option<TlsAcceptor>,
    closing: watch::Receiver<bool>,
    /// Held by every connection.
    open: mpsc::Sender<()>,
}

impl Door {
    /// Takes connections from now on.
    pub(crate) fn open(
        listener: TcpListener,
        tls: Option<TlsAcceptor>,
        per_address: usize,
        router: Router,
    ) -> Self {
        let (closing, is_closing) = watch::channel(false);
        let (open, connections) = mpsc::channel(1);
        let room = Room { router, tls, closing: is_closing, open };
        tokio::spawn(accept(listener, Crowd::new(per_address), room));
        Self { closing, connections }
    }

    /// Takes none any more, and waits a little until those that are open have been answered.
    pub(crate) async fn close(&mut self) {
        self.closing.send_replace(true);
        let _ = timeout(LAST_WORDS_WITHIN, self.connections.recv()).await;
    }
}

async fn accept(listener: TcpListener, crowd: Crowd, mut room: Room) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = room.closing.changed() => return,
        };
        match accepted {
            Ok((stream, from)) => {
                if let Some(place) = crowd.place(from) {
                    // Signalling is small messages that somebody waits for. A socket that takes no option is about to fail.
                    let _ = stream.set_nodelay(true);
                    tokio::spawn(welcome(stream, room.clone(), place));
                }
            }
            // Mostly there are too many open files: it passes when others leave.
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    }
}

/// Behind the handshake, if there is one.
async fn welcome(stream: TcpStream, room: Room, place: Place) {
    let Some(tls) = &room.tls else { return serve(stream, room, place).await };
    if let Ok(Ok(stream)) = timeout(HEAD_WITHIN, tls.accept(stream)).await {
        serve(stream, room, place).await;
    }
}

async fn serve(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, mut room: Room, place: Place) {
    let service = TowerToHyperService::new(room.router);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let mut connection = pin!(connection);
    tokio::select! {
        // What goes wrong with a connection is the client's affair.
        _ = connection.as_mut() => {}
        _ = room.closing.changed() => {
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        }
    }
    drop((place, room.open));
}

/// How many connections each address has.
#[derive(Clone)]
struct Crowd {
    most: usize,
    here: Arc<Mutex<BTreeMap<IpAddr, usize>>>,
}

/// One connection of an address.
struct Place {
    of: IpAddr,
    crowd: Crowd,
}

impl Crowd {
    fn new(most: usize) -> Self {
        Self { most, here: Arc::default() }
    }

    /// Room for another one, if there is.
    fn place(&self, from: SocketAddr) -> Option<Place> {
        let of = from.ip().to_canonical();
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        let count = here.entry(of).or_default();
        if *count >= self.most {
            return None;
        }
        *count += 1;
        drop(here);
        Some(Place { of, crowd: self.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut here = self.crowd.here.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = here.get_mut(&self.of) {
            *count -= 1;
            if *count == 0 {
                here.remove(&self.of);
            }
        }
    }
}
