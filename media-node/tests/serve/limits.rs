//! Claims about how much one address may ask for.

use media_node::{Config, Server};
use tokio::{io::AsyncReadExt as _, net::TcpStream, time::timeout};

use crate::stage::{self, PATIENCE};

#[tokio::test]
async fn one_address_has_no_more_connections_than_it_may() {
    let config = Config { connections_per_address: 2, ..stage::config() };
    let server = Server::start(&config).await.expect("the server starts");
    let connect = async || TcpStream::connect(server.http_address()).await.expect("the kernel takes it");
    let (first, second) = (connect().await, connect().await);
    let mut third = connect().await;
    let end = timeout(PATIENCE, third.read(&mut [0; 16])).await.expect("it is closed at once");
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    drop((first, second));
    let again = async {
        loop {
            let mut stream = connect().await;
            // Who stays open without an answer has a place.
            if timeout(std::time::Duration::from_millis(50), stream.read(&mut [0; 16])).await.is_err() {
                return;
            }
        }
    };
    timeout(PATIENCE, again).await.expect("whoever leaves makes room");
}
