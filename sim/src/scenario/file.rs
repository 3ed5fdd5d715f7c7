//! Owns the TOML form of a scenario. Values remember where they stand; what they mean together is decided in
//! validation.

use jiff::civil::Date;
use media_core::{
    MediaKind,
    signalling::{Mode, Refusal},
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{ClientKind, DurationText, Layer, Located, SeedText, schema};
use crate::{
    adversary::Misbehaviour,
    site::{
        Segment,
        file::{BurstLossSpec, LinkRef},
    },
};

/// A scenario file.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// Version of this form: 1.
    pub schema: Located<u32>,
    /// Lower-case letters, digits and hyphens.
    pub name: Located<String>,
    /// One line for reports.
    pub description: Located<String>,
    /// Simulated time until the run ends, 1 s to 1 h.
    pub duration: Located<DurationText>,
    /// Default seed when the command line gives none; 0 when absent.
    pub seed: Option<SeedText>,
    /// What a clock shows at the start, with its time zone in brackets; 2020-06-15T09:00:00[Europe/Berlin] when absent.
    #[schemars(with = "Option<String>")]
    pub clock: Option<Located<jiff::ZonedDateTime>>,
    /// The licence pool.
    pub licences: Option<LicencesEntry>,
    /// What the server is configured to allow.
    pub limits: Option<LimitsEntry>,
    /// Buildings.
    #[serde(default, rename = "site")]
    pub sites: Vec<SiteEntry>,
    /// Conferences.
    #[serde(default, rename = "conference")]
    pub conferences: Vec<ConferenceEntry>,
    /// Everybody.
    #[serde(default, rename = "person")]
    pub people: Vec<PersonEntry>,
    /// What people do beyond entering.
    #[serde(default, rename = "step", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<StepEntry>,
    /// What happens to access links.
    #[serde(default, rename = "fault", skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultEntry>,
    /// When the media node crashes.
    #[serde(default, rename = "crash", skip_serializing_if = "Vec::is_empty")]
    pub crashes: Vec<CrashEntry>,
    /// What is expected of the run.
    #[serde(default, rename = "expect", skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<ExpectEntry>,
}

/// `[licences]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LicencesEntry {
    /// How many there are; 750 when absent.
    pub count: Option<Located<u32>>,
    /// Last valid day in Berlin; 2021-10-31 when absent.
    #[schemars(with = "Option<String>")]
    pub valid_through: Option<Date>,
}

/// `[limits]`
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LimitsEntry {
    /// People in one conference, 2 to 1,000; 50 when absent.
    pub participants_max: Option<Located<u32>>,
    /// Microphones forwarded at once, 1 to 50; 3 when absent.
    pub speakers: Option<Located<u32>>,
    /// Frames that a client seals with one key before it asks for another, 50 to 1,000,000; 2^31 when absent.
    pub frames_per_key: Option<Located<u32>>,
}

/// `[[site]]`: a building, or several alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteEntry {
    /// Unique among sites.
    pub name: Located<String>,
    /// Groups sites in one simulation host.
    pub borough: Option<Located<String>>,
    /// The network in place of the preset's.
    pub segment: Option<Segment>,
    /// Makes name-1 to name-N, 1 to 1,000.
    pub count: Option<Located<u32>>,
    /// Name of a preset, or the link itself.
    pub link: Located<LinkRef>,
}

/// `[[conference]]`: a conference, or several alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConferenceEntry {
    /// Unique among conferences.
    pub name: Located<String>,
    /// The person who starts it; with a count, an entry of as many people, one for each.
    pub host: Located<String>,
    /// The mode it starts in; discussion when absent.
    #[serde(default)]
    #[schemars(schema_with = "schema::mode")]
    pub mode: Option<Mode>,
    /// Whether joiners wait until they are admitted.
    pub lobby: Option<bool>,
    /// When the host asks for it; 0 s when absent.
    pub start: Option<Located<DurationText>>,
    /// How members agree on keys: the number of an MLS cipher suite, 1 or 2; 1 when absent.
    pub mls: Option<Located<u16>>,
    /// How frames are sealed: the number of an SFrame cipher suite, 4 or 5; 4 when absent.
    pub sframe: Option<Located<u16>>,
    /// Makes name-1 to name-N, 1 to 1,000.
    pub count: Option<Located<u32>>,
}

