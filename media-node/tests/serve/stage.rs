//! Owns a server for one claim: on ports of its own, with one licence holder.

use std::time::Duration;

use media_core::{
    secret::Token,
    signalling::{ClientInfo, Encryption, EndpointKind, Invitation, Mode, Request, ServerMessage},
};
use media_node::{Config, Server};

use crate::person::Person;

/// How long anything may take: far more than it does.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// What proves that somebody is the licence holder.
pub(crate) fn credential() -> Token {
    Token::from_bytes(*b"a licence holder")
}

/// A configuration on free ports of loopback.
pub(crate) fn config() -> Config {
    let any = "127.0.0.1:0".parse().expect("an address");
    Config { http: any, media: any, holders: vec![credential()], ..Config::default() }
}

/// A server that runs.
pub(crate) async fn server() -> Server {
    Server::start(&config()).await.expect("the server starts")
}

/// What a client of this project says of itself.
pub(crate) fn client() -> ClientInfo {
    ClientInfo { endpoint: EndpointKind::Desk, encryption: Some(Encryption::DEFAULT) }
}

/// A conference, with its host and its link.
pub(crate) async fn conference(server: &Server, mode: Mode) -> (Person, Invitation) {
    let mut host = Person::connect(server).await;
    let request = Request::Start {
        credential: Some(credential()),
        name: "anna".to_owned(),
        mode,
        lobby: false,
        client: client(),
    };
    let ServerMessage::Entered { invitation: Some(invitation), .. } = host.ask(request).await else {
        panic!("the holder may start a conference");
    };
    (host, invitation)
}

/// The request to join by a link.
pub(crate) fn join(invitation: &Invitation, name: &str) -> Request {
    Request::Join {
        link: invitation.link.clone(),
        credential: None,
        resume: None,
        attempt: None,
        name: name.to_owned(),
        client: client(),
    }
}

/// Somebody who has joined.
pub(crate) async fn guest(server: &Server, invitation: &Invitation, name: &str) -> Person {
    let mut guest = Person::connect(server).await;
    let answer = guest.ask(join(invitation, name)).await;
    assert!(matches!(answer, ServerMessage::Entered { .. }), "{answer:?}");
    guest
}
