//! Holds answers to recorded offers of browsers and libraries to what was reviewed. How they were recorded is said in
//! `fixtures/sdp/README.md`.

use std::fmt::Write as _;

use super::{answer, everything, local};
use crate::transport::sdp::Negotiation;

const CHROMIUM: &str = include_str!("../../../../../fixtures/sdp/chromium-full.sdp");
const FIREFOX: &str = include_str!("../../../../../fixtures/sdp/firefox-full.sdp");

const RTC: &str = include_str!("../../../../../fixtures/sdp/rtc.sdp");
const SAFARI: &str = include_str!("../../../../../fixtures/sdp/safari.sdp");
const STR0M: &str = include_str!("../../../../../fixtures/sdp/str0m.sdp");

/// The answer and everything else that came of an offer, with two others in the conference.
fn outcome(offer: &str) -> String {
    let mut negotiation = Negotiation::new(local());
    let tracks: Vec<_> = [3, 4].into_iter().flat_map(everything).collect();
    let agreement = answer(&mut negotiation, offer, &tracks).expect("the offer is served");
    let mut text = agreement.answer.replace("\r\n", "\n");
    writeln!(text, "---").expect("a string takes everything");
    for track in &agreement.publish {
        writeln!(text, "publishes {:?} in {:?}", track.kind, track.codec).expect("as above");
        for encoding in &track.encodings {
            let (ssrc, rtx, kbps) = (encoding.ssrc, encoding.rtx_ssrc, encoding.target_kbps);
            writeln!(text, "  {ssrc} and {rtx}, {kbps} kbit/s").expect("as above");
        }
    }
    for (mid, reason) in &agreement.refused {
        writeln!(text, "refused {mid}: {}", reason.name()).expect("as above");
    }
    let dialect = negotiation.dialect();
    writeln!(text, "unplaced: {}", agreement.unplaced).expect("as above");
    writeln!(text, "red: {}, plain: {}", dialect.takes_red(), dialect.is_plain()).expect("as above");
    text
}

#[test]
fn chromium_gets_this_answer() {
    insta::assert_snapshot!("chromium", outcome(CHROMIUM));
}

#[test]
fn firefox_gets_this_answer() {
    insta::assert_snapshot!("firefox", outcome(FIREFOX));
}

#[test]
fn rtc_gets_this_answer() {
    insta::assert_snapshot!("rtc", outcome(RTC));
}

#[test]
fn str0m_gets_this_answer() {
    insta::assert_snapshot!("str0m", outcome(STR0M));
}

#[test]
fn safari_gets_this_answer() {
    insta::assert_snapshot!("safari", outcome(SAFARI));
}
