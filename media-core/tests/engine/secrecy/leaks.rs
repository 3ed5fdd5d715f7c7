//! Owns what is in the memory of a member. All randomness comes in, so whoever is told the same from the same beginning has
//! that memory: a twin.

use std::rc::Rc;

use media_core::{ParticipantId, PeerId, Timestamp};

use super::hall::{Frame, Hall, Input, Setting};

/// Peer 3 takes in this before it renews its keys.
const ENTROPY: [u8; 32] = [7; 32];

/// Frames of peer 0 from before peer 3 came, from while it was there, from after it renewed its keys, and from after it left;
/// which of them a twin of peer 3 opens, that hears all that a server can let it hear, and takes this for the fresh randomness.
fn opened_by_a_twin(guess: [u8; 32]) -> Vec<&'static str> {
    let mut hall = Hall::open(Setting::quiet(1));
    hall.record = true;
    hall.lies.eavesdroppers = true;
    let mut frames = Vec::new();
    let mut seal = |hall: &mut Hall, named| {
        frames.push((hall.now, named, hall.seal(0).expect("inside")));
        hall.run(10);
    };
    for peer in [1, 2] {
        hall.join(peer);
        hall.run(1_000);
    }
    seal(&mut hall, "before it came");
    hall.join(3);
    hall.run(1_000);
    seal(&mut hall, "while it was there");
    hall.tell(PeerId(3), &Input::Stir(ENTROPY));
    hall.renew(3);
    hall.run(1_000);
    seal(&mut hall, "after it renewed");
    hall.renew(1);
    hall.run(1_000);
    seal(&mut hall, "after somebody else did");
    hall.leave(3);
    hall.run(1_000);
    seal(&mut hall, "after it left");
    hall.renew(1);
    hall.run(1_000);
    seal(&mut hall, "later");
    twin_of(&mut hall, guess, &frames)
}

fn twin_of(
    hall: &mut Hall,
    guess: [u8; 32],
    frames: &[(Timestamp, &'static str, Rc<Frame>)],
) -> Vec<&'static str> {
    let from: ParticipantId = hall.participant(0);
    let client = hall.client(3);
    let origin = client.origin.clone().expect("in");
    let mut twin = origin.membership();
    let mut told = client.told.iter().peekable();
    let mut opened = Vec::new();
    for (at, named, frame) in frames {
        while let Some((when, input)) = told.next_if(|(when, _)| when <= at) {
            match input {
                Input::Stir(_) => twin.stir(&guess),
                other => other.apply(&mut twin, *when),
            }
            while twin.poll_output().is_some() {}
        }
        if twin.open(*at, from, &frame.sealed, &frame.metadata, &mut Vec::new()).is_ok() {
            opened.push(*named);
        }
    }
    opened
}

#[test]
fn a_member_whose_memory_was_read_shuts_the_reader_out_by_renewing_its_keys() {
    assert_eq!(opened_by_a_twin([8; 32]), ["while it was there"]);
}

#[test]
fn whoever_has_the_memory_and_knows_the_next_randomness_is_the_member_until_it_leaves() {
    let opened = opened_by_a_twin(ENTROPY);
    assert_eq!(opened, ["while it was there", "after it renewed", "after somebody else did"]);
}
