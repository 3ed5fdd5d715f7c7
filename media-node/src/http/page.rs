//! Owns the page by which people join from a browser; its files stand in `page/`, built ones in `page/dist`, and in the program.

use axum::{
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
    response::IntoResponse,
};

const INDEX: &str = include_str!("../../page/index.html");
const SCRIPT: &str = include_str!("../../page/dist/page.js");
const WORKER: &str = include_str!("../../page/dist/worker.js");
/// Of what the scripts contain.
const LICENCES: &str = include_str!("../../page/dist/licences.txt");

/// Nothing but the page's own files. The link's secrets stand behind `#`, which browsers do not send.
const POLICY: &str = "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; \
                      connect-src 'self'; img-src data:; media-src 'self' blob:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// `GET /`.
pub(super) async fn index() -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, INDEX)
}

/// `GET /page.js`.
pub(super) async fn script() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", SCRIPT)
}

/// `GET /worker.js`: every frame goes through it.
pub(super) async fn worker() -> impl IntoResponse {
    file("text/javascript; charset=utf-8", WORKER)
}

/// `GET /licences.txt`.
pub(super) async fn licences() -> impl IntoResponse {
    file("text/plain; charset=utf-8", LICENCES)
}

fn file(kind: &'static str, content: &'static str) -> impl IntoResponse {
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], content)
}
