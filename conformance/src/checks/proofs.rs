//! Owns the list of proofs that checks can fail (DET-005): for each check a sabotage that breaks what it judges, in a
//! scenario that it judges, or a broken fixture where no sabotage reaches it. The gate demonstrates them; `cargo test`
//! demonstrates all of them, and that each check is kept where nothing is broken.

use std::sync::LazyLock;

use sim::sabotage::Sabotage;

use super::{bytes, checks, city, clear, det, e2e, planning, proven, reference, rfc8867};
use crate::{
    check::{Check, Judge},
    evidence::Findings,
    proof::{self, Broken, ProofTable},
};

/// A check, a sabotage that it has to notice, and the scenario in which it does.
type Proof = (&'static str, Sabotage, &'static str);
/// A check, what is wrong with the fixture that it is shown, and what it says of it.
type BrokenFixture = (&'static str, &'static str, fn() -> Findings);

const LIC: &[Proof] = &[
    ("only-licence-holders-start", Sabotage::LicenceForEverybody, "licences"),
    ("a-licence-carries-one-conference", Sabotage::BorrowedLicence, "licences"),
    ("only-host-and-named-holders-moderate", Sabotage::EveryoneModerates, "moderation"),
    ("no-start-after-the-term-and-no-cut-off", Sabotage::EternalLicences, "term"),
    ("a-conference-outlives-its-host", Sabotage::HostTakesAll, "hostless"),
    ("a-conference-outlives-its-host", Sabotage::EveryoneModerates, "hostless"),
    ("licences-are-free-by-the-rule", Sabotage::EndForgotten, "released"),
    ("licences-are-free-by-the-rule", Sabotage::CrashForgetsConferences, "released"),
];

const CAP: &[Proof] = &[
    ("no-start-beyond-the-pool", Sabotage::OneLicenceMore, "pool"),
    ("fifty-take-part", Sabotage::SmallRooms, "full-house"),
    ("one-too-many-is-refused-at-once", Sabotage::LargeRooms, "full-house"),
    ("one-too-many-is-refused-at-once", Sabotage::SmallRooms, "full-house"),
];

const JOIN: &[Proof] = &[
    ("guests-get-in-by-link", Sabotage::GuestsUnwelcome, "links"),
    ("bad-links-open-nothing", Sabotage::OpenDoor, "links"),
    ("the-lobby-holds-people-without-media", Sabotage::LeakyLobby, "lobby"),
    ("every-attempt-to-get-in-ends", Sabotage::PatientClients, "broken-joins"),
    ("media-flows-again-after-an-outage", Sabotage::ImpatientClients, "outages"),
    ("clients-come-back-as-who-they-were", Sabotage::TokensForgotten, "crash"),
    ("clients-come-back-as-who-they-were", Sabotage::CrashForgetsConferences, "crash"),
    ("clients-come-back-as-who-they-were", Sabotage::ClientsStayAway, "crash"),
    ("clients-come-back-as-who-they-were", Sabotage::SlowReturn, "crash"),
    ("clients-come-back-as-who-they-were", Sabotage::ClientsLookNowhere, "takeover"),
    ("clients-come-back-as-who-they-were", Sabotage::DeadNodeAnswers, "takeover"),
];

const PRES: &[Proof] = &[
    ("presenter-mode-silences-the-audience", Sabotage::AudienceSpeaks, "presenter"),
    ("mode-switch-holds-from-its-acknowledgement", Sabotage::LateModeSwitch, "presenter"),
    ("late-joiners-cannot-send", Sabotage::LateJoinerSpeaks, "presenter"),
    ("audience-uplink-is-feedback-only", Sabotage::AudienceChatters, "presenter"),
    ("granted-hands-are-heard-until-revoked", Sabotage::GrantForgotten, "presenter"),
    ("granted-hands-are-heard-until-revoked", Sabotage::RevokeForgotten, "presenter"),
    ("the-presenters-place-passes-on-without-a-gap", Sabotage::SilentSuccessor, "hand-over"),
    ("external-guests-hear-and-see-the-presenter", Sabotage::GuestsUnwelcome, "presenter"),
];

