//! Holds readers to surviving whatever a peer writes.

use proptest::{
    prelude::{Strategy, any, prop_assert_eq, proptest},
    sample::{Index, select},
    test_runner::{Config, RngSeed},
};

use super::{answer, everything, local};
use crate::transport::sdp::{Negotiation, SdpRefusal};

const OFFERS: [&str; 4] = [
    include_str!("../../../../../fixtures/sdp/chromium-plain.sdp"),
    include_str!("../../../../../fixtures/sdp/firefox-full.sdp"),
    include_str!("../../../../../fixtures/sdp/rtc.sdp"),
    include_str!("../../../../../fixtures/sdp/chromium-watch.sdp"),
];

/// The same cases in every run.
fn cases() -> Config {
    Config { rng_seed: RngSeed::Fixed(0x5d9), failure_persistence: None, ..Config::with_cases(1_000) }
}

/// One thing that happens to a line: it vanishes, comes twice, changes places, or gets other text at its end.
#[derive(Clone, Debug)]
enum Change {
    Remove(Index),
    Repeat(Index),
    Swap(Index, Index),
    Append(Index, String),
    Cut(Index, Index),
}

fn change() -> impl Strategy<Value = Change> {
    (0_u8..5, any::<Index>(), any::<Index>(), ".{0,12}").prop_map(|(kind, line, other, text)| match kind {
        0 => Change::Remove(line),
        1 => Change::Repeat(line),
        2 => Change::Swap(line, other),
        3 => Change::Append(line, text),
        _ => Change::Cut(line, other),
    })
}

fn apply(lines: &mut Vec<String>, change: Change) {
    if lines.is_empty() {
        return;
    }
    match change {
        Change::Remove(line) => drop(lines.remove(line.index(lines.len()))),
        Change::Repeat(line) => {
            let place = line.index(lines.len());
            lines.insert(place, lines[place].clone());
        }
        Change::Swap(line, other) => {
            let (one, other) = (line.index(lines.len()), other.index(lines.len()));
            lines.swap(one, other);
        }
        Change::Append(line, text) => {
            let place = line.index(lines.len());
            lines[place] += &text;
        }
        Change::Cut(line, at) => {
            let place = line.index(lines.len());
            let length = at.index(lines[place].len() + 1);
            let kept: String = lines[place].chars().take(length).collect();
            lines[place] = kept;
        }
    }
}

/// An offer is refused, or its answer has its sections, and can be read.
fn judge(negotiation: &mut Negotiation, offer: &str) -> Result<(), String> {
    let Ok(agreement) = answer(negotiation, offer, &everything(3)) else { return Ok(()) };
    let offered = sdp_types::Session::parse(offer.as_bytes()).map_err(|error| error.to_string())?;
    let answered =
        sdp_types::Session::parse(agreement.answer.as_bytes()).map_err(|error| error.to_string())?;
    let mids = |session: &sdp_types::Session| {
        let medias = session.medias.iter();
        medias
            .map(|media| media.get_first_attribute_value("mid").flatten().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    if mids(&offered) != mids(&answered) {
        return Err(agreement.answer);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        let refused = answer(&mut Negotiation::new(local()), &text, &[]).err();
        prop_assert_eq!(refused, Some(SdpRefusal::Malformed));
    }

    #[test]
    fn a_changed_offer_is_refused_or_answered_section_by_section(
        offer in select(&OFFERS[..]),
        changes in proptest::collection::vec(change(), 1..8),
    ) {
        let mut negotiation = Negotiation::new(local());
        answer(&mut negotiation, offer, &everything(3)).unwrap();
        let mut lines: Vec<String> = offer.lines().map(str::to_owned).collect();
        for change in changes {
            apply(&mut lines, change);
        }
        let changed = lines.join("\r\n") + "\r\n";
        prop_assert_eq!(judge(&mut Negotiation::new(local()), &changed), Ok(()));
        prop_assert_eq!(judge(&mut negotiation, &changed), Ok(()));
    }
}
