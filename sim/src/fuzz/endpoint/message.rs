//! Owns what the fuzzed server says: every kind of message, about a few people and tracks, true or not.

use media_core::{
    Codec, MediaKind, ParticipantId, Permissions, Ssrc, Timestamp,
    ids::{ConferenceId, InvitationId},
    secret::Token,
    signalling::{
        EndpointKind, Invitation, LinkToken, Member, Mode, OutReason, Refusal, Role, ServerMessage, TrackInfo,
    },
};

use super::{super::input::Input, PEOPLE, group::NAME, stream::Senders};

/// The next message, if it is one. `asked` is the request by which the endpoint last asked to come in, `requests` are the
/// others that wait for an answer.
pub(super) fn message(
    now: Timestamp,
    input: &mut Input<'_>,
    senders: &mut Senders,
    (asked, requests): (u32, &mut Vec<u32>),
) -> Option<Vec<u8>> {
    let choice = input.byte();
    let message = match choice % 24 {
        0..=2 => entered(input, asked),
        3..=7 => {
            let track = track(input);
            senders.on_track_added(&track);
            ServerMessage::TrackAdded { track }
        }
        8 | 23 => senders.group.as_mut()?.drawn(now, input)?,
        9 => ServerMessage::TrackRemoved { participant: person(input), kind: kind(input) },
        10..=12 => ServerMessage::Demand { kind: kind(input), encodings: input.byte() },
        13 | 14 => ServerMessage::Member { member: member(input) },
        15 => ServerMessage::MemberLeft { participant: person(input) },
        16 => ServerMessage::ModeChanged { mode: mode(input) },
        17 => ServerMessage::Knock { participant: person(input), name: "knocks".to_owned() },
        18 => ServerMessage::Waiting { request: answered(requests) },
        19 => {
            let request = answered(requests);
            ServerMessage::Refused { request, reason: Refusal::ConferenceFull }
        }
        20 => ServerMessage::Out { reason: [OutReason::Removed, OutReason::Ended][input.below(2)] },
        21 => {
            let request = answered(requests);
            ServerMessage::Invited { request, invitation: invitation() }
        }
        _ => ServerMessage::Done { request: answered(requests) },
    };
    let mut bytes = message.encode();
    if choice >= 240 {
        let place = usize::from(input.number()) % bytes.len();
        bytes[place] = input.byte();
    }
    if let Ok(said) = ServerMessage::decode(&bytes) {
        senders.on_said(now, &said);
    }
    Some(bytes)
}

/// The number of a request that waits, if one does.
fn answered(requests: &mut Vec<u32>) -> u32 {
    requests.pop().unwrap_or(4_711)
}

fn entered(input: &mut Input<'_>, request: u32) -> ServerMessage {
    let participant = person(input);
    let roster = (0..input.below(6)).map(|_| member(input)).collect();
    ServerMessage::Entered {
        request,
        conference: ConferenceId(1),
        participant,
        mode: mode(input),
        roster,
        invitation: input.flag().then(invitation),
        resume: Token::from_bytes([3; 16]),
    }
}

fn invitation() -> Invitation {
    let link = LinkToken { conference: ConferenceId(1), token: Token::from_bytes([2; 16]) };
    Invitation { id: InvitationId(1), link }
}

fn member(input: &mut Input<'_>) -> Member {
    let bits = input.byte();
    Member {
        participant: person(input),
        name: NAME.to_owned(),
        role: if bits & 8 == 0 { Role::Guest } else { Role::Moderator },
        presenter: bits & 16 != 0,
        hand_raised: bits & 32 != 0,
        // Forbidden is what the bits say, so that an input of zeroes makes something flow.
        permissions: Permissions { audio: bits & 1 == 0, video: bits & 2 == 0, screen: bits & 4 == 0 },
        endpoint: EndpointKind::Desk,
    }
}

/// One of few tracks, so that two descriptions of one SSRC are common.
fn track(input: &mut Input<'_>) -> TrackInfo {
    let kind = kind(input);
    let codec = match (kind, input.below(4)) {
        (MediaKind::Audio, 0..=2) => Codec::Opus,
        (_, 0) => Codec::Vp8,
        (_, 1) => Codec::Vp9,
        _ => Codec::H264,
    };
    let ssrc = u32::from(input.byte() % 8) * 2 + 100;
    TrackInfo {
        participant: person(input),
        kind,
        codec,
        layers: input.byte(),
        ssrc: Ssrc(ssrc),
        rtx_ssrc: Ssrc(ssrc + u32::from(input.byte() < 240)),
    }
}

fn person(input: &mut Input<'_>) -> ParticipantId {
    ParticipantId(u32::from(input.byte()) % PEOPLE)
}

fn kind(input: &mut Input<'_>) -> MediaKind {
    MediaKind::ALL[input.below(3)]
}

fn mode(input: &mut Input<'_>) -> Mode {
    if input.flag() { Mode::Presenter } else { Mode::Discussion }
}
