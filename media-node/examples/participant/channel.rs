//! Owns the signalling channel: requests go out with a number, and what the server says comes in.

use std::error::Error;

use futures_util::{SinkExt as _, StreamExt as _};
use media_core::signalling::{ClientMessage, Request, ServerMessage};
use tokio::net::TcpStream;
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

/// A WebSocket to the media node.
pub(crate) struct Channel {
    socket: WebSocketStream<TcpStream>,
    requests: u32,
}

impl Channel {
    pub(crate) async fn open(server: &str) -> Result<Self, Box<dyn Error>> {
        let stream = TcpStream::connect(server).await?;
        let (socket, _) = client_async(format!("ws://{server}/signalling"), stream).await?;
        Ok(Self { socket, requests: 0 })
    }

    /// Asks for something; gives the request's number.
    pub(crate) async fn send(&mut self, body: Request) -> Result<u32, Box<dyn Error>> {
        self.requests += 1;
        let message = ClientMessage { request: self.requests, body }.encode();
        self.socket.send(Message::text(String::from_utf8(message)?)).await?;
        Ok(self.requests)
    }

    /// The next thing that the server says; none when it has closed the channel.
    pub(crate) async fn next(&mut self) -> Result<Option<ServerMessage>, Box<dyn Error>> {
        loop {
            match self.socket.next().await.transpose()? {
                Some(Message::Text(text)) => {
                    let message = ServerMessage::decode(text.as_bytes());
                    return Ok(Some(message.map_err(|reason| format!("{reason:?}"))?));
                }
                Some(Message::Close(_)) | None => return Ok(None),
                Some(_) => {}
            }
        }
    }
}
