//! Owns refusals as HTTP answers: a status, and a body in JSON that names the reason (RFC 9457).

use axum::{
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE, header::WWW_AUTHENTICATE},
    response::{IntoResponse, Response},
};
use media_core::signalling::Refusal;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    reason: String,
}

impl Problem {
    pub(super) fn new(status: StatusCode, reason: impl Into<String>) -> Self {
        Self { status, reason: reason.into() }
    }

    /// The media node is gone, or has put the client out.
    pub(super) fn gone() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable")
    }

    /// A refusal of the rules.
    #[expect(clippy::wildcard_enum_match_arm, reason = "the others forbid")]
    pub(super) fn refused(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::InvalidLink => StatusCode::UNAUTHORIZED,
            Refusal::TooManyRequests => StatusCode::TOO_MANY_REQUESTS,
            Refusal::ConferenceFull | Refusal::LobbyFull | Refusal::ShuttingDown => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Refusal::BadName => StatusCode::BAD_REQUEST,
            _ => StatusCode::FORBIDDEN,
        };
        let name = serde_json::to_value(refusal).ok();
        let name = name.as_ref().and_then(serde_json::Value::as_str).unwrap_or("refused").to_owned();
        Self::new(status, name)
    }

    /// A refusal of an offer: what cannot be read is the client's mistake, what can be is not acceptable (RFC 9725 section 4.2).
    pub(super) fn offer_refused(reason: String) -> Self {
        let unreadable = matches!(reason.as_str(), "malformed" | "too-long");
        Self::new(if unreadable { StatusCode::BAD_REQUEST } else { StatusCode::NOT_ACCEPTABLE }, reason)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::json!({ "status": self.status.as_u16(), "reason": self.reason });
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
