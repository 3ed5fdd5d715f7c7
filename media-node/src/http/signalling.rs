//! Owns the signalling channel: a WebSocket (RFC 6455) whose messages are those of [`media_core::signalling`], one in each text
//! message.

use std::time::Duration;

use axum::{
    body::Bytes,
    extract::{
        State,
        ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade, close_code},
    },
    response::Response,
};
use media_core::limits::SIGNAL_BYTES_MAX;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout, timeout_at};

use crate::{
    command::{Channel, NodeHandle},
    limits::{FIRST_MESSAGE_WITHIN, QUESTION_INTERVAL, RETURN_WITHIN, SILENT_MAX, WRITE_WITHIN},
    outbox::OutboxReader,
    server::Shared,
};

/// `GET /signalling`.
pub(super) async fn upgrade(State(shared): State<Shared>, upgrade: WebSocketUpgrade) -> Response {
    upgrade
        .max_message_size(SIGNAL_BYTES_MAX)
        .max_frame_size(SIGNAL_BYTES_MAX)
        .on_upgrade(move |socket| serve(socket, shared.node))
}

async fn serve(mut socket: WebSocket, node: NodeHandle) {
    let Some(first) = first_message(&mut socket).await else { return };
    let Ok((channel, mut reader)) = node.open().await else { return };
    let end = if channel.signal(first).await.is_ok() {
        converse(&mut socket, &channel, &mut reader).await
    } else {
        End::Over
    };
    let kept = match end {
        End::Over => {
            channel.close().await;
            None
        }
        End::Lost => Some(channel),
    };
    let goodbye = CloseFrame { code: close_code::AWAY, reason: Utf8Bytes::from_static("") };
    // The client may be gone already.
    let _ = timeout(WRITE_WITHIN, socket.send(Message::Close(Some(goodbye)))).await;
    drop(socket);
    if let Some(channel) = kept {
        // Nobody reads what is said to them meanwhile, and it must not heap up.
        let unread = async { while reader.next().await.is_some() {} };
        let _ = timeout(RETURN_WITHIN, unread).await;
        channel.close().await;
    }
}

/// What makes a peer of a stranger; none from who waits too long, or says nothing of use.
async fn first_message(socket: &mut WebSocket) -> Option<Bytes> {
    let until = Instant::now() + FIRST_MESSAGE_WITHIN;
    loop {
        match timeout_at(until, socket.recv()).await.ok()??.ok()? {
            Message::Text(text) => return Some(text.into()),
            Message::Binary(bytes) => return Some(bytes),
            Message::Ping(_) | Message::Pong(_) => {}
            Message::Close(_) => return None,
        }
    }
}

/// How a channel ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// One side has had enough, or the client has been silent for too long.
    Over,
    /// The connection broke under a client who had not said goodbye: it may come back on another one.
    Lost,
}

/// Carries messages until one side has enough.
async fn converse(socket: &mut WebSocket, channel: &Channel, reader: &mut OutboxReader) -> End {
    let mut questions = interval(QUESTION_INTERVAL);
    questions.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = Duration::ZERO;
    loop {
        let outgoing = tokio::select! {
            message = socket.recv() => {
                silent = Duration::ZERO;
                let message = match message {
                    Some(Ok(Message::Text(text))) => text.into(),
                    Some(Ok(Message::Binary(bytes))) => bytes,
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
                    Some(Ok(Message::Close(_))) => return End::Over,
                    Some(Err(_)) | None => return End::Lost,
                };
                if channel.signal(message).await.is_err() {
                    return End::Over;
                }
                continue;
            }
            message = reader.next() => {
                let Some(Ok(text)) = message.map(Utf8Bytes::try_from) else { return End::Over };
                Message::Text(text)
            }
            _ = questions.tick() => {
                if silent > SILENT_MAX {
                    return End::Over;
                }
                silent += QUESTION_INTERVAL;
                Message::Ping(Bytes::new())
            }
        };
        match timeout(WRITE_WITHIN, socket.send(outgoing)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return End::Lost,
            Err(_) => return End::Over,
        }
    }
}
