//! Owns the requests of a script: every kind, about people, links and credentials that exist or do not.

use media_core::{
    MediaKind, ParticipantId, Permissions,
    ids::{ConferenceId, InvitationId},
    secret::Token,
    signalling::{
        Attempt, ClientInfo, ClientMessage, Encryption, EndpointKind, Handshake, LinkToken, Mode, Request,
    },
};

use super::{super::input::Input, HOLDERS, client::Client, credential, ledger::Ledger};

/// The next message of a client, sometimes damaged.
pub(super) fn message(input: &mut Input<'_>, ledger: &Ledger, client: &mut Client) -> Vec<u8> {
    let choice = input.byte();
    client.request += 1;
    let (kind, choice) = (choice >> 5, usize::from(choice & 31));
    let body = match kind {
        6 => handshake(choice, input, ledger, client),
        _ => body(choice, input, ledger, client),
    };
    let mut message = encoded(client.request, body);
    if kind == 7 {
        let place = usize::from(input.number()) % message.len();
        message[place] = input.byte();
    }
    message
}

pub(super) fn encoded(request: u32, body: Request) -> Vec<u8> {
    ClientMessage { request, body }.encode()
}

fn body(choice: usize, input: &mut Input<'_>, ledger: &Ledger, client: &Client) -> Request {
    match choice {
        0 => start(input.byte() % (HOLDERS + 1), mode(input), input.flag()),
        1..=5 => {
            let link = ledger.links.get(input.below(ledger.links.len() + 1)).cloned();
            let (holder, stay) = (input.byte(), input.byte());
            let resume = ledger.stays.get(usize::from(stay)).cloned();
            let attempt = (stay >= 224)
                .then(|| Attempt::from_bytes([stay & 0xf0; 16]).numbered(u32::from(stay & 0x0f)));
            join(link, (holder < 128).then_some(holder % (HOLDERS + 1)), resume, attempt)
        }
        6 => Request::Leave,
        7..=9 => {
            let mut tracks = client.offers(input.byte(), 1 + input.below(4));
            if let (true, Some(track)) = (input.flag(), tracks.first_mut())
                && let Some(encoding) = track.encodings.first_mut()
            {
                encoding.ssrc = ledger.any_ssrc(input);
            }
            Request::Publish { tracks }
        }
        10..=14 => {
            let layer = input.byte();
            let kind = MediaKind::ALL[input.below(3)];
            Request::Watch { source: person(input, ledger), kind, layer: (layer < 200).then_some(layer % 5) }
        }
        15 => Request::RaiseHand,
        16 => Request::LowerHand,
        _ => moderation(choice, input, ledger),
    }
}

/// What members say to one another, which nobody reads: right numbers and wrong ones, people who offered and who did not.
fn handshake(choice: usize, input: &mut Input<'_>, ledger: &Ledger, client: &Client) -> Request {
    let said = Handshake::new(&[input.byte()]);
    if choice < 14 {
        return Request::OfferKeyPackage { key_package: said };
    }
    let adds: Vec<ParticipantId> = (0..input.below(4)).map(|_| person(input, ledger)).collect();
    let (late, bare) = (choice == 14, choice == 15);
    let after = ledger.sequence(client.peer).wrapping_sub(u64::from(late));
    let welcome = (!bare && !adds.is_empty()).then(|| said.clone());
    Request::Commit { after, commit: said, welcome, adds }
}

fn moderation(choice: usize, input: &mut Input<'_>, ledger: &Ledger) -> Request {
    let participant = person(input, ledger);
    match choice {
        17 | 18 => Request::Admit { participant },
        19 => Request::Remove { participant },
        20 | 21 => Request::SetMode { mode: mode(input) },
        22 => Request::Lock { locked: input.flag() },
        23 | 24 => Request::SetPermissions { participant, permissions: permissions(input) },
        25 | 26 => Request::Grant { participant, permissions: permissions(input) },
        27 => Request::NamePresenter { participant },
        28 => Request::NameModerator { participant },
        29 => Request::HandOver { participant },
        30 if input.flag() => Request::CreateInvitation,
        30 => Request::RevokeInvitation { invitation: InvitationId(u32::from(input.byte() % 8)) },
        _ => Request::End,
    }
}

/// A start by a holder; the number behind the last is nobody's.
pub(super) fn start(holder: u8, mode: Mode, lobby: bool) -> Request {
    let name = "host".to_owned();
    Request::Start { credential: Some(credential(holder)), name, mode, lobby, client: desk() }
}

/// A way in by a link that exists, or by one that does not.
pub(super) fn join(
    link: Option<LinkToken>,
    holder: Option<u8>,
    resume: Option<Token>,
    attempt: Option<Attempt>,
) -> Request {
    let guessed = LinkToken { conference: ConferenceId(1), token: Token::from_bytes([0; 16]) };
    let link = link.unwrap_or(guessed);
    let (credential, name) = (holder.map(credential), "guest".to_owned());
    Request::Join { link, credential, resume, attempt, name, client: desk() }
}

const fn desk() -> ClientInfo {
    ClientInfo { endpoint: EndpointKind::Desk, encryption: Some(Encryption::DEFAULT) }
}

fn mode(input: &mut Input<'_>) -> Mode {
    if input.flag() { Mode::Presenter } else { Mode::Discussion }
}

fn permissions(input: &mut Input<'_>) -> Permissions {
    let bits = input.byte();
    Permissions { audio: bits & 1 != 0, video: bits & 2 != 0, screen: bits & 4 != 0 }
}

/// Somebody whom the engine has named, or a number.
fn person(input: &mut Input<'_>, ledger: &Ledger) -> ParticipantId {
    match input.byte() {
        number if number < 16 => ParticipantId(u32::from(number)),
        choice => {
            let people: Vec<ParticipantId> = ledger.people().collect();
            people.get(usize::from(choice) % people.len().max(1)).copied().unwrap_or(ParticipantId(1))
        }
    }
}
