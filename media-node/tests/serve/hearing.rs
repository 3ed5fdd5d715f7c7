//! Two clients of another implementation of WebRTC, by link, over UDP.

use std::time::Duration;

use crate::{media::Media, stage};
use media_core::signalling::{Mode, ServerMessage};

/// Lets one speak until the other hears; gives what was heard.
pub(crate) async fn heard(speaker: &mut Media, listener: &mut Media, payload: &[u8]) -> Option<Vec<u8>> {
    for _ in 0..150 {
        speaker.say(payload).await;
        if let Some(packet) = listener.hear(Duration::from_millis(20)).await {
            return Some(packet.payload.to_vec());
        }
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_join_by_link_hear_each_other() {
    let server = stage::server().await;
    let (mut anna, invitation) = stage::conference(&server, Mode::Discussion).await;
    let mut annas = Media::new(1_001, 1).await;
    annas.negotiate(&mut anna).await;
    let mut bert = stage::guest(&server, &invitation, "bert").await;
    let mut berts = Media::new(2_002, 1).await;
    berts.negotiate(&mut bert).await;
    let added = anna.wait_for(|message| matches!(message, ServerMessage::TrackAdded { .. })).await;
    assert!(added.is_some(), "anna is told of bert's microphone");
    annas.negotiate(&mut anna).await;
    annas.connected().await;
    berts.connected().await;

    let secret = *b"frames of anna, sealed end to end";
    assert_eq!(heard(&mut annas, &mut berts, &secret).await.as_deref(), Some(&secret[..]));
    let secret = *b"frames of bert, sealed end to end";
    assert_eq!(heard(&mut berts, &mut annas, &secret).await.as_deref(), Some(&secret[..]));
}
