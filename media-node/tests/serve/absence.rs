//! Claims about people whose signalling ends.

use std::time::Duration;

use media_core::{
    ParticipantId,
    signalling::{Mode, Request, ServerMessage},
};
use tokio::time::timeout;

use crate::{
    person::Person,
    stage::{self, PATIENCE},
};

/// Who is told to have left.
async fn left(person: &mut Person, within: Duration) -> Option<ParticipantId> {
    let told = person.wait_for(|message| matches!(message, ServerMessage::MemberLeft { .. }));
    let ServerMessage::MemberLeft { participant } = timeout(within, told).await.ok()?? else { return None };
    Some(participant)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_loses_the_channel_keeps_their_place_for_a_while() {
    let server = stage::server().await;
    let (mut anna, invitation) = stage::conference(&server, Mode::Discussion).await;
    let mut bert = Person::connect(&server).await;
    let ServerMessage::Entered { participant: before, resume, .. } =
        bert.ask(stage::join(&invitation, "bert")).await
    else {
        panic!("bert is let in")
    };
    // Without a goodbye.
    drop(bert);
    assert_eq!(left(&mut anna, Duration::from_millis(500)).await, None);

    let Request::Join { link, credential, attempt, name, client, .. } = stage::join(&invitation, "bert")
    else {
        panic!("it is a join")
    };
    let join = Request::Join { link, credential, resume: Some(resume), attempt, name, client };
    let mut bert = Person::connect(&server).await;
    let ServerMessage::Entered { participant, roster, .. } = bert.ask(join).await else {
        panic!("bert is let in")
    };
    assert_eq!((participant != before, roster.len()), (true, 2), "bert is there once");
    assert_eq!(left(&mut anna, PATIENCE).await, Some(before));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_says_goodbye_is_out_at_once() {
    let server = stage::server().await;
    let (mut anna, invitation) = stage::conference(&server, Mode::Discussion).await;
    let bert = stage::guest(&server, &invitation, "bert").await;
    bert.say_goodbye().await;
    assert!(left(&mut anna, Duration::from_secs(2)).await.is_some());
}
