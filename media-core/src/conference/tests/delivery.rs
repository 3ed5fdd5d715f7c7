//! Claims about the order of handshake messages, in which a server without secrets serves a group: E2E-005.

use super::*;
use crate::{limits, signalling::Handshake};

fn said(what: &str) -> Handshake {
    Handshake::new(what.as_bytes())
}

fn offer(what: &str) -> Request {
    Request::OfferKeyPackage { key_package: said(what) }
}

fn commit(after: u64, what: &str, adds: &[ParticipantId]) -> Request {
    let welcome = (!adds.is_empty()).then(|| said(&format!("welcome by {what}")));
    Request::Commit { after, commit: said(what), welcome, adds: adds.to_vec() }
}

/// What of the group somebody is told, in words.
#[expect(clippy::wildcard_enum_match_arm, reason = "the rest is not about the group")]
fn told(effects: &[Effect], receiver: u32) -> Vec<String> {
    let text = |message: &Handshake| String::from_utf8_lossy(message.as_bytes()).into_owned();
    let line = |message: &ServerMessage| match message {
        ServerMessage::FoundGroup { sequence } => Some(format!("found after {sequence}")),
        ServerMessage::KeyPackage { participant, key_package } => {
            Some(format!("{} offers {}", participant.0, text(key_package)))
        }
        ServerMessage::Commit { sequence, commit } => Some(format!("{sequence}: {}", text(commit))),
        ServerMessage::Welcome { sequence, welcome } => Some(format!("{sequence}: {}", text(welcome))),
        _ => None,
    };
    to(effects, receiver).into_iter().filter_map(line).collect()
}

/// A conference in which connections 0 to `members` - 1 are in the group in this order, after as many commits as it took;
/// beside its link, who they are.
fn group(members: u32) -> (Hall, LinkToken, Vec<ParticipantId>) {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.done(0, offer("p0"));
    let mut who = vec![hall.participant(0)];
    for peer in 1..members {
        who.push(hall.guest(peer, &link));
        hall.done(peer, offer(&format!("p{peer}")));
        hall.done(0, commit(u64::from(peer) - 1, "add", &who[peer as usize..]));
    }
    (hall, link, who)
}

#[test]
fn the_first_who_offers_founds_the_group_and_is_told_nothing_else() {
    let mut hall = Hall::new(config());
    hall.start();
    assert_eq!(told(&hall.done(0, offer("p0")), 0), ["found after 0"]);
}

#[test]
fn a_commit_goes_to_all_members_and_its_welcome_to_whom_it_adds() {
    let (mut hall, link, _) = group(2);
    let (third, fourth) = (hall.guest(2, &link), hall.guest(3, &link));
    for (peer, participant) in [(2, third), (3, fourth)] {
        let effects = hall.done(peer, offer("p"));
        for member in [0, 1] {
            assert_eq!(told(&effects, member), [format!("{} offers p", participant.0)]);
        }
        assert_eq!(told(&effects, 2).len() + told(&effects, 3).len(), 0, "who waits is told nothing");
    }
    let effects = hall.done(1, commit(1, "add", &[third]));
    assert_eq!(told(&effects, 0), ["2: add"]);
    assert_eq!(told(&effects, 1), ["2: add"], "the committer is told what was ordered, as everybody is");
    assert_eq!(told(&effects, 2), ["2: welcome by add".to_owned(), format!("{} offers p", fourth.0)]);
    assert!(told(&effects, 3).is_empty());
}

#[test]
fn of_two_commits_to_one_epoch_the_first_counts() {
    let (mut hall, ..) = group(2);
    assert_eq!(told(&hall.done(1, commit(1, "one", &[])), 0), ["2: one"]);
    assert_eq!(hall.refused(0, commit(1, "other", &[])), Refusal::StaleCommit);
    assert_eq!(hall.refused(0, commit(3, "early", &[])), Refusal::StaleCommit);
    assert_eq!(told(&hall.done(0, commit(2, "again", &[])), 1), ["3: again"]);
}

#[test]
fn who_is_not_in_the_group_commits_nothing() {
    let (mut hall, link, _) = group(2);
    assert_eq!(hall.refused(7, commit(1, "outside", &[])), Refusal::NotIn);
    assert_eq!(hall.refused(7, offer("outside")), Refusal::NotIn);
    hall.guest(2, &link);
    assert_eq!(hall.refused(2, commit(1, "inside", &[])), Refusal::NotInGroup);
    hall.done(2, offer("p"));
    assert_eq!(hall.refused(2, commit(1, "waiting", &[])), Refusal::NotInGroup);
}

#[test]
fn who_waits_in_the_lobby_offers_nothing() {
    let mut hall = Hall::new(config());
    let link = hall.start_as(0, 0, Mode::Discussion, true);
    hall.ask(1, join(&link));
    assert_eq!(hall.refused(1, offer("p")), Refusal::NotIn);
}

