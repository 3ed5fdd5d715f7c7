//! Claims about the end of a server.

use std::time::Duration;

use media_core::signalling::{Mode, Refusal, Request, ServerMessage};
use tokio::time::timeout;

use crate::{
    http_request::get,
    person::Person,
    stage::{self, PATIENCE},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_lets_nobody_new_in_and_is_over_when_the_last_has_left() {
    let mut server = stage::server().await;
    let (mut anna, invitation) = stage::conference(&server, Mode::Discussion).await;
    assert_eq!(get(&server, "/health").await.status, 200);
    server.drain(Duration::from_mins(1)).await;
    assert_eq!(get(&server, "/health").await.status, 503);
    let mut bert = Person::connect(&server).await;
    let answer = bert.ask(stage::join(&invitation, "bert")).await;
    assert!(matches!(answer, ServerMessage::Refused { reason: Refusal::ShuttingDown, .. }), "{answer:?}");
    let set = anna.ask(Request::SetMode { mode: Mode::Presenter }).await;
    assert!(matches!(set, ServerMessage::Done { .. }), "who is in goes on: {set:?}");
    anna.send(Request::Leave).await;
    timeout(PATIENCE, server.over()).await.expect("nobody is left");
    assert!(bert.wait_for(|_| true).await.is_none(), "channels are closed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_stays_to_the_end_of_a_drain_is_told() {
    let mut server = stage::server().await;
    let (mut anna, _) = stage::conference(&server, Mode::Discussion).await;
    server.drain(Duration::from_millis(100)).await;
    timeout(PATIENCE, server.over()).await.expect("the time is over");
    assert!(anna.wait_for(|message| matches!(message, ServerMessage::Out { .. })).await.is_some());
}

#[tokio::test]
async fn a_drain_of_an_empty_server_is_over_at_once() {
    let mut server = stage::server().await;
    server.drain(Duration::from_mins(1)).await;
    timeout(PATIENCE, server.over()).await.expect("nobody is there");
}
