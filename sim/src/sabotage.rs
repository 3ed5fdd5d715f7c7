//! Owns the ways in which a part of the rehearsal can be broken on purpose, to prove that a check can fail (DET-005). The
//! engine itself has no such switch: the media node's host, an endpoint or the configuration misbehaves.

use std::{fmt, str::FromStr};

use media_core::ParticipantId;
use thiserror::Error;

/// As whom the media node brings somebody of its own: a number that no engine gives out within a rehearsal.
pub const GHOST: ParticipantId = ParticipantId(900_000);
/// Under which name.
pub const GHOST_NAME: &str = "ghost";

macro_rules! sabotages {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// One named misbehaviour.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Sabotage {
            $($(#[$doc])* $variant,)*
        }

        impl Sabotage {
            /// Every sabotage there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the command line and in replay tokens.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

sabotages! {
    /// Every start carries a licence holder's credential.
    LicenceForEverybody = "licence-for-everybody",
    /// The pool has one licence more than it should.
    OneLicenceMore = "one-licence-more",
    /// A holder's second start is charged to another holder.
    BorrowedLicence = "borrowed-licence",
    /// Moderators' requests are carried out whoever sends them.
    EveryoneModerates = "everyone-moderates",
    /// The licences' term is ignored.
    EternalLicences = "eternal-licences",
    /// One participant less than allowed gets in.
    SmallRooms = "small-rooms",
    /// One participant more than allowed gets in.
    LargeRooms = "large-rooms",
    /// An AVC room counts as many participants as it has seats.
    RoomsCountHeads = "rooms-count-heads",
    /// People without a licence are turned away.
    GuestsUnwelcome = "guests-unwelcome",
    /// Any link opens.
    OpenDoor = "open-door",
    /// Media is sent to people who wait in the lobby.
    LeakyLobby = "leaky-lobby",
    /// Media that the engine does not permit is passed on to somebody.
    AudienceSpeaks = "audience-speaks",
    /// The same, only from people who came in presenter mode.
    LateJoinerSpeaks = "late-joiner-speaks",
    /// A mode switch is acknowledged at once and takes effect 300 ms later.
    LateModeSwitch = "late-mode-switch",
    /// Endpoints go on sending whatever the mode says.
    AudienceChatters = "audience-chatters",
    /// Grants are acknowledged and forgotten.
    GrantForgotten = "grant-forgotten",
    /// Revocations are acknowledged and forgotten.
    RevokeForgotten = "revoke-forgotten",
    /// Who has no camera gets no media.
    CameraRequired = "camera-required",
    /// From its 50th packet on, each stream's numbers skip one.
    RenumberWithGap = "renumber-with-gap",
    /// Each key-frame request is sent three times within 100 ms.
    KeyFrameStorm = "key-frame-storm",
    /// All microphones are forwarded.
    AllMicrophones = "all-microphones",
    /// The first 200 ms of each utterance are dropped.
    ClipOnsets = "clip-onsets",
    /// Every 47th media packet vanishes without a trace.
    SilentDrop = "silent-drop",
    /// Media is copied into another conference.
    Leak = "leak",
    /// One bit of every 19th packet's ciphertext is flipped.
    FlipBit = "flip-bit",
    /// Endpoints send frames without sealing them.
    Plaintext = "plaintext",
    /// An endpoint without a key sends frames in clear.
    FailOpen = "fail-open",
    /// An endpoint without a key plays what it cannot open.
    PlayUnopened = "play-unopened",
    /// Media on a foreign SSRC is passed on to somebody.
    ForeignAccepted = "foreign-accepted",
    /// Access links have ten times their rate.
    WideLinks = "wide-links",
    /// Endpoints make packets of 1,300 bytes.
    BigPackets = "big-packets",
    /// Every request for a key frame goes on to all publishers at once.
    EagerKeyFrames = "eager-key-frames",
    /// While somebody reports arrivals or bit rates, a third of all packets to everybody is withheld.
    BelievesReports = "believes-reports",
    /// While somebody claims the highest audio level, everybody else counts as silent.
    LiarsWin = "liars-win",
    /// For 300 ms after somebody has come in nobody gets media.
    JoinsDisturb = "joins-disturb",
    /// Clients that cannot encrypt are let in.
    EncryptionOptional = "encryption-optional",
    /// Clients get in whatever their cipher suites are.
    AnySuite = "any-suite",
    /// The media node sends listeners frames again that they have had.
    ReplayFrames = "replay-frames",
    /// The media node sends a frame 14 seconds late.
    HoldBackFrames = "hold-back-frames",
    /// The media node joins the head of one frame and the tail of another.
    SpliceFrames = "splice-frames",
    /// The media node sends one participant's frames in another's stream.
    SwapStreams = "swap-streams",
    /// The media node says that a participant's microphone is another's.
    RelabelSender = "relabel-sender",
    /// The media node replays and swaps frames, and endpoints play whatever opens.
    PlayForged = "play-forged",
    /// The media node cuts frames off in the middle.
    TruncateFrames = "truncate-frames",
    /// The media node says that frames of pictures are of another layer.
    RelabelLayer = "relabel-layer",
    /// The media node goes on sending everything to people who are out.
    FeedTheRemoved = "feed-the-removed",
    /// The media node does that, and clients go on sealing with the key of the epoch before when somebody is out.
    RemovedListenOn = "removed-listen-on",
    /// The media node shows somebody of its own, who does not have the link's secret, and asks members to add them.
    GhostWithoutLink = "ghost-without-link",
    /// The same with the link's secret.
    ShownGhost = "shown-ghost",
    /// The media node asks members to add somebody of its own, who has the link's secret and whom it shows to nobody.
    HiddenGhost = "hidden-ghost",
    /// The same, and clients take everybody who wants in for shown.
    CredulousClients = "credulous-clients",
    /// The media node shows somebody of its own, who has the link's secret, to one member only.
    TwoFacedRoster = "two-faced-roster",
    /// The media node withholds one commit from one member.
    WithheldCommit = "withheld-commit",
    /// The same, and clients that cannot follow their group do not ask to be added anew.
    LostForGood = "lost-for-good",
    /// The media node gives members one commit twice.
    RepeatedCommit = "repeated-commit",
    /// The media node gives members an old commit once more.
    OldCommit = "old-commit",
    /// The media node gives the two halves of a group different commits under one number.
    ForkedGroup = "forked-group",
    /// The same, and clients show the verification code of the epoch before.
    StaleCodes = "stale-codes",
    /// Clients show people a roster in which one is missing.
    FalseRoster = "false-roster",
    /// Something that is not in the seed reaches the run.
    Entropy = "entropy",
    /// The seed does not reach the run.
    FixedSeed = "fixed-seed",
    /// Clients wait for the answer to a join without end.
    PatientClients = "patient-clients",
    /// Clients whose connection broke stay away.
    ClientsStayAway = "clients-stay-away",
    /// Clients pause for eight seconds before each attempt to come back.
    SlowReturn = "slow-return",
    /// Clients take three seconds of silence for a broken connection.
    ImpatientClients = "impatient-clients",
    /// Clients that come back forget who they were.
    TokensForgotten = "tokens-forgotten",
    /// A conference ends when its host's connection is gone.
    HostTakesAll = "host-takes-all",
    /// Ends of conferences are acknowledged and forgotten.
    EndForgotten = "end-forgotten",
    /// A media node that comes back from a crash has forgotten its conferences.
    CrashForgetsConferences = "crash-forgets-conferences",
    /// For 1.5 s after somebody is named presenter, nothing of theirs gets through.
    SilentSuccessor = "silent-successor",
    /// Clients whose media node is silent look for no other.
    ClientsLookNowhere = "clients-look-nowhere",
    /// Whatever carries on after a crash of the media node answers under the address of the crashed one, too.
    DeadNodeAnswers = "dead-node-answers",
    /// Publishers send pictures that nobody watches any more.
    PublishersNeverRest = "publishers-never-rest",
    /// Publishers learn 1.5 s late that somebody watches them.
    LateDemand = "late-demand",
    /// The scenario file of a failing run lacks its last person.
    ForgetfulFile = "forgetful-file",
    /// Endpoints swallow whatever people do to the mode, to locks and to hands.
    SwallowedClick = "swallowed-click",
    /// Answers to offers mention the addresses of everybody else.
    AddressesInAnswers = "addresses-in-answers",
    /// Nobody is told when the mode has changed.
    WithheldNews = "withheld-news",
    /// Every 53rd datagram of a group of buildings disappears behind the access link, and no account says so.
    SilentLink = "silent-link",
    /// What comes from a host takes longer, the higher the host's number.
    HostOrder = "host-order",
    /// The export of datagrams does not blank signalling.
    TalkativeCapture = "talkative-capture",
    /// The media node adds a header extension that names the sender.
    TalkativeHeader = "talkative-header",
    /// Endpoints lose every 31st media packet that reaches them, and count nothing.
    ForgetfulListener = "forgetful-listener",
    /// The edge that parses packets states a wrong length for one in forty.
    WrongLength = "wrong-length",
    /// An engine that carries only a part of the conferences misses one in forty packets.
    LossyShare = "lossy-share",
    /// Clients never send the commits that they make.
    SilentCommitters = "silent-committers",
    /// Clients do not tell their group that somebody has left.
    DeafToDepartures = "deaf-to-departures",
    /// Clients forget the keys of an epoch as soon as the next one has begun.
    ShortMemory = "short-memory",
    /// Clients begin to count their frames anew in the middle of an epoch.
    CounterRestarts = "counter-restarts",
    /// Clients never ask for another key.
    WornKeys = "worn-keys",
    /// Clients ask for another key after every thirty frames.
    RestlessKeys = "restless-keys",
    /// Retransmissions vanish before they leave the media node.
    NoRepair = "no-repair",
    /// Of twenty packets of sound the last five vanish on their way to whoever gets pictures, too.
    AudioLast = "audio-last",
    /// Pictures vanish before they leave the media node.
    Blindfold = "blindfold",
    /// What clients say of arrivals is kept from the engine.
    DeafServer = "deaf-server",
    /// With each packet of sound the media node sends four large ones of nothing.
    Ballast = "ballast",
    /// Pictures for every second participant vanish.
    Favourites = "favourites",
    /// When somebody has missed many packets, a third of all pictures to everybody is withheld from then on.
    SlowestSets = "slowest-sets",
    /// One in five packets of shared screens vanishes.
    ScreensLast = "screens-last",
    /// Every two seconds the media node asks for another layer in the name of each viewer.
    RestlessViewers = "restless-viewers",
}

/// No sabotage has this name.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("there is no sabotage `{0}`")]
pub struct UnknownSabotage(pub String);

impl FromStr for Sabotage {
    type Err = UnknownSabotage;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.iter().copied().find(|sabotage| sabotage.name() == name);
        found.ok_or_else(|| UnknownSabotage(name.to_owned()))
    }
}

impl fmt::Display for Sabotage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
