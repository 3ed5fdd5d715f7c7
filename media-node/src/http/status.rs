//! Owns what machines ask the server about itself: whether it takes new conferences, and its numbers.

use std::sync::atomic::Ordering;

use axum::{
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
};

use crate::server::Shared;

/// The media type of `OpenMetrics`, which Prometheus reads.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /health`.
pub(super) async fn health(State(shared): State<Shared>) -> impl IntoResponse {
    if shared.draining.load(Ordering::Relaxed) {
        (StatusCode::SERVICE_UNAVAILABLE, "draining\n")
    } else {
        (StatusCode::OK, "ok\n")
    }
}

/// `GET /metrics`.
pub(super) async fn metrics(State(shared): State<Shared>) -> impl IntoResponse {
    ([(CONTENT_TYPE, OPEN_METRICS)], shared.metrics.text())
}
