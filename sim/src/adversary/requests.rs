//! Owns what a hostile client asks for on its own connection: what it may not, about others, and what it may, far too
//! often. The requests are well-formed; what is not is in [`super::noise`].

use media_core::{
    MediaKind, ParticipantId, Permissions,
    ids::InvitationId,
    signalling::{EncodingOffer, Mode, Request, TrackOffer},
};

use super::{Knowledge, Misbehaviour};

/// Acts between two requests that nobody grants: ten a second.
const REFUSED_EVERY: u64 = 5;

/// What is asked for this time.
#[expect(clippy::wildcard_enum_match_arm, reason = "each file knows the misbehaviour that is its own")]
pub(super) fn of(how: Misbehaviour, count: u64, knowledge: &Knowledge) -> Vec<Request> {
    match how {
        Misbehaviour::RequestFlood => flood(count, knowledge),
        Misbehaviour::WatchStorm => watches(count, knowledge),
        Misbehaviour::ModerateWithoutRank if count.is_multiple_of(REFUSED_EVERY) => {
            let count = count / REFUSED_EVERY;
            let victims = &knowledge.others;
            let Some(victim) = victims.get(count as usize % victims.len().max(1)) else { return Vec::new() };
            vec![moderation(count, *victim, knowledge.own.unwrap_or(*victim))]
        }
        Misbehaviour::PublishForeignSsrcs if count == 1 => stolen(knowledge).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn flood(count: u64, knowledge: &Knowledge) -> Vec<Request> {
    let tracks = if count.is_multiple_of(2) { knowledge.offers.clone() } else { Vec::new() };
    vec![Request::RaiseHand, Request::LowerHand, Request::Publish { tracks }]
}

/// All pictures at once: large, then none at all.
fn watches(count: u64, knowledge: &Knowledge) -> Vec<Request> {
    let layer = count.is_multiple_of(2).then_some(2);
    let pictures = knowledge.tracks.iter().map(|(track, _)| track).filter(|track| track.kind.is_video());
    pictures.map(|track| Request::Watch { source: track.participant, kind: track.kind, layer }).collect()
}

/// Every request that only moderators or hosts may make, one after the other, about a victim or for oneself.
fn moderation(count: u64, victim: ParticipantId, own: ParticipantId) -> Request {
    let nothing = Permissions::NONE;
    let mode = if count.is_multiple_of(2) { Mode::Presenter } else { Mode::Discussion };
    match count % 13 {
        0 => Request::Remove { participant: victim },
        1 => Request::SetPermissions { participant: victim, permissions: nothing },
        2 => Request::SetMode { mode },
        3 => Request::Lock { locked: true },
        4 => Request::Grant { participant: own, permissions: Permissions::ALL },
        5 => Request::NamePresenter { participant: own },
        6 => Request::NameModerator { participant: own },
        7 => Request::HandOver { participant: own },
        8 => Request::CreateInvitation,
        9 => Request::RevokeInvitation { invitation: InvitationId(1 + (count % 4) as u32) },
        10 => Request::Admit { participant: victim },
        11 => Request::SetPermissions { participant: own, permissions: Permissions::ALL },
        _ => Request::End,
    }
}

/// The streams of others, as this client knows them, offered as its own: at most one of each kind.
fn stolen(knowledge: &Knowledge) -> Option<Request> {
    let mut tracks: Vec<TrackOffer> = Vec::new();
    for kind in MediaKind::ALL {
        let victim = knowledge.tracks.iter().map(|(track, _)| track).find(|track| track.kind == kind);
        tracks.extend(victim.map(|track| TrackOffer {
            kind,
            codec: track.codec,
            encodings: vec![EncodingOffer { ssrc: track.ssrc, rtx_ssrc: track.rtx_ssrc, target_kbps: 500 }],
        }));
    }
    (!tracks.is_empty()).then_some(Request::Publish { tracks })
}
