//! Owns the proofs that the endpoint's trial notices: what leaves an honest endpoint, and what it says of itself, is
//! changed as a broken one would have made it.

use std::sync::Mutex;

use media_core::ParticipantId;

use super::*;

/// The endpoint comes in, and is told of a microphone and asked for its camera.
const IN: &[u8] = &[
    0, 0, 1, 2, 0, 1, 0, 2, 0, 0, // In, as 1, with 1 and 2 present.
    0, 3, 0, 0, 0, 2, 0, 0, // There is a microphone of 2.
    0, 10, 1, 255, // Its camera is wanted.
];

/// The endpoint comes in, is asked for its camera, and hears somebody.
const SCRIPT: &[u8] = &[
    0, 0, 1, 2, 0, 1, 0, 2, 0, 0, // In, as 1, with 1 and 2 present.
    0, 3, 0, 0, 0, 2, 0, 0, // There is a microphone of 2.
    0, 10, 1, 255, 20, 200, // Its camera is wanted.
    11, 0, 0, 0, 3, 0, 11, 0, 0, 0, 3, 0, 20, 200, 18, 3, 0,
];

#[test]
fn the_real_endpoint_passes() {
    assert_eq!(examine(SCRIPT), Ok(()));
    assert_eq!(examine(&[]), Ok(()));
}

#[test]
fn the_script_reaches_sound_and_pictures() {
    let reached = Tamper {
        record: |record| {
            assert!(record.frames.decoded >= 2, "{:?}", record.frames);
            assert!(record.published.len() >= 2 && !record.sealed.is_empty(), "{:?}", record.published);
        },
        ..HONEST
    };
    assert_eq!(examine_endpoint(reached, SCRIPT), Ok(()));
}

/// What the endpoint says of itself once it is in and this has happened.
fn record_after(rest: &[u8]) -> PersonRecord {
    static RECORD: Mutex<Option<PersonRecord>> = Mutex::new(None);
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _turn = ONE_AT_A_TIME.lock().unwrap();
    let keep = Tamper { record: |record| *RECORD.lock().unwrap() = Some(record.clone()), ..HONEST };
    assert_eq!(examine_endpoint(keep, &[IN, rest].concat()), Ok(()));
    RECORD.lock().unwrap().take().unwrap()
}

#[test]
fn whoever_is_in_the_group_is_heard_in_their_own_track_only() {
    let own = record_after(&[20, 200, 11, 0, 0, 0, 3, 0, 20, 200]);
    assert_eq!((own.frames.opened, own.frames.refused), (1, 0), "{:?}", own.frames);
    for other in [0, 3, 5] {
        let forged = record_after(&[20, 200, 11, 0, 32, 0, other, 3, 0, 20, 200]);
        assert_eq!(forged.frames.opened, 0, "{other}: {:?}", forged.frames);
        assert_eq!(forged.frames.refused + forged.frames.keyless, 1, "{other}: {:?}", forged.frames);
    }
}

#[test]
fn nothing_opens_while_the_server_withholds_the_welcome() {
    let withheld = record_after(&[0, 8, 4, 20, 200, 11, 0, 0, 0, 3, 0, 20, 200]);
    assert_eq!((withheld.frames.opened, withheld.encrypted.epochs.len()), (0, 0));
    let handed_out = record_after(&[0, 8, 4, 20, 200, 0, 8, 4, 11, 0, 0, 0, 3, 0, 20, 200]);
    assert_eq!(handed_out.frames.opened, 1);
    assert!(handed_out.encrypted.epochs[0].change.first);
}

#[test]
fn false_handshakes_of_every_kind_are_turned_down_and_true_ones_followed() {
    // Each kind once as it was, once with a byte changed, once as noise.
    let said: Vec<u8> = [1, 2, 3]
        .into_iter()
        .flat_map(|kind| {
            let person: &[u8] = if kind == 1 { &[4] } else { &[] };
            let once = |rest: &[u8]| [&[0, 8, kind], person, rest].concat();
            [once(&[0]), once(&[2, 0, 9, 1]), once(&[3, 3, 1, 2, 3])].concat()
        })
        .collect();
    // Then another member renews their keys, and somebody comes.
    let rest = [&[20, 200][..], &said, &[0, 8, 6, 0, 18, 2, 0, 0, 8, 7, 5, 18, 2, 0]].concat();
    let record = record_after(&rest);
    assert!(record.encrypted.rejections.len() >= 7, "{:?}", record.encrypted.rejections);
    assert!(record.encrypted.epochs.len() >= 2, "{:?}", record.encrypted.epochs);
}

#[test]
fn an_endpoint_that_is_told_to_found_a_group_takes_others_in() {
    let record = record_after(&[0, 8, 0, 0, 8, 7, 5, 18, 2, 0, 18, 2, 0]);
    let epochs = &record.encrypted.epochs;
    assert!(epochs[0].change.first && epochs[0].members.len() == 1, "{epochs:?}");
    assert!(epochs.iter().any(|epoch| epoch.change.added.contains(&ParticipantId(5))), "{epochs:?}");
}

#[test]
fn an_endpoint_that_sends_plaintext_is_found() {
    let plain = Tamper {
        datagram: |datagram| match datagram.channel {
            Wire::Media => Datagram { bytes: [&datagram.bytes[..], &MARKER].concat().into(), ..datagram },
            Wire::Signalling => datagram,
        },
        ..HONEST
    };
    assert!(examine_endpoint(plain, SCRIPT).unwrap_err().contains("plaintext"));
}

#[test]
fn an_endpoint_that_sends_what_nobody_reads_is_found() {
    let garbled = Tamper {
        datagram: |datagram| match datagram.channel {
            Wire::Media => Datagram { bytes: Bytes::from_static(&[0x80, 200, 0, 9]), ..datagram },
            Wire::Signalling => datagram,
        },
        ..HONEST
    };
    assert!(examine_endpoint(garbled, SCRIPT).unwrap_err().contains("refused"));
}

#[test]
fn an_endpoint_that_plays_what_it_did_not_open_is_found() {
    let lax = Tamper { record: |record| record.frames.decoded += 1_000, ..HONEST };
    assert!(examine_endpoint(lax, SCRIPT).unwrap_err().contains("without having been opened"));
    let gullible = Tamper { record: |record| record.frames.opened += 1_000, ..HONEST };
    assert!(examine_endpoint(gullible, SCRIPT).unwrap_err().contains("were sealed"));
}
