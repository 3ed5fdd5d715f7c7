//! Holds refusals to their reasons: offers of which one thing is wrong.

use super::{answer, everything, local};
use crate::{
    limits::{SDP_BYTES_MAX, SDP_SECTIONS_MAX},
    transport::sdp::{Agreement, Negotiation, SdpRefusal},
};

const CHROMIUM: &str = include_str!("../../../../../fixtures/sdp/chromium-full.sdp");
const STR0M: &str = include_str!("../../../../../fixtures/sdp/str0m.sdp");
const DESCRIPTOR: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

fn refusal(offer: &str) -> Result<Agreement, SdpRefusal> {
    answer(&mut Negotiation::new(local()), offer, &everything(3))
}

/// Chromium's offer with something else in the place of every `what`.
fn with(what: &str, instead: &str) -> String {
    assert!(CHROMIUM.contains(what), "{what}");
    CHROMIUM.replace(what, instead)
}

/// The same, in the first place only.
fn with_once(what: &str, instead: &str) -> String {
    assert!(CHROMIUM.contains(what), "{what}");
    CHROMIUM.replacen(what, instead, 1)
}

/// Chromium's offer with more sections to receive audio in.
fn with_sections(count: usize) -> String {
    let from = CHROMIUM.find("m=audio").unwrap();
    let section = &CHROMIUM[from..CHROMIUM.find("m=video").unwrap()].replace("sendonly", "recvonly");
    let more: String =
        (0..count).map(|place| section.replace("a=mid:0", &format!("a=mid:a{place}"))).collect();
    format!("{CHROMIUM}{more}")
}

/// Chromium's offer with the first section once more, under another mid.
fn with_second_microphone() -> String {
    let from = CHROMIUM.find("m=audio").unwrap();
    let section = &CHROMIUM[from..CHROMIUM.find("m=video").unwrap()];
    let other = section.replace("a=mid:0", "a=mid:7").replace("1987924713", "77");
    format!("{}{other}", with("BUNDLE 0", "BUNDLE 7 0"))
}

/// Offers that are refused as a whole.
fn refused_offers() -> Vec<(SdpRefusal, String)> {
    vec![
        (SdpRefusal::TooLong, format!("{CHROMIUM}{}", "a=x\r\n".repeat(SDP_BYTES_MAX / 5))),
        (SdpRefusal::Malformed, "hello".to_owned()),
        (SdpRefusal::Malformed, CHROMIUM[..CHROMIUM.find("m=audio").unwrap()].to_owned()),
        (SdpRefusal::Malformed, with("simulcast:send q;h;f", "simulcast:send q;h;z")),
        (SdpRefusal::Malformed, with("simulcast:send q;h;f", "simulcast:send q;q")),
        (SdpRefusal::Malformed, with("ssrc-group:FID 3357706309", "ssrc-group:FID x")),
        (SdpRefusal::TooManySections, with_sections(SDP_SECTIONS_MAX)),
        (SdpRefusal::NoBundle, with("a=group:BUNDLE", "a=group:LS")),
        (SdpRefusal::NoRtcpMux, with_once("a=rtcp-mux\r\n", "")),
        (SdpRefusal::NoIce, with_once("a=ice-ufrag:qUHP\r\n", "")),
        (SdpRefusal::NoIce, with("a=ice-ufrag:qUHP", "a=ice-ufrag:q")),
        (SdpRefusal::NoIce, with("a=ice-pwd:", "a=ice-pwd:short#")),
        (SdpRefusal::IceLite, with("a=extmap-allow-mixed", "a=ice-lite")),
        (SdpRefusal::NoFingerprint, with("a=fingerprint:sha-256", "a=fingerprint:sha-1")),
        (SdpRefusal::NoFingerprint, with("sha-256 2C:", "sha-256 ")),
        (SdpRefusal::BadSetup, with("a=setup:actpass", "a=setup:passive")),
        (SdpRefusal::BadSetup, with("a=setup:actpass", "a=setup:holdconn")),
        (SdpRefusal::BadSetup, with("a=setup:actpass\r\n", "")),
        (SdpRefusal::NoMid, with("a=mid:3\r\n", "")),
        (SdpRefusal::NoMid, with("a=mid:3", "a=mid:seventeen-letters")),
        (SdpRefusal::NoMid, with("a=mid:3", "a=mid:3 4")),
        (SdpRefusal::DuplicateMid, with("a=mid:3", "a=mid:0")),
        (SdpRefusal::PayloadTypeConflict, with_once("a=rtpmap:98 VP9/90000", "a=rtpmap:98 VP8/90000")),
        (
            SdpRefusal::ExtensionConflict,
            with_once(&format!("a=extmap:12 {DESCRIPTOR}"), &format!("a=extmap:9 {DESCRIPTOR}")),
        ),
        (
            SdpRefusal::ExtensionConflict,
            with_once(
                "extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
                "extmap:10 urn:ietf:params:rtp-hdrext:sdes:mid",
            ),
        ),
        (SdpRefusal::SsrcTwice, with("1987924713", "3357706309")),
        (SdpRefusal::NotMedia, with("m=audio", "m=text").replace("m=video", "m=text")),
        (
            SdpRefusal::NotSecure,
            with("UDP/TLS/RTP/SAVPF", "RTP/AVP")
                .replace("m=application", "m=audio")
                .replace("UDP/DTLS/SCTP", "RTP/AVP"),
        ),
    ]
}

