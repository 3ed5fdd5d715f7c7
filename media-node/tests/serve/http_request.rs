//! Owns plain HTTP requests, written by hand: nothing between the claim and the wire.

use media_node::Server;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::stage::PATIENCE;

/// What the server answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    /// A header field, by its name in lower case.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// Sends one request on a connection of its own.
pub(crate) async fn request(server: &Server, method: &str, path: &str, fields: &str, body: &str) -> Answer {
    let mut stream = TcpStream::connect(server.http_address()).await.expect("the server listens");
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{fields}Content-Length: {length}\r\n\r\n"
    );
    let exchange = async {
        // The server may answer, and close, before it has read everything.
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(body.as_bytes()).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        answer
    };
    let answer = timeout(PATIENCE, exchange).await.expect("an answer in time");
    let answer = String::from_utf8(answer).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}

pub(crate) async fn get(server: &Server, path: &str) -> Answer {
    request(server, "GET", path, "", "").await
}

/// The value of one of the server's metrics.
pub(crate) async fn metric(server: &Server, name: &str) -> u64 {
    let text = get(server, "/metrics").await.body;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let line = line.unwrap_or_else(|| panic!("there is no {name} in {text}"));
    line.parse().expect("a whole number")
}

/// How often something was dropped for this reason.
pub(crate) async fn drops(server: &Server, reason: &str) -> u64 {
    metric(server, &format!("media_node_drops_total{{reason=\"{reason}\"}}")).await
}

/// Waits until a metric has a value.
pub(crate) async fn comes_to(server: &Server, name: &str, value: u64) {
    let wait = async { while metric(server, name).await != value {} };
    timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("{name} does not come to {value}"));
}
