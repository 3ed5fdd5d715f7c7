//! Owns the search for the place at which an answer changes: from a guess in growing steps, then by halves. What is asked
//! is the caller's.

/// How many of the first of `count` places hold: place 0, 1, 2 and so on up to one that does not. Places are tried around
/// `guess`, first one by one, then two, four and so on apart, then by halves between the last that held and the first that
/// did not.
///
/// The answer `n` is the same whatever the guess where everything behind a place that does not hold does not hold either.
/// Where that is not so, it is still well defined for the guess: place `n - 1` holds and place `n` does not, every place that
/// was tried below `n` holds, and none that was tried from `n` on does.
///
/// # Errors
/// The first error of `holds`.
pub(super) fn boundary<E>(
    count: u32,
    guess: u32,
    mut holds: impl FnMut(u32) -> Result<bool, E>,
) -> Result<u32, E> {
    // Below `low` everything that was tried holds, from `high` on nothing does.
    let (mut low, mut high) = (0, count);
    let (mut step, mut next) = (1, guess.min(count.saturating_sub(1)));
    let mut rising = None;
    while low < high {
        let held = holds(next)?;
        if held {
            low = next + 1;
        } else {
            high = next;
        }
        let turned = *rising.get_or_insert(held) != held;
        if turned {
            step = u32::MAX;
        }
        let middle = low + (high - low) / 2;
        next = match held {
            true if step < u32::MAX => next.saturating_add(step).min(high.saturating_sub(1)),
            false if step < u32::MAX => next.saturating_sub(step).max(low),
            _ => middle,
        };
        step = step.saturating_mul(2);
    }
    Ok(low)
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, convert::Infallible};

    use proptest::prelude::*;

    use super::*;

    fn search(count: u32, guess: u32, holds: impl Fn(u32) -> bool) -> (u32, BTreeMap<u32, bool>) {
        let mut tried = BTreeMap::new();
        let found = boundary::<Infallible>(count, guess, |place| {
            assert!(place < count, "{place} of {count}");
            assert!(tried.insert(place, holds(place)).is_none(), "{place} is asked about twice");
            Ok(holds(place))
        });
        (found.unwrap(), tried)
    }

    proptest! {
        #[test]
        fn it_finds_the_change_wherever_it_is_and_whatever_the_guess(
            count in 0_u32..300, guess in 0_u32..400, change in 0_u32..400
        ) {
            let (found, tried) = search(count, guess, |place| place < change);
            prop_assert_eq!(found, change.min(count));
            prop_assert!(tried.len() <= 2 + 2 * (count.max(1).ilog2() as usize + 1), "{} tries", tried.len());
        }

        #[test]
        fn it_ends_between_a_place_that_holds_and_one_that_does_not_even_where_they_are_mixed(
            places in proptest::collection::vec(any::<bool>(), 1..80), guess in 0_u32..80
        ) {
            let (found, tried) = search(places.len() as u32, guess, |place| places[place as usize]);
            prop_assert!(tried.range(..found).all(|(_, held)| *held), "{found} {tried:?}");
            prop_assert!(tried.range(found..).all(|(_, held)| !*held), "{found} {tried:?}");
            prop_assert!(found == 0 || tried.contains_key(&(found - 1)));
            prop_assert!(found == places.len() as u32 || tried.contains_key(&found));
        }
    }

    #[test]
    fn a_good_guess_costs_two_tries() {
        assert_eq!(search(40, 12, |place| place < 13).1.len(), 2);
        assert_eq!(search(40, 39, |_| true).1.len(), 1);
    }

    #[test]
    fn an_error_ends_the_search() {
        assert_eq!(boundary(10, 5, |place| if place == 6 { Err("broken") } else { Ok(true) }), Err("broken"));
    }
}
