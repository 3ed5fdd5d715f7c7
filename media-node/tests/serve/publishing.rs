//! Claims about WHIP and WHEP.

use media_core::signalling::{Invitation, Mode};
use media_node::Server;

use crate::{
    hearing::heard,
    http_request::{Answer, comes_to, request},
    media::Media,
    stage,
};

const ENCRYPTED: &str = "mls=1&sframe=4";

fn bearer(invitation: &Invitation) -> String {
    let token = serde_json::to_string(&invitation.link.token).expect("JSON");
    format!("{}.{}", invitation.link.conference, token.trim_matches('"'))
}

async fn post(server: &Server, path: &str, bearer: &str, offer: &str) -> Answer {
    let fields = format!("Authorization: Bearer {bearer}\r\nContent-Type: application/sdp\r\n");
    request(server, "POST", path, &fields, offer).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_watches_by_whep_hears_who_publishes_by_whip() {
    let server = stage::server().await;
    let (_anna, invitation) = stage::conference(&server, Mode::Discussion).await;
    let bearer = bearer(&invitation);

    let mut publisher = Media::new(1_001, 0).await;
    let path = format!("/whip?{ENCRYPTED}");
    let made = post(&server, &path, &bearer, &publisher.offer().await).await;
    assert_eq!((made.status, made.field("content-type")), (201, Some("application/sdp")));
    publisher.on_answer(made.body.clone()).await;
    let mut viewer = Media::listener(1).await;
    let watched = post(&server, &format!("/whep?{ENCRYPTED}"), &bearer, &viewer.offer().await).await;
    assert_eq!(watched.status, 201, "{watched:?}");
    viewer.on_answer(watched.body.clone()).await;
    publisher.connected().await;
    viewer.connected().await;
    let secret = *b"what only the group can open";
    assert_eq!(heard(&mut publisher, &mut viewer, &secret).await.as_deref(), Some(&secret[..]));

    let session = made.field("location").expect("a session").to_owned();
    assert!(session.starts_with("/whip/") && session.len() > 40 && !session.contains(&bearer));
    assert_eq!(request(&server, "PATCH", &session, "", "").await.status, 501);
    comes_to(&server, "media_node_participants", 3).await;
    assert_eq!(request(&server, "DELETE", &session, "", "").await.status, 200);
    assert_eq!(request(&server, "DELETE", &session, "", "").await.status, 404);
    comes_to(&server, "media_node_participants", 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_refused_is_told_why() {
    let server = stage::server().await;
    let (_anna, invitation) = stage::conference(&server, Mode::Discussion).await;
    let bearer = bearer(&invitation);
    let wrong = format!("{}.{}", invitation.link.conference, "0".repeat(32));
    let offer = Media::new(1_001, 0).await.offer().await;
    let encrypted = format!("/whip?{ENCRYPTED}");
    for (path, bearer, offer, status, reason) in [
        ("/whip", &bearer, &offer, 403, "encryption-required"),
        ("/whip?mls=1&sframe=5", &bearer, &offer, 403, "other-suite"),
        (&encrypted, &wrong, &offer, 401, "invalid-link"),
        (&encrypted, &"nonsense".to_owned(), &offer, 401, "no-link"),
        (&encrypted, &bearer, &"v=0\r\nnonsense".to_owned(), 400, "malformed"),
        (&encrypted, &bearer, &offer.replace("a=fingerprint", "a=x-fingerprint"), 406, "no-fingerprint"),
    ] {
        let answer = post(&server, path, bearer, offer).await;
        assert_eq!(answer.status, status, "{answer:?}");
        let problem: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
        assert_eq!(problem["reason"], reason, "{answer:?}");
    }
    let long = "x".repeat(media_core::limits::SDP_BYTES_MAX + 1);
    assert_eq!(post(&server, &encrypted, &bearer, &long).await.status, 413);
    let fields = format!("Authorization: Bearer {bearer}\r\nContent-Type: text/plain\r\n");
    assert_eq!(request(&server, "POST", &encrypted, &fields, &offer).await.status, 415);
    comes_to(&server, "media_node_participants", 1).await;
}
