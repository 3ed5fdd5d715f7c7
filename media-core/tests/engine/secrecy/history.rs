//! Owns what can happen to a conference, and how a history of it is drawn.

use proptest::prelude::*;

/// Something that happens. Numbers choose among those to whom it can happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Join,
    /// So many join within 100 ms.
    Burst(u8),
    Leave(u8),
    /// A line dies; the server notices it after up to 1.5 s.
    Vanish(u8, u16),
    /// Somebody leaves, and comes back at once.
    Rejoin(u8),
    Renew(u8),
    /// Everybody renews in the same moment.
    RenewAll,
    Lie(Lie),
}

/// What a hostile server does, or who is in league with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// The next commits do not reach somebody.
    Withhold(u8),
    /// From here on each commit comes twice.
    Twice,
    /// An old commit, welcome or key package comes again, under a number that fits.
    Old(u8, u8),
    /// A commit, welcome and key package of no meaning, or with a changed byte.
    Garbage(u8, u16),
    /// Two commits for one epoch, one for each half.
    Fork(u8),
    /// Somebody joins who was not given the link's secret.
    Stranger,
    /// Somebody with the link joins, and is not shown to some.
    Hidden(u8),
    /// Somebody with the link joins, shown to all.
    Shown,
    /// The key packages of two who join are swapped.
    Swap,
    /// Somebody is told to found a group.
    Found(u8),
    /// A frame is held back while more than a replay window of others passes.
    HoldBack(u8),
}

/// What happens after so many milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) wait: u16,
    pub(crate) act: Act,
}

/// A history of a conference.
#[derive(Clone, Debug)]
pub(crate) struct History {
    pub(crate) seed: u64,
    /// Which of the two suites, for MLS and SFrame.
    pub(crate) suites: (bool, bool),
    pub(crate) rough: bool,
    /// Whether keys wear out after a second or two.
    pub(crate) worn: bool,
    /// Whether frames are forged on their way, and who has left gets everything.
    pub(crate) hostile: bool,
    /// Who is there at the beginning, beside the host.
    pub(crate) guests: u8,
    pub(crate) steps: Vec<Step>,
}

fn arb_honest() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Join),
        1 => (2..4_u8).prop_map(Act::Burst),
        3 => any::<u8>().prop_map(Act::Leave),
        2 => (any::<u8>(), 100..1_500_u16).prop_map(|(who, noticed)| Act::Vanish(who, noticed)),
        2 => any::<u8>().prop_map(Act::Rejoin),
        2 => any::<u8>().prop_map(Act::Renew),
        1 => Just(Act::RenewAll),
    ]
}

fn arb_lie() -> impl Strategy<Value = Act> {
    let lie = prop_oneof![
        2 => any::<u8>().prop_map(Lie::Withhold),
        1 => Just(Lie::Twice),
        2 => any::<(u8, u8)>().prop_map(|(what, whom)| Lie::Old(what, whom)),
        2 => any::<(u8, u16)>().prop_map(|(whom, where_)| Lie::Garbage(whom, where_)),
        2 => any::<u8>().prop_map(Lie::Fork),
        1 => Just(Lie::Stranger),
        2 => any::<u8>().prop_map(Lie::Hidden),
        1 => Just(Lie::Shown),
        1 => Just(Lie::Swap),
        1 => any::<u8>().prop_map(Lie::Found),
        1 => any::<u8>().prop_map(Lie::HoldBack),
    ];
    lie.prop_map(Act::Lie)
}

/// A history with an honest server or a hostile one.
pub(crate) fn arb_history(hostile: bool) -> impl Strategy<Value = History> {
    let act =
        if hostile { prop_oneof![1 => arb_honest(), 1 => arb_lie()].boxed() } else { arb_honest().boxed() };
    let wait = prop_oneof![2 => 0..100_u16, 3 => 100..1_200_u16];
    let step = (wait, act).prop_map(|(wait, act)| Step { wait, act });
    let steps = prop::collection::vec(step, 1..9);
    let rough = prop::bool::weighted(0.75);
    let worn = prop::bool::weighted(0.2);
    (any::<u64>(), any::<(bool, bool)>(), rough, worn, 1..5_u8, steps).prop_map(
        move |(seed, suites, rough, worn, guests, steps)| History {
            seed,
            suites,
            rough,
            worn,
            hostile,
            guests,
            steps,
        },
    )
}
