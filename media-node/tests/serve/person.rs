//! Owns a client's signalling channel: requests with their answers, and what the server says unasked.

use std::collections::VecDeque;

use futures_util::{SinkExt as _, StreamExt as _};
use media_core::signalling::{ClientMessage, Request, ServerMessage};
use media_node::Server;
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::stage::PATIENCE;

/// Somebody in front of a client.
pub(crate) struct Person {
    socket: WebSocketStream<TcpStream>,
    requests: u32,
    unread: VecDeque<ServerMessage>,
}

impl Person {
    /// Opens a channel.
    pub(crate) async fn connect(server: &Server) -> Self {
        let stream = TcpStream::connect(server.http_address()).await.expect("the server listens");
        let url = format!("ws://{}/signalling", server.http_address());
        let (socket, _) = client_async(url, stream).await.expect("it speaks WebSocket");
        Self { socket, requests: 0, unread: VecDeque::new() }
    }

    /// Says goodbye, as a browser does whose page is closed.
    pub(crate) async fn say_goodbye(mut self) {
        self.socket.close(None).await.expect("the server reads");
    }

    /// Sends a text as it is.
    pub(crate) async fn write(&mut self, text: String) {
        // The server may have had enough.
        let _ = self.socket.send(Message::text(text)).await;
    }

    /// Sends a request; gives its number.
    pub(crate) async fn send(&mut self, body: Request) -> u32 {
        self.requests += 1;
        let message = ClientMessage { request: self.requests, body }.encode();
        let text = String::from_utf8(message).expect("JSON is UTF-8");
        self.socket.send(Message::text(text)).await.expect("the server reads");
        self.requests
    }

    /// Sends a request and waits for its answer.
    pub(crate) async fn ask(&mut self, body: Request) -> ServerMessage {
        let request = self.send(body).await;
        let answer = self.wait_for(|message| answers(message) == Some(request)).await;
        answer.expect("the server answers")
    }

    /// Waits until the server says something of this kind, and gives it; none when it ends the channel or says nothing of it.
    pub(crate) async fn wait_for(
        &mut self,
        wanted: impl Fn(&ServerMessage) -> bool,
    ) -> Option<ServerMessage> {
        if let Some(place) = self.unread.iter().position(&wanted) {
            return self.unread.remove(place);
        }
        let search = async {
            loop {
                match self.socket.next().await? {
                    Ok(Message::Text(text)) => {
                        let message = ServerMessage::decode(text.as_bytes()).expect("a server's message");
                        if wanted(&message) {
                            return Some(message);
                        }
                        self.unread.push_back(message);
                    }
                    Ok(Message::Close(_)) | Err(_) => return None,
                    Ok(_) => {}
                }
            }
        };
        timeout(PATIENCE, search).await.ok().flatten()
    }
}

/// The request that a message answers.
#[expect(clippy::wildcard_enum_match_arm, reason = "the others are said unasked")]
fn answers(message: &ServerMessage) -> Option<u32> {
    match message {
        ServerMessage::Entered { request, .. }
        | ServerMessage::Waiting { request }
        | ServerMessage::Done { request }
        | ServerMessage::Answer { request, .. }
        | ServerMessage::OfferRefused { request, .. }
        | ServerMessage::Invited { request, .. }
        | ServerMessage::Refused { request, .. } => Some(*request),
        _ => None,
    }
}
