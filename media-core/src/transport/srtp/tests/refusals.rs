//! What is refused, by name, and that it leaves no trace.

use proptest::prelude::*;

use super::*;
use crate::{
    DropReason, Ssrc,
    limits::{REPLAY_WINDOW, SRTP_STREAMS_MAX},
    transport::srtp::packet_index::INDEX_MAX,
};

#[test]
fn keys_of_other_lengths_are_refused_with_the_lengths_that_are_expected() {
    let error = MasterKey::new(SrtpProfile::AeadAes128Gcm, &[0; 16], &[0; 14]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a master key of 16 and a salt of 14 bytes do not belong to AeadAes128Gcm, expected 16 and 12"
    );
}

#[test]
fn a_key_is_never_shown() {
    assert_eq!(
        format!("{:?}", master(SrtpProfile::AeadAes256Gcm)),
        "MasterKey { profile: AeadAes256Gcm, .. }"
    );
}

#[test]
fn profiles_are_found_by_their_identifiers_and_no_others_are() {
    for id in 0..=u16::MAX {
        let expected = SrtpProfile::ALL.into_iter().find(|profile| profile.id() == id);
        assert_eq!(SrtpProfile::from_id(id), expected);
        assert_eq!(expected.is_some(), [1, 7, 8].contains(&id));
    }
}

#[test]
fn a_packet_is_opened_once_and_one_behind_the_window_never() {
    for profile in SrtpProfile::ALL {
        let (mut sender, mut receiver) = pair(profile);
        let early = protected(&mut sender, 5);
        let packet = protected(&mut sender, 6);
        assert_eq!(receiver.unprotect_rtp(&mut packet.clone()), Ok(()));
        assert_eq!(receiver.unprotect_rtp(&mut packet.clone()), Err(DropReason::Replayed));
        let mut late = protected(&mut sender, 6 + REPLAY_WINDOW as u16);
        receiver.unprotect_rtp(&mut late).unwrap();
        assert_eq!(receiver.unprotect_rtp(&mut early.clone()), Err(DropReason::BeyondReplayWindow));
        let mut sealed = Vec::new();
        sender.protect_rtcp(&report(SSRC), &mut sealed).unwrap();
        assert_eq!(receiver.unprotect_rtcp(&mut sealed.clone()), Ok(()));
        assert_eq!(receiver.unprotect_rtcp(&mut sealed.clone()), Err(DropReason::Replayed));
    }
}

#[test]
fn no_number_is_used_twice_and_a_key_ends() {
    let mut sender = pair(SrtpProfile::AeadAes128Gcm).0;
    protected(&mut sender, 7);
    let mut out = vec![1, 2, 3];
    let again = sender.protect_rtp(&header(SSRC, 7, 0, None), b"something else", &mut out);
    assert_eq!(again, Err(ProtectError::NumberUsed { ssrc: Ssrc(SSRC), sequence: 7 }));
    assert_eq!(out, [1, 2, 3], "the buffer is as it was");
    sender.begin_at(Ssrc(1), INDEX_MAX);
    let beyond = sender.protect_rtp(&header(1, 0, 0, None), b"", &mut out);
    assert_eq!(beyond, Err(ProtectError::KeyUsedUp));
    let before = sender
        .protect_rtp(&header(2, 0, 0, None), b"", &mut out)
        .and_then(|()| sender.protect_rtp(&header(2, 65_535, 0, None), b"", &mut out));
    assert_eq!(before, Err(ProtectError::NumberUsed { ssrc: Ssrc(2), sequence: 65_535 }), "before the first");
    sender.begin_at(Ssrc(3), (1 << 31) - 1);
    assert_eq!(sender.protect_rtcp(&report(3), &mut out), Ok(()));
    assert_eq!(sender.protect_rtcp(&report(3), &mut out), Err(ProtectError::KeyUsedUp));
}

#[test]
fn what_is_refused_in_place_leaves_the_buffer_without_it() {
    let mut sender = pair(SrtpProfile::AeadAes128Gcm).0;
    let packet = [header(SSRC, 7, 0, None), vec![5; 20]].concat();
    let mut out = [&[1, 2, 3], packet.as_slice()].concat();
    assert_eq!(sender.protect_rtp_in_place(3, &mut out), Ok(()));
    out.truncate(3);
    out.extend_from_slice(&packet);
    let used = ProtectError::NumberUsed { ssrc: Ssrc(SSRC), sequence: 7 };
    assert_eq!(sender.protect_rtp_in_place(3, &mut out), Err(used));
    assert_eq!(out, [1, 2, 3]);
    for begin in [0, 3, 4] {
        let malformed = ProtectError::NotAPacket(DropReason::Malformed);
        assert_eq!(sender.protect_rtp_in_place(begin, &mut vec![0x80, 2, 3]), Err(malformed));
    }
}

