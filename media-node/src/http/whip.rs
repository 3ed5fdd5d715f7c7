//! Owns publishing and watching without a signalling channel: WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep). One request with
//! an offer joins a conference by its link and agrees on the connection; the session that it makes is ended by another.
//!
//! What a conference demands is demanded here, too: a client says how it encrypts end to end (`?mls=1&sframe=4`), or is
//! refused. Neither trickled candidates nor ICE restarts are taken: the media node needs none of its clients' candidates.

mod session;

use axum::{
    body::{Body, to_bytes},
    extract::{Path, Query, State},
    http::{
        HeaderMap, StatusCode,
        header::{AUTHORIZATION, CONTENT_TYPE, LOCATION},
    },
    response::{IntoResponse, Response},
};
use media_core::{
    ConferenceId,
    limits::SDP_BYTES_MAX,
    secret::Token,
    signalling::{ClientInfo, Encryption, EndpointKind, LinkToken, Request},
};
use serde::{Deserialize, de::value::StrDeserializer};
use tokio::time::timeout;

use super::problem::Problem;
use crate::{limits::HEAD_WITHIN, server::Shared};
use session::Session;

pub(crate) use session::Sessions;

const SDP: &str = "application/sdp";

/// What a client says of itself.
#[derive(Debug, Deserialize)]
pub(super) struct Client {
    mls: Option<u16>,
    sframe: Option<u16>,
    name: Option<String>,
}

impl Client {
    fn info(&self) -> ClientInfo {
        let encryption = self.mls.zip(self.sframe).map(|(mls, sframe)| Encryption { mls, sframe });
        ClientInfo { endpoint: EndpointKind::Desk, encryption }
    }
}

/// `POST /whip`.
pub(super) async fn publish(
    state: State<Shared>,
    client: Query<Client>,
    headers: HeaderMap,
    offer: Body,
) -> Response {
    begin("whip", state, client, &headers, offer).await.unwrap_or_else(IntoResponse::into_response)
}

/// `POST /whep`.
pub(super) async fn watch(
    state: State<Shared>,
    client: Query<Client>,
    headers: HeaderMap,
    offer: Body,
) -> Response {
    begin("whep", state, client, &headers, offer).await.unwrap_or_else(IntoResponse::into_response)
}

/// `DELETE` on a session.
pub(super) async fn end(State(shared): State<Shared>, Path(id): Path<String>) -> StatusCode {
    if shared.sessions.end(&id) { StatusCode::OK } else { StatusCode::NOT_FOUND }
}

/// `PATCH` on a session: for no purpose (RFC 9725 section 4.3).
pub(super) async fn change() -> Problem {
    Problem::new(StatusCode::NOT_IMPLEMENTED, "no-trickle-ice")
}

async fn begin(
    kind: &'static str,
    State(shared): State<Shared>,
    Query(client): Query<Client>,
    headers: &HeaderMap,
    offer: Body,
) -> Result<Response, Problem> {
    let is_sdp = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| {
        value.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case(SDP))
    });
    if !is_sdp {
        return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "not-sdp"));
    }
    let link = link(headers).ok_or_else(|| Problem::new(StatusCode::UNAUTHORIZED, "no-link"))?;
    let offer = read(offer).await?;
    let info = client.info();
    let join = Request::Join {
        link,
        credential: None,
        resume: None,
        attempt: None,
        name: client.name.unwrap_or_else(|| kind.to_uppercase()),
        client: info,
    };
    let mut session = Session::open(&shared.node).await?;
    let answered = match session.join(join).await {
        Ok(()) => session.negotiate(offer).await,
        Err(problem) => Err(problem),
    };
    match answered {
        Err(problem) => {
            session.close().await;
            Err(problem)
        }
        Ok(answer) => {
            let location = format!("/{kind}/{}", shared.sessions.keep(session)?);
            Ok((StatusCode::CREATED, [(CONTENT_TYPE, SDP), (LOCATION, &location)], answer).into_response())
        }
    }
}

/// The whole offer. Who sends it slowly is not waited for.
async fn read(offer: Body) -> Result<String, Problem> {
    let bytes = timeout(HEAD_WITHIN, to_bytes(offer, SDP_BYTES_MAX)).await;
    let bytes = bytes.map_err(|_| Problem::new(StatusCode::REQUEST_TIMEOUT, "too-slow"))?;
    let bytes = bytes.map_err(|_| Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "too-long"))?;
    String::from_utf8(bytes.into()).map_err(|_| Problem::offer_refused("malformed".to_owned()))
}

/// The link in `Authorization: Bearer CONFERENCE.TOKEN`.
fn link(headers: &HeaderMap) -> Option<LinkToken> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, bearer) = value.split_once(' ')?;
    let (conference, token) = bearer.trim().split_once('.')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let conference = ConferenceId(conference.parse().ok()?);
    let token = Token::deserialize(StrDeserializer::<serde::de::value::Error>::new(token)).ok()?;
    Some(LinkToken { conference, token })
}
