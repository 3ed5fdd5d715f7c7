//! Owns the making of scenarios in code, for tests and generators. What is built passes through the same text and
//! the same checks as a file, so whatever a generator makes can be written down and read again.

use std::time::Duration;

use super::{
    DurationText, Located, Scenario, ScenarioError, SeedText,
    file::{
        ConferenceEntry, CrashEntry, DirectionName, ExpectEntry, FaultEntry, LicencesEntry, LimitsEntry,
        PersonEntry, ScenarioFile, SiteEntry, StepEntry,
    },
};

/// Collects entries in their file form.
#[derive(Clone, Debug)]
#[must_use]
pub struct ScenarioBuilder(ScenarioFile);

impl From<ScenarioFile> for ScenarioBuilder {
    /// Goes on from a scenario that exists, for example to make it smaller.
    fn from(file: ScenarioFile) -> Self {
        Self(file)
    }
}

impl ScenarioBuilder {
    /// A scenario of this name and length with nobody in it.
    pub fn new(name: &str, duration: Duration) -> Self {
        Self(ScenarioFile {
            schema: 1.into(),
            name: name.into(),
            description: "made in code".into(),
            duration: Located::from(DurationText(duration)),
            ..ScenarioFile::default()
        })
    }

    /// The default seed.
    pub fn seed(mut self, seed: u64) -> Self {
        self.0.seed = Some(SeedText(seed));
        self
    }

    /// What a clock shows at the start.
    pub fn clock(mut self, clock: jiff::ZonedDateTime) -> Self {
        self.0.clock = Some(clock.into());
        self
    }

    /// The licence pool.
    pub fn licences(mut self, licences: LicencesEntry) -> Self {
        self.0.licences = Some(licences);
        self
    }

    /// What the server is configured to allow.
    pub fn limits(mut self, limits: LimitsEntry) -> Self {
        self.0.limits = Some(limits);
        self
    }

    /// Adds a building.
    pub fn site(mut self, site: SiteEntry) -> Self {
        self.0.sites.push(site);
        self
    }

    /// Adds a conference.
    pub fn conference(mut self, conference: ConferenceEntry) -> Self {
        self.0.conferences.push(conference);
        self
    }

    /// Adds a person, or several alike.
    pub fn person(mut self, person: PersonEntry) -> Self {
        self.0.people.push(person);
        self
    }

    /// Adds a deed.
    pub fn step(mut self, step: StepEntry) -> Self {
        self.0.steps.push(step);
        self
    }

    /// Adds a fault.
    pub fn fault(mut self, fault: FaultEntry) -> Self {
        self.0.faults.push(fault);
        self
    }

    /// Adds a crash of the media node, which carries on after a while.
    pub fn crash(self, at: Duration, down_for: Duration) -> Self {
        self.add_crash(at, Some(down_for), None)
    }

    /// Adds a crash of the media node, after which another one carries on.
    pub fn take_over(self, at: Duration, after: Duration) -> Self {
        self.add_crash(at, None, Some(after))
    }

    fn add_crash(
        mut self,
        at: Duration,
        down_for: Option<Duration>,
        taken_over_after: Option<Duration>,
    ) -> Self {
        let text = |time| Located::from(DurationText(time));
        let [down_for, taken_over_after] = [down_for, taken_over_after].map(|time| time.map(text));
        self.0.crashes.push(CrashEntry { at: text(at), down_for, taken_over_after });
        self
    }

    /// Adds an expectation.
    pub fn expect(mut self, expectation: ExpectEntry) -> Self {
        self.0.expectations.push(expectation);
        self
    }

    /// The validated scenario.
    ///
    /// # Errors
    /// As [`Scenario::from_toml`]; the error shows the text that the entries make.
    ///
    /// # Panics
    /// Never: every entry has a TOML form.
    pub fn build(self) -> Result<Scenario, ScenarioError> {
        let text = toml::to_string(&self.0).expect("every scenario file has a TOML form");
        Scenario::from_toml(&format!("{}.toml", self.0.name.value), &text)
    }
}

impl SiteEntry {
    /// A building with a preset's link.
    pub fn new(name: &str, preset: &str) -> Self {
        Self { name: name.into(), link: preset.into(), ..Self::default() }
    }
}

impl ConferenceEntry {
    /// A conference that starts at once, in discussion mode and without a lobby.
    pub fn new(name: &str, host: &str) -> Self {
        Self { name: name.into(), host: host.into(), ..Self::default() }
    }
}

impl FaultEntry {
    /// Something that begins to happen to a building's link and changes nothing yet.
    pub fn new(at: Located<DurationText>, site: &str, direction: DirectionName) -> Self {
        Self {
            at,
            site: site.into(),
            direction,
            duration: None,
            outage: None,
            rate_kbps: None,
            delay_ms: None,
            jitter_ms: None,
            loss_percent: None,
            reorder_percent: None,
            duplicate_percent: None,
            corrupt_percent: None,
            burst_loss: None,
        }
    }
}

impl PersonEntry {
    /// A guest at a desk, without microphone, camera and screen.
    pub fn new(name: &str, site: &str, conference: &str) -> Self {
        Self { name: name.into(), site: site.into(), conference: conference.into(), ..Self::default() }
    }
}