#[test]
fn somebody_is_added_once_and_with_a_welcome_and_nobody_is_welcomed_for_nothing() {
    let (mut hall, link, _) = group(1);
    let guest = hall.guest(1, &link);
    hall.done(1, offer("p"));
    let with = |welcome: Option<&str>, adds: &[ParticipantId]| Request::Commit {
        after: 0,
        commit: said("c"),
        welcome: welcome.map(said),
        adds: adds.to_vec(),
    };
    for bad in [with(Some("w"), &[guest, guest]), with(None, &[guest]), with(Some("w"), &[])] {
        assert_eq!(hall.refused(0, bad), Refusal::BadCommit);
    }
    assert_eq!(told(&hall.done(0, with(Some("w"), &[guest])), 1), ["1: w"]);
}

/// Whoever follows the roster follows no commit that adds somebody who is not on it.
#[test]
fn who_has_not_offered_or_has_left_meanwhile_is_not_added() {
    let (mut hall, link, who) = group(2);
    let guest = hall.guest(2, &link);
    for added in [guest, who[1], ParticipantId(999)] {
        assert_eq!(hall.refused(0, commit(1, "add", &[added])), Refusal::BadCommit, "{added}");
    }
    hall.done(2, offer("p2"));
    hall.disconnect(2);
    assert_eq!(hall.refused(0, commit(1, "add", &[guest])), Refusal::BadCommit);
    assert_eq!(told(&hall.done(0, commit(1, "c", &[])), 1), ["2: c"]);
}

#[test]
fn a_founder_who_vanishes_is_replaced() {
    let mut hall = Hall::new(config());
    let link = hall.start();
    hall.done(0, offer("p0"));
    let (first, second) = (hall.guest(1, &link), hall.guest(2, &link));
    assert!(first < second);
    hall.done(2, offer("p2"));
    hall.done(1, offer("p1"));
    let effects = hall.disconnect(0);
    assert_eq!(told(&effects, 1), ["found after 0".to_owned(), format!("{} offers p2", second.0)]);
    assert!(told(&effects, 2).is_empty());
}

#[test]
fn a_group_that_nobody_is_in_any_more_is_founded_anew_and_its_numbers_go_on() {
    let (mut hall, link, _) = group(2);
    hall.done(0, Request::Leave);
    hall.disconnect(1);
    hall.guest(2, &link);
    assert_eq!(told(&hall.done(2, offer("p")), 2), ["found after 1"]);
    assert_eq!(told(&hall.done(2, commit(1, "c", &[])), 2), ["2: c"]);
}

#[test]
fn whoever_moves_up_learns_who_waits() {
    let committers = limits::COMMITTERS_MAX as u32;
    let (mut hall, link, _) = group(committers + 1);
    let guest = hall.guest(9, &link);
    let effects = hall.done(9, offer("p"));
    let waits = [format!("{} offers p", guest.0)];
    assert!((0..committers).all(|member| told(&effects, member) == waits));
    assert!(told(&effects, committers).is_empty(), "so many are enough");
    let effects = hall.disconnect(1);
    assert_eq!(told(&effects, committers), waits);
    assert!(told(&effects, 0).is_empty() && told(&effects, 2).is_empty(), "nobody is told twice");
}

#[test]
fn an_offer_from_inside_takes_one_out_of_the_group() {
    let (mut hall, _, who) = group(3);
    let effects = hall.done(1, offer("anew"));
    for member in [0, 2] {
        assert_eq!(told(&effects, member), [format!("{} offers anew", who[1].0)]);
    }
    assert_eq!(hall.refused(1, commit(2, "c", &[])), Refusal::NotInGroup);
    assert!(told(&hall.done(2, commit(2, "c", &[])), 1).is_empty(), "not in the group");
    let effects = hall.done(0, commit(3, "add", &[who[1]]));
    assert_eq!(told(&effects, 1), ["4: welcome by add"]);
}

#[test]
fn the_only_member_who_offers_again_founds_the_group_again() {
    let (mut hall, ..) = group(1);
    hall.done(0, commit(0, "c", &[]));
    assert_eq!(told(&hall.done(0, offer("anew")), 0), ["found after 1"]);
}

#[test]
fn the_only_member_who_offers_again_is_waited_for_behind_who_has_a_lower_number() {
    let (mut hall, link, _) = group(1);
    hall.guest(1, &link);
    let third = hall.guest(2, &link);
    hall.done(2, offer("p2"));
    hall.done(1, offer("p1"));
    let effects = hall.disconnect(0);
    assert_eq!(told(&effects, 1).len(), 2);
    hall.done(1, commit(0, "add", &[third]));
    hall.done(1, Request::Leave);
    let fourth = hall.guest(3, &link);
    hall.done(3, offer("p3"));
    let effects = hall.done(2, offer("anew"));
    assert_eq!(told(&effects, 2), ["found after 1".to_owned(), format!("{} offers p3", fourth.0)]);
    hall.done(2, commit(1, "add", &[fourth]));
    hall.done(2, offer("once more"));
    let effects = hall.done(3, offer("anew"));
    assert_eq!(told(&effects, 2), ["found after 2".to_owned(), format!("{} offers anew", fourth.0)]);
    assert!(told(&effects, 3).is_empty(), "each is told once");
}