/// `[[person]]`: a person or a room, or several alike.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PersonEntry {
    /// Unique among people.
    pub name: Located<String>,
    /// The building. People of one entry are spread over the buildings of one entry in turn.
    pub site: Located<String>,
    /// The conference they take part in. People of one entry are spread over the conferences of one entry in turn.
    pub conference: Located<String>,
    /// Whether they hold a licence.
    pub licence: Option<Located<bool>>,
    /// The person whose licence this endpoint uses too: a second device of one account.
    pub account: Option<Located<String>>,
    /// Desk when absent.
    pub kind: Option<Located<EndpointName>>,
    /// People in the room, 2 to 100; only for a room.
    pub people: Option<Located<u32>>,
    /// How the client reaches the media node; plain when absent.
    pub client: Option<ClientKind>,
    /// Whether the client can encrypt; it can when absent.
    pub encrypts: Option<bool>,
    /// The client's MLS cipher suite, also one that nobody knows; the conference's when absent.
    pub mls: Option<Located<u16>>,
    /// The client's SFrame cipher suite, also one that nobody knows; the conference's when absent.
    pub sframe: Option<Located<u16>>,
    /// Recording of the camera.
    pub camera: Option<Located<String>>,
    /// Recording of the microphone.
    pub microphone: Option<Located<String>>,
    /// Recording of the screen.
    pub screen: Option<Located<String>>,
    /// When the microphone plays its recording, as [from, to] of the run; all the time when absent.
    pub speaks: Option<Located<Vec<(DurationText, DurationText)>>>,
    /// When they open the link; 500 ms after the conference's start when absent. Not for its host.
    pub join: Option<Located<DurationText>>,
    /// Between the joins of people of one entry; 100 ms when absent.
    pub join_spacing: Option<Located<DurationText>>,
    /// Makes name-1 to name-N, 1 to 1,000.
    pub count: Option<Located<u32>>,
    /// `invitation` (when absent), `without-key`, `wrong`, `revoked` or `foreign:CONFERENCE`.
    pub link: Option<Located<String>>,
    /// Highest layer of other people's cameras and screens they ask for; high when absent.
    pub watch: Option<WatchName>,
    /// Cameras watched at once, 0 to 49; 9 when absent.
    pub tiles: Option<Located<u32>>,
}

/// What somebody sits before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EndpointName {
    /// A desk with one person.
    Desk,
    /// A room equipped for audio and video conferences.
    AvcRoom,
}

/// How much of a picture somebody asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WatchName {
    /// Nothing.
    None,
    /// At most the smallest layer.
    Low,
    /// At most the middle layer.
    Medium,
    /// Every layer.
    High,
}

impl WatchName {
    /// The layer, or none.
    pub const fn layer(self) -> Option<Layer> {
        match self {
            Self::None => None,
            Self::Low => Some(Layer::Low),
            Self::Medium => Some(Layer::Medium),
            Self::High => Some(Layer::High),
        }
    }
}

/// `[[step]]`: which of the optional fields belong to which deed is checked in validation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StepEntry {
    /// When.
    pub at: Located<DurationText>,
    /// Who acts: a person, or all people of an entry.
    pub who: Located<String>,
    /// What they do.
    #[serde(rename = "do")]
    pub verb: Located<Verb>,
    /// About whom.
    pub whom: Option<Located<String>>,
    /// For set-mode.
    #[serde(default)]
    #[schemars(schema_with = "schema::mode")]
    pub mode: Option<Located<Mode>>,
    /// For mute, unmute and grant; audio when absent.
    #[serde(default)]
    #[schemars(schema_with = "schema::media_list")]
    pub media: Option<Located<Vec<MediaKind>>>,
    /// For watch; camera when absent.
    #[serde(default)]
    #[schemars(schema_with = "schema::media")]
    pub kind: Option<Located<MediaKind>>,
    /// For watch.
    pub layer: Option<Located<WatchName>>,
    /// For misbehave.
    pub how: Option<Located<Misbehaviour>>,
    /// For move.
    pub site: Option<Located<String>>,
}

/// What a step does. The fields it needs stand in brackets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// Ask to start the conference (again).
    Start,
    /// Open the link (again).
    Join,
    /// Leave.
    Leave,
    /// End the conference for everybody.
    End,
    /// Change the mode (`mode`).
    SetMode,
    /// Let nobody in any more.
    Lock,
    /// Let people in again.
    Unlock,
    /// Let somebody in from the lobby (`whom`).
    Admit,
    /// Let in everybody who waits.
    AdmitAll,
    /// Put somebody out (`whom`).
    Remove,
    /// Take media away (`whom`, `media`).
    Mute,
    /// Give media back (`whom`, `media`).
    Unmute,
    /// Ask for the word.
    RaiseHand,
    /// Take the question back.
    LowerHand,
    /// Grant a raised hand media (`whom`, `media`).
    Grant,
    /// Revoke what was granted (`whom`).
    Revoke,
    /// Make somebody the presenter (`whom`).
    NamePresenter,
    /// Make somebody a moderator (`whom`).
    NameModerator,
    /// Give the host's role away (`whom`).
    HandOver,
    /// Make another link.
    CreateInvitation,
    /// Revoke the newest link.
    RevokeInvitation,
    /// Choose what to receive of somebody (`whom`, `kind`, `layer`).
    Watch,
    /// Begin to share the screen.
    ShareScreen,
    /// Cease to share the screen.
    StopScreen,
    /// Switch the camera on.
    CameraOn,
    /// Switch the camera off.
    CameraOff,
    /// Go over to another building's line, keeping the connection (`site`).
    Move,
    /// Break the rules in one way, in place of any other (`how`).
    Misbehave,
    /// Keep the rules again.
    Behave,
}