const CAM: &[Proof] = &[
    ("people-without-devices-take-part", Sabotage::CameraRequired, "rooms"),
    ("a-room-takes-one-place", Sabotage::RoomsCountHeads, "rooms"),
];

const FWD: &[Proof] = &[
    ("streams-are-numbered-without-gaps", Sabotage::RenumberWithGap, "layers"),
    ("key-frame-requests-are-limited", Sabotage::KeyFrameStorm, "layers"),
    ("only-the-loudest-are-forwarded", Sabotage::AllMicrophones, "speakers"),
    ("first-syllables-are-heard", Sabotage::ClipOnsets, "speakers"),
    ("every-packet-is-accounted-for", Sabotage::SilentDrop, "layers"),
    ("unwatched-pictures-rest-and-resume", Sabotage::PublishersNeverRest, "resting"),
    ("unwatched-pictures-rest-and-resume", Sabotage::LateDemand, "resting"),
    ("conferences-are-isolated", Sabotage::Leak, "isolation"),
];

const E2E: &[Proof] = &[
    ("every-frame-that-arrives-opens", Sabotage::FlipBit, "keyless"),
    ("the-marker-is-nowhere-on-the-wire", Sabotage::Plaintext, "keyless"),
    ("without-a-key-nothing-is-sent-and-nothing-is-played", Sabotage::FailOpen, "keyless"),
    ("only-opened-frames-are-played", Sabotage::PlayUnopened, "keyless"),
    ("frames-open-exactly-where-their-epoch-is-lived", Sabotage::ShortMemory, "worn-keys"),
    ("every-entry-and-departure-begins-an-epoch", Sabotage::DeafToDepartures, "moderation"),
    ("at-rest-everybody-is-in-one-epoch", Sabotage::SilentCommitters, "keyless"),
    ("no-key-seals-twice-under-one-counter", Sabotage::CounterRestarts, "keyless"),
    ("worn-keys-are-replaced-in-time", Sabotage::WornKeys, "worn-keys"),
    ("worn-keys-are-replaced-in-time", Sabotage::RestlessKeys, "worn-keys"),
];

const NET: &[Proof] = &[
    ("access-links-carry-what-they-are-said-to-carry", Sabotage::WideLinks, "narrow"),
    ("people-behind-a-full-line-share-it", Sabotage::WideLinks, "narrow"),
    ("no-packet-is-larger-than-the-limit", Sabotage::BigPackets, "keyless"),
];

const WEAK: &[Proof] = &[
    ("sound-is-whole-on-weak-lines", Sabotage::AudioLast, "weak-lines"),
    ("sound-is-whole-on-weak-lines", Sabotage::Blindfold, "weak-lines"),
    ("pictures-go-on-beside-sound-on-weak-lines", Sabotage::RestlessViewers, "weak-lines"),
    ("a-rate-that-falls-to-a-tenth-and-returns-is-followed", Sabotage::DeafServer, "falling-rate"),
    ("a-rate-that-falls-to-a-tenth-and-returns-is-followed", Sabotage::Ballast, "falling-rate"),
    ("bottlenecks-are-used-and-their-queues-are-short", Sabotage::Ballast, "shared-lines"),
    ("bottlenecks-are-used-and-their-queues-are-short", Sabotage::Blindfold, "shared-lines"),
    ("short-queues-are-not-bought-by-starving-somebody", Sabotage::Favourites, "shared-lines"),
    ("a-weak-guest-disturbs-nobody", Sabotage::SlowestSets, "weak-guest"),
    ("rough-ways-cost-no-more-than-their-bounds", Sabotage::NoRepair, "rough-ways"),
    ("the-first-sound-comes-in-time", Sabotage::JoinsDisturb, "joins"),
    ("sound-before-screen-before-camera", Sabotage::ScreensLast, "weak-audience"),
    ("what-is-forwarded-can-be-decoded", Sabotage::SilentDrop, "layers"),
    ("a-room-on-its-reserved-line-is-as-healthy-sites-are", Sabotage::AudioLast, "avc"),
    ("a-room-on-its-reserved-line-is-as-healthy-sites-are", Sabotage::WideLinks, "avc"),
];

