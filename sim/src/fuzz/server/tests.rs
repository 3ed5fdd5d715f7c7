//! Owns the proofs that the ledger notices: outputs of an honest engine are changed as a broken engine would have made
//! them.

mod group;

use media_core::{
    DropReason, PeerId, Ssrc,
    engine::{Event, Outgoing, Output, Transmit},
};

use super::*;

/// Two furnished conferences in which everybody speaks, and somebody asks for repairs.
fn script() -> Vec<u8> {
    let mut script = vec![1];
    for round in 0..6 {
        for slot in 0..6_u8 {
            // A loud packet of the microphone, then a key frame of the camera's middle size.
            script.extend([slot << 5, 0x50, 0, 0x90 + round]);
            script.extend([slot << 5, 0x52, 0, 0]);
        }
        script.extend([31, 40]);
    }
    for slot in 0..6_u8 {
        // Packets of the camera are skipped, and everything is asked for again.
        script.extend([slot << 5, 0x52, 205, 4, 31, 40]);
        for view in 0..8 {
            script.extend([(slot << 5) + 13, 0, 0, view, 3, 8]);
        }
    }
    script
}

fn verdict(tamper: Tamper) -> Verdict {
    examine_outputs(tamper, &script())
}

fn media(
    outputs: &mut [Output],
) -> impl Iterator<Item = (&mut PeerId, &mut media_core::forwarding::ForwardedRtp)> {
    outputs.iter_mut().filter_map(|output| match output {
        Output::Transmit(Transmit { peer, packet: Outgoing::Rtp(packet) }) => Some((peer, packet)),
        Output::Transmit(_) | Output::Event(_) | Output::Offered { .. } | Output::Timeout(..) => None,
    })
}

#[test]
fn the_real_engine_passes() {
    assert_eq!(verdict(|_| {}), Ok(()));
    assert_eq!(examine(&[]), Ok(()));
}

#[test]
fn the_script_reaches_media_and_repairs() {
    thread_local!(static SEEN: std::cell::Cell<(u32, u32)> = const { std::cell::Cell::new((0, 0)) });
    verdict(|outputs| {
        for (_, packet) in media(outputs) {
            let (fresh, again) = SEEN.get();
            let is_again = u32::from(packet.original_sequence.is_some());
            SEEN.set((fresh + 1 - is_again, again + is_again));
        }
    })
    .unwrap();
    let (fresh, again) = SEEN.get();
    assert!(fresh > 50 && again > 0, "{fresh} packets, {again} repairs");
}

#[test]
fn a_packet_to_another_conference_is_found() {
    let leak: Tamper = |outputs| media(outputs).for_each(|(peer, _)| peer.0 ^= 1);
    assert!(verdict(leak).unwrap_err().contains("not from somebody in their conference"));
}

#[test]
fn a_packet_from_somebody_without_permission_is_found() {
    // The engine forgets to say that it permits anything.
    let silent: Tamper = |outputs| {
        outputs.retain(|output| !matches!(output, Output::Event(Event::PermissionsChanged { .. })));
    };
    assert!(verdict(silent).unwrap_err().contains("who may send it"));
}

#[test]
fn a_number_that_is_used_twice_is_found() {
    let stuck: Tamper = |outputs| media(outputs).for_each(|(_, packet)| packet.sequence = 7);
    assert!(verdict(stuck).unwrap_err().contains("was used before"));
}

#[test]
fn a_stream_that_nobody_was_told_of_is_found() {
    let strange: Tamper = |outputs| media(outputs).for_each(|(_, packet)| packet.ssrc = Ssrc(9));
    assert!(verdict(strange).is_err());
}

#[test]
fn a_transport_number_that_is_left_out_is_found() {
    let skipping: Tamper = |outputs| media(outputs).for_each(|(_, packet)| packet.transport_sequence ^= 1);
    assert!(verdict(skipping).unwrap_err().contains("transport-wide number"));
}

#[test]
fn a_repair_of_what_was_never_sent_is_found() {
    let wild: Tamper = |outputs| {
        media(outputs).for_each(|(_, packet)| {
            packet.original_sequence = packet.original_sequence.map(|number| number.wrapping_add(20_000));
        });
    };
    assert!(verdict(wild).unwrap_err().contains("never sent"));
}

#[test]
fn a_request_for_somebody_elses_stream_is_found() {
    let confused: Tamper = |outputs| {
        for output in outputs {
            if let Output::Transmit(Transmit { peer, packet: Outgoing::Rtcp(_) }) = output {
                peer.0 = (peer.0 + 1) % 6;
            }
        }
    };
    let verdict = verdict(confused);
    assert!(verdict.clone().is_err_and(|fault| fault.contains("not theirs")), "{verdict:?}");
}

#[test]
fn people_who_come_in_unannounced_are_found() {
    let secret: Tamper =
        |outputs| outputs.retain(|output| !matches!(output, Output::Event(Event::Entered { .. })));
    assert!(verdict(secret).is_err());
}

#[test]
fn a_drop_that_is_told_of_somebody_else_is_found() {
    let slander: Tamper = |outputs| {
        outputs.push(Output::Event(Event::Dropped { peer: PeerId(77), reason: DropReason::Malformed }));
    };
    assert!(verdict(slander).unwrap_err().contains("drops of others"));
}