#[test]
fn a_second_offer_takes_the_place_of_the_first() {
    let (mut hall, link, _) = group(1);
    let guest = hall.guest(1, &link);
    hall.done(1, offer("old"));
    assert_eq!(told(&hall.done(1, offer("new")), 0), [format!("{} offers new", guest.0)]);
    hall.guest(2, &link);
    hall.done(2, offer("p"));
    let effects = hall.disconnect(0);
    assert!(told(&effects, 1).contains(&"found after 0".to_owned()));
    let effects = hall.disconnect(1);
    assert_eq!(told(&effects, 2), ["found after 0"], "and nothing is left of the old one");
}

#[test]
fn who_comes_through_another_connection_is_not_in_the_group_yet() {
    let (mut hall, link, _) = group(1);
    hall.holder(1, &link, 1);
    hall.done(1, offer("p1"));
    let again = hall.ask(5, join_as(&link, 0));
    assert_eq!(told(&again, 1), ["found after 0"], "the old connection is gone");
    assert_eq!(hall.refused(5, commit(0, "c", &[])), Refusal::NotInGroup);
}

#[test]
fn who_is_put_out_is_out_of_the_group_too() {
    let (mut hall, _, who) = group(3);
    hall.done(0, Request::Remove { participant: who[1] });
    let effects = hall.done(0, commit(2, "remove", &[]));
    assert_eq!((told(&effects, 2), told(&effects, 1)), (vec!["3: remove".to_owned()], Vec::new()));
}

#[test]
fn after_a_crash_the_group_is_founded_anew() {
    let (mut hall, link, _) = group(2);
    hall.crash(Duration::from_secs(1));
    hall.guest(1, &link);
    assert_eq!(told(&hall.done(1, offer("p")), 1), ["found after 0"]);
}

#[test]
fn conferences_know_nothing_of_each_others_groups() {
    let (mut hall, _, who) = group(2);
    hall.start_as(8, 1, Mode::Discussion, false);
    assert_eq!(told(&hall.done(8, offer("p")), 8), ["found after 0"]);
    assert_eq!(hall.refused(8, commit(0, "c", &[who[1]])), Refusal::BadCommit);
    assert_eq!(told(&hall.done(8, commit(0, "c", &[])), 1), Vec::<String>::new());
}

#[test]
fn a_key_package_has_so_many_bytes() {
    let mut hall = Hall::new(config());
    hall.start();
    let longest = "x".repeat(limits::KEY_PACKAGE_BYTES_MAX);
    assert_eq!(hall.refused(0, offer(&format!("{longest}x"))), Refusal::BadKeyPackage);
    hall.done(0, offer(&longest));
}

/// What a host does who wants to do harm, in ten seconds: how many of the requests are ordered.
fn flood(request: impl Fn(u64) -> Request) -> usize {
    let (mut hall, ..) = group(2);
    let mut ordered = 0;
    hall.pass(Duration::from_mins(1));
    for _ in 0..1_000 {
        let effects = hall.ask(0, request(1 + ordered));
        ordered += u64::from(!told(&effects, 1).is_empty());
        hall.pass(Duration::from_millis(10));
    }
    ordered as usize
}

#[test]
fn commits_without_end_are_told_of_a_bounded_number_of_times_whoever_makes_them() {
    let limit = limits::HANDSHAKES_PER_PEER;
    let later = (Duration::from_secs(10).as_nanos() / limit.interval.as_nanos()) as usize;
    let small = flood(|after| commit(after, "c", &[]));
    assert!((limit.burst as usize..=limit.burst as usize + later).contains(&small), "{small}");
}

#[test]
fn large_commits_are_fewer() {
    let limit = limits::COMMIT_KIBIBYTES_PER_PEER;
    let kibibytes = limit.burst as usize / 2;
    let longest = "c".repeat(1_024 * kibibytes);
    let later = (Duration::from_secs(10).as_nanos() / limit.interval.as_nanos()) as usize;
    let large = flood(|after| commit(after, &longest, &[]));
    assert_eq!(large, (limit.burst as usize + later) / kibibytes);
    let longer = "c".repeat(1_024 * (limit.burst as usize + 1));
    assert_eq!(flood(|after| commit(after, &longer, &[])), 0);
}

#[test]
fn a_storm_of_fifty_joins_and_leaves_is_within_what_one_committer_may_do() {
    let (mut hall, ..) = group(2);
    for after in 1..=100 {
        hall.done(0, commit(after, "c", &[]));
        hall.pass(Duration::from_millis(300));
    }
}

#[test]
fn members_share_the_bytes_of_a_commit() {
    let (mut hall, ..) = group(3);
    let effects = hall.done(0, commit(2, "c", &[]));
    let commits = [0, 1, 2].map(|peer| {
        let sent = to(&effects, peer);
        let commit = sent.iter().find_map(|message| {
            let ServerMessage::Commit { commit, .. } = message else { return None };
            Some(commit.as_bytes().as_ptr())
        });
        commit.expect("is told")
    });
    assert!(commits.iter().all(|place| *place == commits[0]));
}