/// `[[fault]]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FaultEntry {
    /// When it begins.
    pub at: Located<DurationText>,
    /// Where: a building, or all buildings of an entry.
    pub site: Located<String>,
    /// Which way.
    pub direction: DirectionName,
    /// Returns to normal after this time; never when absent.
    pub duration: Option<Located<DurationText>>,
    /// Nothing passes.
    pub outage: Option<Located<bool>>,
    /// Rate in kbit/s.
    pub rate_kbps: Option<Located<u32>>,
    /// One-way delay in milliseconds.
    pub delay_ms: Option<Located<u32>>,
    /// Largest additional delay of a packet in milliseconds.
    pub jitter_ms: Option<Located<u32>>,
    /// Packets lost independently, 0 to 100.
    pub loss_percent: Option<Located<f64>>,
    /// Packets overtaken, 0 to 100.
    pub reorder_percent: Option<Located<f64>>,
    /// Packets that arrive twice, 0 to 100.
    pub duplicate_percent: Option<Located<f64>>,
    /// Packets that arrive damaged, 0 to 100.
    pub corrupt_percent: Option<Located<f64>>,
    /// Packets lost in bursts.
    pub burst_loss: Option<Located<BurstLossSpec>>,
}

/// `[[crash]]`: the media node crashes. It carries on from its control state after `down_for`, or another one does after
/// `taken_over_after`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CrashEntry {
    /// When.
    pub at: Located<DurationText>,
    /// How long it is down; it is up again before the run ends.
    pub down_for: Option<Located<DurationText>>,
    /// After which time another media node, with another address, carries on; before the run ends. The crashed one stays
    /// down.
    pub taken_over_after: Option<Located<DurationText>>,
}

/// Which way a fault acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DirectionName {
    /// To the building.
    Down,
    /// From the building.
    Up,
    /// Both.
    Both,
}

/// `[[expect]]`: what is expected of some people.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExpectEntry {
    /// A name, or a pattern in which `*` stands for any characters.
    pub who: Located<String>,
    /// Whether they were in a conference at any time.
    pub joined: Option<Located<bool>>,
    /// They met this refusal at least once.
    #[serde(default)]
    #[schemars(schema_with = "schema::refusal")]
    pub refused: Option<Located<Refusal>>,
    /// Mean opinion score, 1 to 4.5.
    pub audio_mos_min: Option<Located<f64>>,
    /// Mean opinion score, 1 to 4.5.
    pub audio_mos_max: Option<Located<f64>>,
    /// Share of audio time concealed, 0 to 1.
    pub audio_concealment_min: Option<Located<f64>>,
    /// Share of audio time concealed, 0 to 1.
    pub audio_concealment_max: Option<Located<f64>>,
    /// Longest run of concealed audio in milliseconds.
    pub audio_longest_gap_ms_min: Option<Located<f64>>,
    /// Longest run of concealed audio in milliseconds.
    pub audio_longest_gap_ms_max: Option<Located<f64>>,
    /// From microphone to loudspeaker in milliseconds, 95th percentile.
    pub mouth_to_ear_ms_min: Option<Located<f64>>,
    /// From microphone to loudspeaker in milliseconds, 95th percentile.
    pub mouth_to_ear_ms_max: Option<Located<f64>>,
    /// From opening the link to being in, in milliseconds.
    pub entered_ms_min: Option<Located<f64>>,
    /// From opening the link to being in, in milliseconds.
    pub entered_ms_max: Option<Located<f64>>,
    /// From opening the link to the first audio heard, in milliseconds.
    pub first_audio_ms_min: Option<Located<f64>>,
    /// From opening the link to the first audio heard, in milliseconds.
    pub first_audio_ms_max: Option<Located<f64>>,
    /// From wanting a stream to its first whole frame, in milliseconds.
    pub first_frame_ms_min: Option<Located<f64>>,
    /// From wanting a stream to its first whole frame, in milliseconds.
    pub first_frame_ms_max: Option<Located<f64>>,
    /// Share of watching time frozen, 0 to 1.
    pub frozen_share_min: Option<Located<f64>>,
    /// Share of watching time frozen, 0 to 1.
    pub frozen_share_max: Option<Located<f64>>,
    /// Number of freezes.
    pub freezes_min: Option<Located<f64>>,
    /// Number of freezes.
    pub freezes_max: Option<Located<f64>>,
    /// Received rate in kbit/s of RTP payload.
    pub video_kbps_min: Option<Located<f64>>,
    /// Received rate in kbit/s of RTP payload.
    pub video_kbps_max: Option<Located<f64>>,
    /// Frames of which a part arrived but not the whole.
    pub torn_frames_min: Option<Located<f64>>,
    /// Frames of which a part arrived but not the whole.
    pub torn_frames_max: Option<Located<f64>>,
}

impl Default for StepEntry {
    fn default() -> Self {
        Self::new(DurationText::default(), "", Verb::Leave)
    }
}

impl StepEntry {
    /// A deed without particulars.
    pub fn new(at: impl Into<DurationText>, who: &str, verb: Verb) -> Self {
        Self {
            at: at.into().into(),
            who: who.into(),
            verb: verb.into(),
            whom: None,
            mode: None,
            media: None,
            kind: None,
            layer: None,
            how: None,
            site: None,
        }
    }
}
