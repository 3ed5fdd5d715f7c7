//! Owns what the server answers over HTTP, by path.

mod door;
mod page;
mod signalling;
mod status;

use axum::{Router, routing::get};

use crate::server::Shared;

pub(crate) use door::Door;

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
        .with_state(shared)
}