/// Offers of which one section gets nothing, by its mid.
fn refused_sections() -> Vec<(SdpRefusal, &'static str, String)> {
    vec![
        (SdpRefusal::NotMedia, "6", CHROMIUM.to_owned()),
        (SdpRefusal::NotSecure, "0", with_once("UDP/TLS/RTP/SAVPF", "RTP/AVP")),
        (SdpRefusal::NoBundle, "2", with("BUNDLE 0 1 2", "BUNDLE 0 1")),
        (SdpRefusal::NoCommonCodec, "0", with("opus/48000/2", "pcm/48000/2")),
        (SdpRefusal::NoDependencyDescriptor, "1", with(DESCRIPTOR, "urn:x")),
        (SdpRefusal::NoDependencyDescriptor, "A7X", STR0M.to_owned()),
        // Identifiers beyond 14 need the two-byte form.
        (SdpRefusal::NoDependencyDescriptor, "1", with("a=extmap:12 ", "a=extmap:15 ")),
        (SdpRefusal::NoDependencyDescriptor, "1", with("a=extmap:12 ", "a=extmap:12/recvonly ")),
        (SdpRefusal::TooManyEncodings, "1", with("a=rid:q send\r\n", "a=rid:q send\r\na=rid:z send\r\n")),
        (SdpRefusal::UnnamedStreams, "1", with("urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "urn:x")),
        (SdpRefusal::UnnamedStreams, "1", with("urn:ietf:params:rtp-hdrext:sdes:mid", "urn:x")),
        (SdpRefusal::TooManyTracks, "7", with_second_microphone()),
    ]
}

#[test]
fn each_wrong_offer_is_refused_with_its_reason() {
    for (reason, offer) in refused_offers() {
        let found = refusal(&offer).err();
        assert_eq!(found, Some(reason), "{}", offer.lines().take(5).collect::<Vec<_>>().join("\n"));
    }
}

#[test]
fn each_wrong_section_is_refused_with_its_reason_and_the_others_are_served() {
    for (reason, mid, offer) in refused_sections() {
        let agreement = refusal(&offer).unwrap_or_else(|other| panic!("{reason}: {other}"));
        assert!(agreement.refused.contains(&(mid.to_owned(), reason)), "{reason}: {:?}", agreement.refused);
        assert!(agreement.answer.contains("a=sendonly"), "{reason}: others receive");
    }
}

#[test]
fn every_reason_has_an_offer_that_meets_it() {
    let whole = refused_offers().into_iter().map(|(reason, _)| reason);
    let sections = refused_sections().into_iter().map(|(reason, ..)| reason);
    let met: Vec<_> = whole.chain(sections).collect();
    // Those that are missing take two offers; their tests stand below.
    let missing: Vec<_> = SdpRefusal::ALL.into_iter().filter(|reason| !met.contains(reason)).collect();
    assert_eq!(missing, [SdpRefusal::CertificateChanged, SdpRefusal::SectionsChanged]);
    let mut names: Vec<_> = SdpRefusal::ALL.into_iter().map(SdpRefusal::name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), SdpRefusal::ALL.len());
}

#[test]
fn sections_do_not_change_places() {
    for (what, instead) in [("a=mid:3", "a=mid:9"), ("a=mid:0", "a=mid:9"), ("m=audio", "m=video")] {
        let mut negotiation = Negotiation::new(local());
        answer(&mut negotiation, CHROMIUM, &[]).unwrap();
        let changed = CHROMIUM.replacen(what, instead, 1).replace("BUNDLE 0 1 2", "BUNDLE 9 0 1 2");
        assert_eq!(answer(&mut negotiation, &changed, &[]).err(), Some(SdpRefusal::SectionsChanged));
        let short = &CHROMIUM[..CHROMIUM.rfind("m=video").unwrap()];
        assert_eq!(answer(&mut negotiation, short, &[]).err(), Some(SdpRefusal::SectionsChanged));
    }
}

#[test]
fn another_certificate_takes_another_connection() {
    let mut negotiation = Negotiation::new(local());
    answer(&mut negotiation, CHROMIUM, &[]).unwrap();
    let changed = with("sha-256 2C:", "sha-256 2D:");
    assert_eq!(answer(&mut negotiation, &changed, &[]).err(), Some(SdpRefusal::CertificateChanged));
    assert!(answer(&mut negotiation, CHROMIUM, &[]).is_ok());
}

#[test]
fn a_refusal_leaves_everything_as_it_was() {
    let mut negotiation = Negotiation::new(local());
    answer(&mut negotiation, CHROMIUM, &everything(3)).unwrap();
    negotiation.set_spare_ice(local().ice);
    let before = format!("{negotiation:?}");
    for (reason, offer) in refused_offers() {
        let refused = answer(&mut negotiation, &offer.replace("qUHP", "other"), &everything(4));
        assert!(refused.is_err(), "{reason}");
        assert_eq!(format!("{negotiation:?}"), before, "{reason}");
    }
}
