//! Owns the writing of a drawn rehearsal as a scenario: the moves with their times, then a time in which everything is
//! mended and nothing happens, so that the run has to come to rest.

use std::{collections::BTreeSet, time::Duration};

use sim::scenario::{
    Action, DurationText, Layer, MediaKind, Permissions, PersonIndex, Scenario, ScenarioBuilder,
    file::{
        ConferenceEntry, DirectionName, EndpointName, FaultEntry, LicencesEntry, LimitsEntry, PersonEntry,
        SiteEntry, StepEntry, Verb, WatchName,
    },
};

use super::{
    cast::{Cast, Device, Kind},
    moves::{Move, Trouble},
};

/// Buildings, with lines that carry everything.
pub(super) const SITES: [(&str, &str); 2] = [("amt", "fibre-100"), ("home", "vdsl-vectoring-100-40")];
/// Two and a half seconds before the end of the licences' term.
const EXPIRING: &str = "2021-10-31T23:59:57.5+01:00[Europe/Berlin]";
/// Names of people, hosts first.
const NAMES: [&str; 7] = ["anna", "bert", "cora", "dirk", "elif", "fritz", "greta"];
/// The first move is not before this.
const OPENING: Duration = Duration::from_millis(600);
/// From the end of the last trouble to the end: the time in which a run has to come to rest, with a little to spare.
const REST: Duration = Duration::from_secs(3);

/// The scenario of a cast in which nobody does anything after coming.
pub(super) fn stage(cast: &Cast) -> Scenario {
    let moves: Vec<(u32, Move)> =
        (0..cast.players.len() + 2).map(|person| (1, Move::Arrive(PersonIndex(person)))).collect();
    script("stage", cast, &moves)
}

/// The scenario of a cast and what happens: each move with the pause before it in milliseconds. Who never arrives is not
/// in it.
///
/// # Panics
/// Never: whatever is drawn makes a valid scenario.
pub fn script(name: &str, cast: &Cast, moves: &[(u32, Move)]) -> Scenario {
    let mut script = Script::new(cast, moves);
    let mut now = OPENING;
    for (pause, happening) in moves {
        now += Duration::from_millis(u64::from(*pause));
        script.play(now, *happening);
    }
    let rests = script.mended.max(now);
    script.behave(rests);
    script.build(name, rests + REST)
}

/// After trouble of a line, so long until its last traces are gone.
const RECOVERY: Duration = Duration::from_secs(1);
/// Connections survive outages up to this (JOIN-005).
const SURVIVED: Duration = Duration::from_secs(10);
/// After a crash or a longer outage clients have so long to come back (JOIN-006).
const RETURN: Duration = Duration::from_secs(5);

struct Script<'a> {
    cast: &'a Cast,
    /// Who is in the scenario, by the index they have in the cast.
    here: BTreeSet<usize>,
    joins: Vec<(usize, Duration)>,
    steps: Vec<StepEntry>,
    faults: Vec<FaultEntry>,
    /// When the media node crashes, for how long, and whether another one takes over then.
    crashes: Vec<(Duration, Duration, bool)>,
    mended: Duration,
    /// Who has broken the rules, and behaves in the end.
    hostile: BTreeSet<usize>,
}

impl<'a> Script<'a> {
    fn new(cast: &'a Cast, moves: &[(u32, Move)]) -> Self {
        let arriving = moves.iter().filter_map(|(_, happening)| match happening {
            Move::Arrive(who) => Some(who.0),
            Move::Act(..) | Move::Trouble { .. } | Move::Crash { .. } => None,
        });
        let hosts = 1 + usize::from(cast.second);
        let all = hosts + cast.players.len();
        let here = (0..hosts).chain(arriving).filter(|person| *person < all).collect();
        Self {
            cast,
            here,
            joins: Vec::new(),
            steps: Vec::new(),
            faults: Vec::new(),
            crashes: Vec::new(),
            mended: Duration::ZERO,
            hostile: BTreeSet::new(),
        }
    }

    fn hosts(&self) -> usize {
        1 + usize::from(self.cast.second)
    }