const SEC: &[Proof] = &[
    ("foreign-streams-are-dropped", Sabotage::ForeignAccepted, "hostile"),
    ("addresses-stay-with-the-media-node", Sabotage::AddressesInAnswers, "webrtc"),
];

const DET: &[Proof] = &[
    ("the-same-run-again", Sabotage::Entropy, "rathaus"),
    ("another-seed-another-run", Sabotage::FixedSeed, "sources"),
    ("a-run-can-be-repeated-from-its-line-and-its-file", Sabotage::ForgetfulFile, "sources"),
];

const REFERENCE: &[Proof] = &[
    ("the-reference-model-agrees", Sabotage::LicenceForEverybody, "licences"),
    ("the-reference-model-agrees", Sabotage::LeakyLobby, "lobby"),
    ("the-reference-model-agrees", Sabotage::SwallowedClick, "presenter"),
    ("the-reference-model-agrees", Sabotage::WithheldNews, "presenter"),
    ("what-was-wrong-once-stays-right", Sabotage::GuestsUnwelcome, "a-second-knock-in-the-lobby"),
];

const ACCOUNTS: &[Proof] = &[
    ("lines-account-for-every-datagram", Sabotage::SilentLink, "loss"),
    ("every-frame-arrives-or-is-accounted-for", Sabotage::ForgetfulListener, "isolation"),
    ("media-as-metadata-gives-what-media-as-bytes-gives", Sabotage::WrongLength, "layers"),
    ("two-engines-decide-as-one", Sabotage::LossyShare, "isolation"),
    ("another-order-of-hosts-the-same-run", Sabotage::HostOrder, "isolation"),
    ("nothing-else-stands-in-clear", Sabotage::TalkativeHeader, "keyless"),
    ("a-publishers-loss-is-asked-for-once", Sabotage::KeyFrameStorm, "loss"),
    ("a-subscribers-loss-is-repaired-in-time", Sabotage::NoRepair, "loss"),
    ("nothing-that-is-left-holds-a-secret", Sabotage::TalkativeCapture, "lobby"),
];

const BYSTANDERS: &str = "bystanders-experience-what-they-would-without-the-attack";

const HOSTILE: &[Proof] = &[
    (BYSTANDERS, Sabotage::EagerKeyFrames, "hostile-feedback"),
    (BYSTANDERS, Sabotage::BelievesReports, "hostile-feedback"),
    (BYSTANDERS, Sabotage::JoinsDisturb, "hostile-joins"),
    (BYSTANDERS, Sabotage::EveryoneModerates, "hostile-requests"),
    ("a-lying-level-silences-nobody-for-long", Sabotage::LiarsWin, "hostile-levels"),
    ("nothing-forged-reaches-a-decoder", Sabotage::PlayForged, "forgery"),
    ("a-hostile-media-node-is-refused-frame-by-frame", Sabotage::PlayForged, "forgery"),
    ("removed-people-open-nothing-later", Sabotage::RemovedListenOn, "removed"),
    ("the-group-is-the-roster-that-people-see", Sabotage::FalseRoster, "ghosts"),
    ("a-ghost-is-seen-or-refused", Sabotage::CredulousClients, "ghosts"),
    ("nobody-is-taken-for-somebody-else", Sabotage::PlayForged, "impostor"),
    ("a-withheld-commit-is-noticed", Sabotage::LostForGood, "ghosts"),
    ("a-forked-group-shows", Sabotage::StaleCodes, "ghosts"),
    ("guessed-and-revoked-links-open-nothing", Sabotage::OpenDoor, "hostile-joins"),
    ("clients-that-cannot-encrypt-are-refused", Sabotage::EncryptionOptional, "incapable"),
    ("clients-that-cannot-encrypt-are-refused", Sabotage::AnySuite, "incapable"),
];