#[test]
fn a_receiver_follows_the_rollover_and_opens_what_comes_late_over_it() {
    for profile in SrtpProfile::ALL {
        let (mut sender, mut receiver) = pair(profile);
        sender.begin_at(Ssrc(SSRC), 0x4_fffd);
        receiver.begin_at(Ssrc(SSRC), 0x4_fffd);
        let late = protected(&mut sender, 0xffff);
        let packet = protected(&mut sender, 0);
        assert_eq!(receiver.unprotect_rtp(&mut packet.clone()), Ok(()));
        assert_eq!(receiver.unprotect_rtp(&mut late.clone()), Ok(()));
        let mut other = pair(profile).1;
        assert_eq!(
            other.unprotect_rtp(&mut packet.clone()),
            Err(DropReason::BadTag),
            "it has another counter"
        );
    }
}

#[test]
fn streams_are_bounded_and_forged_ones_take_no_place() {
    let profile = SrtpProfile::AeadAes128Gcm;
    let (mut sender, mut receiver) = pair(profile);
    for ssrc in 0..SRTP_STREAMS_MAX as u32 + 10 {
        let mut forged = [header(ssrc + 90_000, 1, 0, None), vec![0; 40]].concat();
        assert_eq!(receiver.unprotect_rtp(&mut forged), Err(DropReason::BadTag));
    }
    let mut out = Vec::new();
    for ssrc in 0..SRTP_STREAMS_MAX as u32 {
        out.clear();
        sender.protect_rtp(&header(ssrc, 1, 0, None), b"x", &mut out).unwrap();
        receiver.unprotect_rtp(&mut out).unwrap();
    }
    let beyond = sender.protect_rtp(&header(5_000, 1, 0, None), b"x", &mut out);
    assert_eq!(beyond, Err(ProtectError::StreamLimit));
    let mut other = Vec::new();
    pair(profile).0.protect_rtp(&header(5_000, 1, 0, None), b"x", &mut other).unwrap();
    assert_eq!(receiver.unprotect_rtp(&mut other), Err(DropReason::StreamLimit));
}

#[test]
fn rtcp_that_is_not_encrypted_is_refused() {
    let mut tagged = hex::decode(
        "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeef\
         deadbeefdeadbeef841dd9683dd78ec92ae58790125f62b3000005d4",
    )
    .unwrap();
    let mut receiver = pair(SrtpProfile::AeadAes128Gcm).1;
    assert_eq!(receiver.unprotect_rtcp(&mut tagged), Err(DropReason::Malformed));
}

proptest! {
    #[test]
    fn one_changed_bit_anywhere_is_refused_and_the_true_packet_is_still_opened(
        profile in prop::sample::select(SrtpProfile::ALL.to_vec()),
        bit in any::<prop::sample::Index>(),
        is_rtcp in any::<bool>(),
    ) {
        let (mut sender, mut receiver) = pair(profile);
        let mut packet = Vec::new();
        if is_rtcp {
            sender.protect_rtcp(&report(SSRC), &mut packet).unwrap();
        } else {
            packet = protected(&mut sender, 700);
        }
        let mut open = |mut packet: Vec<u8>| {
            if is_rtcp { receiver.unprotect_rtcp(&mut packet) } else { receiver.unprotect_rtp(&mut packet) }
        };
        let mut forged = packet.clone();
        let bit = bit.index(8 * packet.len());
        forged[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(open(forged).is_err());
        prop_assert_eq!(open(packet), Ok(()));
    }

    #[test]
    fn no_bytes_make_it_panic(
        profile in prop::sample::select(SrtpProfile::ALL.to_vec()),
        bytes in prop::collection::vec(any::<u8>(), 0..80),
    ) {
        let (mut sender, mut receiver) = pair(profile);
        prop_assert!(receiver.unprotect_rtp(&mut bytes.clone()).is_err());
        prop_assert!(receiver.unprotect_rtcp(&mut bytes.clone()).is_err());
        let _ = sender.protect_rtp(&bytes, &bytes, &mut Vec::new());
        let _ = sender.protect_rtcp(&bytes, &mut Vec::new());
    }
}