    fn play(&mut self, now: Duration, happening: Move) {
        match happening {
            Move::Arrive(who) => self.joins.push((who.0, now)),
            Move::Act(who, action) => {
                let step = self.step(now, who, action);
                if let (Some(_), Action::Misbehave(_)) = (&step, action) {
                    self.hostile.insert(who.0);
                }
                self.steps.extend(step);
            }
            Move::Trouble { site, trouble, millis } => {
                let lasts = Duration::from_millis(u64::from(millis));
                let recovery = if lasts > SURVIVED { RETURN } else { RECOVERY };
                self.mended = self.mended.max(now + lasts + recovery);
                self.faults.push(fault(now, lasts, SITES[site].0, trouble));
            }
            Move::Crash { millis, moves } => {
                let lasts = Duration::from_millis(u64::from(millis));
                self.mended = self.mended.max(now + lasts + RETURN);
                self.crashes.push((now, lasts, moves));
            }
        }
    }

    fn behave(&mut self, now: Duration) {
        let verb = Verb::Behave;
        let steps = self.hostile.iter().map(|who| StepEntry::new(DurationText(now), NAMES[*who], verb));
        self.steps.extend(steps);
    }

    /// A step; nothing when it is by or about somebody who is not in the scenario or not in the same conference.
    fn step(&self, now: Duration, who: PersonIndex, action: Action) -> Option<StepEntry> {
        let (verb, whom, media) = particulars(action)?;
        let about = |person: PersonIndex| {
            self.here.contains(&person.0) && self.is_second(person.0) == self.is_second(who.0)
        };
        if !about(who) || whom.is_some_and(|whom| !about(whom)) {
            return None;
        }
        let mut step = StepEntry::new(DurationText(now), NAMES[who.0], verb);
        step.whom = whom.map(|whom| NAMES[whom.0].into());
        step.media = media.map(|media| kinds(media).into());
        if let Action::SetMode(mode) = action {
            step.mode = Some(mode.into());
        }
        if let Action::Misbehave(how) = action {
            step.how = Some(how.into());
        }
        if let Action::Watch { kind, layer, .. } = action {
            step.kind = Some(kind.into());
            step.layer = Some(watch(layer).into());
        }
        Some(step)
    }

    fn is_second(&self, person: usize) -> bool {
        match person.checked_sub(self.hosts()) {
            Some(player) => self.cast.second && self.cast.players[player].second,
            None => person == 1,
        }
    }

    fn person(&self, person: usize) -> PersonEntry {
        let name = NAMES[person];
        let conference = if self.is_second(person) { "other" } else { "first" };
        let mut entry = PersonEntry::new(name, SITES[person % SITES.len()].0, conference);
        entry.watch = Some(WatchName::Low);
        let player = person.checked_sub(self.hosts()).map(|player| self.cast.players[player]);
        let device = match player {
            Some(player) => player.device,
            None if person == 0 => self.cast.host,
            None => Device::Microphone,
        };
        entry.microphone = device.has_microphone().then(|| "talk-vbr".into());
        entry.camera = device.has_camera().then(|| "camera-carphone".into());
        entry.screen = device.has_screen().then(|| "screen-slides".into());
        let join = self.joins.iter().find(|(who, _)| *who == person).map(|(_, at)| *at);
        entry.join = player.and(join).map(|at| DurationText(at).into());
        match player.map(|player| player.kind) {
            None | Some(Kind::Holder) => entry.licence = Some(true.into()),
            Some(Kind::Guest) => {}
            Some(Kind::Laptop) => {
                entry.account = Some(NAMES[usize::from(self.is_second(person))].into());
            }
            Some(Kind::Room) => {
                entry.kind = Some(EndpointName::AvcRoom.into());
                entry.people = Some(6.into());
            }
            Some(Kind::Foreigner) if self.cast.second => {
                let other = if self.is_second(person) { "foreign:first" } else { "foreign:other" };
                entry.link = Some(other.into());
            }
            Some(Kind::Stranger | Kind::Foreigner) => entry.link = Some("wrong".into()),
            Some(Kind::Plain) => entry.encrypts = Some(false),
            Some(Kind::Other) => entry.sframe = Some(5.into()),
        }
        entry
    }

