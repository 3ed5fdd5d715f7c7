//! Owns a participant without a browser: the crate `webrtc` for ICE, DTLS and RTP, this project's `Membership` for keys, and the
//! frames of `page/test/recordings` in the place of a camera and a microphone. It joins by a link as browsers have it, sends until
//! its standard input ends, and says every half second in a line of JSON what it opened of whom.
//!
//! Tests of the page put it into conferences with browsers. It is no part of any product.

mod answer;
mod channel;
mod connection;
mod incoming;
mod outgoing;
mod participant;
mod pictures;
mod recording;

use std::{error::Error, io, thread};

use media_core::{ConferenceId, e2ee::ConferenceSecret, secret::Token, signalling::LinkToken};
use participant::Participant;
use tokio::sync::oneshot;

const USAGE: &str = "participant HOST:PORT '#CONFERENCE.TOKEN.SECRET' NAME";

/// The link as browsers have it.
fn read_link(text: &str) -> Option<(LinkToken, ConferenceSecret)> {
    let mut parts = text.strip_prefix('#')?.split('.');
    let conference = ConferenceId(parts.next()?.parse().ok()?);
    let (mut token, mut secret) = ([0; 16], [0; 32]);
    hex::decode_to_slice(parts.next()?, &mut token).ok()?;
    hex::decode_to_slice(parts.next()?, &mut secret).ok()?;
    let link = LinkToken { conference, token: Token::from_bytes(token) };
    Some((link, ConferenceSecret::from_bytes(secret)))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [server, link, name] = arguments.as_slice() else { return Err(USAGE.into()) };
    let (link, secret) = read_link(link).ok_or(USAGE)?;
    let (ends, end) = oneshot::channel();
    // It blocks for as long as nobody says anything, which holds up no task this way.
    thread::spawn(move || {
        let copied = io::copy(&mut io::stdin().lock(), &mut io::sink());
        drop((copied, ends));
    });
    Participant::join(server, link, secret, name).await?.run(end).await
}
