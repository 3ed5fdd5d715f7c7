//! Agreement with `rtc-srtp`, an independent implementation: what one protects the other opens, and both write the same bytes.

use proptest::prelude::*;
use rtc_srtp::{context::Context, crypto, option, protection_profile::ProtectionProfile};

use super::*;

fn theirs(profile: SrtpProfile) -> Context {
    let bytes: Vec<u8> = (1..=46).collect();
    let (key, salt) = bytes.split_at(32);
    let name = match profile {
        SrtpProfile::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
        SrtpProfile::AeadAes256Gcm => ProtectionProfile::AeadAes256Gcm,
        SrtpProfile::Aes128CmHmacSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
    };
    let provider = crypto::default_provider().expect("a provider is compiled in");
    Context::new(
        &key[..profile.key_bytes()],
        &salt[..profile.salt_bytes()],
        name,
        Some(option::srtp_no_replay_protection()),
        Some(option::srtcp_no_replay_protection()),
        provider.crypto(),
    )
    .expect("key and salt have the profile's lengths")
}

fn profile() -> impl Strategy<Value = SrtpProfile> {
    prop::sample::select(SrtpProfile::ALL.to_vec())
}

proptest! {
    #[test]
    fn rtp_is_the_same_byte_for_byte_both_ways_over_rollovers(
        profile in profile(),
        first in any::<u16>(),
        steps in prop::collection::vec(1_u16..9_000, 1..40),
        sources in 0_u8..4,
        extension in prop::option::of(0_u8..5),
        payload in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let (mut sender, mut receiver) = pair(profile);
        let (mut their_sender, mut their_receiver) = (theirs(profile), theirs(profile));
        let mut sequence = first;
        for step in steps {
            let header = header(SSRC, sequence, sources, extension);
            let plain = [&header[..], &payload].concat();
            let mut packet = Vec::new();
            sender.protect_rtp(&header, &payload, &mut packet).unwrap();
            prop_assert_eq!(packet.len(), plain.len() + sender.rtp_overhead());
            prop_assert_eq!(&packet[..], &their_sender.encrypt_rtp(&plain).unwrap()[..]);
            prop_assert_eq!(&plain[..], &their_receiver.decrypt_rtp(&packet).unwrap()[..]);
            receiver.unprotect_rtp(&mut packet).unwrap();
            prop_assert_eq!(&plain, &packet);
            sequence = sequence.wrapping_add(step);
        }
    }

    #[test]
    fn rtcp_is_the_same_byte_for_byte_both_ways(
        profile in profile(),
        reports in 1_usize..10,
        ssrc in any::<u32>(),
    ) {
        let (mut sender, mut receiver) = pair(profile);
        let (mut their_sender, mut their_receiver) = (theirs(profile), theirs(profile));
        for _ in 0..reports {
            let plain = report(ssrc);
            let mut packet = Vec::new();
            sender.protect_rtcp(&plain, &mut packet).unwrap();
            prop_assert_eq!(packet.len(), plain.len() + sender.rtcp_overhead());
            prop_assert_eq!(&packet[..], &their_sender.encrypt_rtcp(&plain).unwrap()[..]);
            prop_assert_eq!(&plain[..], &their_receiver.decrypt_rtcp(&packet).unwrap()[..]);
            receiver.unprotect_rtcp(&mut packet).unwrap();
            prop_assert_eq!(&plain, &packet);
        }
    }
}