    fn build(self, name: &str, duration: Duration) -> Scenario {
        let mut builder = ScenarioBuilder::new(name, duration)
            .licences(LicencesEntry { count: Some(self.cast.licences.into()), valid_through: None })
            .limits(LimitsEntry {
                participants_max: Some(self.cast.participants_max.into()),
                speakers: Some(self.cast.speakers.into()),
                ..LimitsEntry::default()
            });
        if self.cast.expires {
            builder = builder.clock(EXPIRING.parse().expect("the clock is one"));
        }
        for (site, link) in SITES {
            builder = builder.site(SiteEntry { borough: Some("mitte".into()), ..SiteEntry::new(site, link) });
        }
        for (conference, host) in [("first", NAMES[0]), ("other", NAMES[1])].into_iter().take(self.hosts()) {
            builder = builder.conference(ConferenceEntry {
                mode: Some(self.cast.mode),
                lobby: Some(self.cast.lobby),
                ..ConferenceEntry::new(conference, host)
            });
        }
        for person in &self.here {
            builder = builder.person(self.person(*person));
        }
        builder = self.steps.into_iter().fold(builder, ScenarioBuilder::step);
        builder = self.faults.into_iter().fold(builder, ScenarioBuilder::fault);
        for (at, lasts, moves) in self.crashes {
            builder = if moves { builder.take_over(at, lasts) } else { builder.crash(at, lasts) };
        }
        builder.build().expect("whatever is drawn makes a valid scenario")
    }
}

/// Verb, object and media of a deed; nothing for what no step can say.
fn particulars(action: Action) -> Option<(Verb, Option<PersonIndex>, Option<Permissions>)> {
    let alone = |verb| Some((verb, None, None));
    let about = |verb, whom| Some((verb, Some(whom), None));
    match action {
        Action::Start => alone(Verb::Start),
        Action::Join => alone(Verb::Join),
        Action::Leave => alone(Verb::Leave),
        Action::End => alone(Verb::End),
        Action::SetMode(_) => alone(Verb::SetMode),
        Action::Lock(true) => alone(Verb::Lock),
        Action::Lock(false) => alone(Verb::Unlock),
        Action::Admit(whom) => about(Verb::Admit, whom),
        Action::AdmitAll => alone(Verb::AdmitAll),
        Action::Remove(whom) => about(Verb::Remove, whom),
        Action::Mute(whom, media) => Some((Verb::Mute, Some(whom), Some(media))),
        Action::Unmute(whom, media) => Some((Verb::Unmute, Some(whom), Some(media))),
        Action::RaiseHand => alone(Verb::RaiseHand),
        Action::LowerHand => alone(Verb::LowerHand),
        Action::Grant(whom, media) => Some((Verb::Grant, Some(whom), Some(media))),
        Action::Revoke(whom) => about(Verb::Revoke, whom),
        Action::NamePresenter(whom) => about(Verb::NamePresenter, whom),
        Action::NameModerator(whom) => about(Verb::NameModerator, whom),
        Action::HandOver(whom) => about(Verb::HandOver, whom),
        Action::CreateInvitation => alone(Verb::CreateInvitation),
        Action::RevokeInvitation => alone(Verb::RevokeInvitation),
        Action::Watch { whom, .. } => about(Verb::Watch, whom),
        Action::ShareScreen => alone(Verb::ShareScreen),
        Action::StopScreen => alone(Verb::StopScreen),
        Action::CameraOn => alone(Verb::CameraOn),
        Action::CameraOff => alone(Verb::CameraOff),
        Action::Move(_) => alone(Verb::Move),
        Action::Misbehave(_) => alone(Verb::Misbehave),
        Action::Behave => alone(Verb::Behave),
    }
}

fn kinds(media: Permissions) -> Vec<MediaKind> {
    MediaKind::ALL.into_iter().filter(|kind| media.allows(*kind)).collect()
}

const fn watch(layer: Option<Layer>) -> WatchName {
    match layer {
        None => WatchName::None,
        Some(Layer::Low) => WatchName::Low,
        Some(Layer::Medium) => WatchName::Medium,
        Some(Layer::High) => WatchName::High,
    }
}

fn fault(at: Duration, lasts: Duration, site: &str, trouble: Trouble) -> FaultEntry {
    let mut fault = FaultEntry::new(DurationText(at).into(), site, DirectionName::Both);
    fault.duration = Some(DurationText(lasts).into());
    match trouble {
        Trouble::Outage => fault.outage = Some(true.into()),
        Trouble::Loss => fault.loss_percent = Some(10.0.into()),
        Trouble::Disorder => {
            fault.reorder_percent = Some(20.0.into());
            fault.duplicate_percent = Some(20.0.into());
        }
        Trouble::Narrow => {
            fault.rate_kbps = Some(4_000.into());
            fault.delay_ms = Some(80.into());
        }
    }
    fault
}
