//! Owns the proofs that the endpoint's trial notices: what leaves an honest endpoint, and what it says of itself, is
//! changed as a broken one would have made it.

use super::*;

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
