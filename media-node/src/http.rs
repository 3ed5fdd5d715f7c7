//! Owns what the server answers over HTTP, by path.

mod door;
mod page;
mod problem;
mod signalling;
mod status;
mod tls;
mod whip;

use axum::{
    Router,
    routing::{delete, get, post},
};

use crate::server::Shared;

pub(crate) use door::Door;
pub use tls::TlsError;
pub(crate) use tls::acceptor;
pub(crate) use whip::Sessions;

/// All paths.
pub(crate) fn router(shared: Shared) -> Router {
    Router::new()
        .route("/", get(page::index))
        .route("/page.js", get(page::script))
        .route("/worker.js", get(page::worker))
        .route("/licences.txt", get(page::licences))
        .route("/signalling", get(signalling::upgrade))
        .route("/health", get(status::health))
        .route("/metrics", get(status::metrics))
        .route("/whip", post(whip::publish))
        .route("/whip/{session}", delete(whip::end).patch(whip::change))
        .route("/whep", post(whip::watch))
        .route("/whep/{session}", delete(whip::end).patch(whip::change))
        .with_state(shared)
}