const TABLES: &[&[Proof]] =
    &[HOSTILE, LIC, CAP, JOIN, PRES, CAM, FWD, E2E, NET, SEC, DET, REFERENCE, ACCOUNTS, WEAK];

/// Proofs of checks that no sabotage of a run reaches.
const FIXTURES: &[BrokenFixture] = &[
    (rfc8867::RFC_CHECK, "a controller that sees no delay", rfc8867::delay_hidden),
    (rfc8867::RFC_CHECK, "encoders that never take more than they began with", rfc8867::never_more),
    (rfc8867::RFC_CHECK, "receivers that say nothing", rfc8867::feedback_withheld),
    (city::SMALL_CITY, "media nodes with a licence more than there are", city::spare_licence),
    (city::SMALL_CITY, "media nodes that keep sound to themselves", city::silent_nodes),
    (city::ALL_CONFERENCES, "a media node that forgets its conferences in a crash", city::forgetful_node),
    (city::SAME_CITY, "metadata that state a wrong length now and then", city::wrong_length),
    (rfc8867::BANDS_CHECK, "a controller that sees no delay", rfc8867::bands_without_delay),
    (rfc8867::BANDS_CHECK, "a flow that takes three times what it may", rfc8867::bands_greedy_flow),
    (rfc8867::BANDS_CHECK, "encoders that never take more than they began with", rfc8867::bands_never_more),
    (
        "drawn-scenarios-are-as-the-model-says",
        "a server that turns guests away",
        reference::drawn_where_guests_are_turned_away,
    ),
    (
        "what-is-planned-holds-and-the-next-smaller-does-not",
        "a planner whose upgrades are a rung too small",
        planning::frugal_planner,
    ),
    (
        "what-is-planned-holds-and-the-next-smaller-does-not",
        "a planner whose upgrades are larger than needed",
        planning::lavish_planner,
    ),
    (
        "a-room-is-compared-with-its-people-at-desks",
        "a comparison in which a room is an endpoint for each of its people",
        planning::room_by_heads,
    ),
    (
        "a-lie-about-a-bound-field-opens-nothing",
        "a field that is not bound to the frame",
        clear::unbound_field,
    ),
    (
        "the-vectors-of-rfc-9605-open",
        "a published vector with one bit of its plaintext flipped",
        e2e::broken_vectors,
    ),
    (
        "the-forwarding-side-cannot-name-the-decrypting-side",
        "a forwarding file that imports the opener",
        e2e::naming_forwarder,
    ),
    (
        "no-bytes-do-harm",
        "a reader that believes what a packet says of its own length",
        bytes::trusting_reader,
    ),
    (
        "a-run-prints-digest-and-time-factor",
        "a printer that leaves out digest and time factor",
        det::terse_printer,
    ),
    (
        "every-must-is-shown-to-hold",
        "a gate in which a check passed without looking at anything",
        proven::blind_gate,
    ),
    ("every-check-can-fail", "a check that finds nothing in a run under sabotage", proven::blind_check),
];

static PROOFS: LazyLock<Vec<proof::Proof>> = LazyLock::new(|| {
    let runs = TABLES.iter().copied().flatten();
    let runs = runs.map(|&(check, sabotage, scenario)| proof::Proof {
        check,
        broken: Broken::Run { sabotage, scenario },
    });
    let fixtures = FIXTURES.iter();
    let fixtures = fixtures
        .map(|&(check, fault, judge)| proof::Proof { check, broken: Broken::Fixture { fault, judge } });
    runs.chain(fixtures).collect()
});

/// The checks of this file: the proofs, demonstrated.
pub(super) const CHECKS: &[Check] = &[Check {
    name: "every-check-can-fail",
    requirements: &["DET-005"],
    scenarios: &[],
    judge: Judge::Proofs(ProofTable { proofs, checks }),
}];

/// All proofs.
pub(super) fn proofs() -> &'static [proof::Proof] {
    &PROOFS
}

#[cfg(test)]
mod tests;
