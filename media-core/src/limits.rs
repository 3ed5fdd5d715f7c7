//! Owns every bound of the engine. A peer that exceeds one is refused or dropped with a name; nothing grows
//! without a line here.

use std::time::Duration;

use crate::{allowance::RateLimit, congestion::BitrateBounds};

/// Participants in one conference unless configured otherwise (CAP-003).
pub const PARTICIPANTS_MAX_DEFAULT: u32 = 50;
/// The most that configuration may raise it to (PRES-009 names 1,000).
pub const PARTICIPANTS_MAX_CONFIGURABLE: u32 = 1_000;
/// Licences unless configured otherwise (LIC-001).
pub const LICENCES_DEFAULT: u32 = 750;
/// How long a conference with nobody in it keeps its licence, so that people can reconnect; it ends after that
/// (LIC-006).
pub const EMPTY_CONFERENCE_GRACE: Duration = Duration::from_mins(1);
/// Guests of one conference who vanished and can come back as who they were; who vanished first is forgotten first. As
/// many as can be present, so that a crash of the media node forgets nobody.
pub const GUESTS_REMEMBERED_MAX: usize = PARTICIPANTS_MAX_CONFIGURABLE as usize;
/// People waiting in one lobby.
pub const LOBBY_MAX: usize = 200;
/// Live invitation links of one conference.
pub const INVITATIONS_MAX: usize = 64;
/// Bytes of a display name.
pub const NAME_BYTES_MAX: usize = 64;
/// Members of a conference's group who get the key packages of those who want in. One would do, if it never failed.
pub const COMMITTERS_MAX: usize = 3;
/// Bytes of one key package; the server keeps one of each participant. Those of this project's clients have about 300.
pub const KEY_PACKAGE_BYTES_MAX: usize = 4_096;
/// Key packages and commits of one connection, whatever its rank. Fifty people who come and go within 30 s make a hundred
/// commits, if each gets its own and one member makes them all.
pub const HANDSHAKES_PER_PEER: RateLimit = RateLimit { burst: 30, interval: Duration::from_millis(200) };
/// Begun KiB of one connection's commits, welcomes not counted: everybody in the group gets each commit, on whatever line
/// they are, so that one member costs the others no more than 1 Mbit/s in the long run. What is longer than all of it is never
/// ordered. The commit of a member who has to tell
/// all others a new secret has about 100 bytes for each of them.
pub const COMMIT_KIBIBYTES_PER_PEER: RateLimit = RateLimit { burst: 512, interval: Duration::from_millis(8) };
/// Bytes of one signalling message. The longest is a commit with its welcome, which tells newcomers the whole ratchet tree: in a
/// group of [`PARTICIPANTS_MAX_CONFIGURABLE`] with P-256 and the longest names that takes in [`ADDS_PER_COMMIT_MAX`] at once it
/// has 664,603 bytes, or about 690,000 when everybody has renewed their keys, so that the tree has no blank node. Half as much
/// again is room for clients who say more of themselves.
pub const SIGNAL_BYTES_MAX: usize = 1_000_000;
/// Tracks that one participant may publish.
pub const TRACKS_MAX: usize = 3;
/// Simulcast encodings of one track.
pub const ENCODINGS_MAX: usize = 3;
/// UDP payload of one RTP or RTCP packet (NET-007).
pub const DATAGRAM_BYTES_MAX: usize = 1_200;
/// Header extension bytes that are kept of one packet.
pub const EXTENSION_BYTES_MAX: usize = 255;
/// Templates of a dependency structure: the template id has six bits (AV1 RTP specification, A.8.2).
pub const TEMPLATES_MAX: usize = 64;
/// Decode targets of a dependency structure (five bits, AV1 RTP specification, A.8.2).
pub const DECODE_TARGETS_MAX: usize = 32;
/// Frame differences of one template that are kept.
pub const FRAME_DIFFS_MAX: usize = 8;
/// Packets per RTCP compound that are read.
pub const RTCP_PACKETS_MAX: usize = 32;
/// How far apart sequence or frame numbers of packets may lie that overtook one another.
pub const REORDER_PACKETS_MAX: u64 = 1_024;
/// How far apart timestamps of pictures may lie whose packets overtook one another: ten seconds at 90 kHz.
pub const REORDER_TICKS_MAX: u32 = 900_000;
/// Sequence numbers that are taken from one NACK.
pub const NACK_ENTRIES_MAX: usize = 256;
/// Frames that go along with one packet of redundant audio: what is lost twice in a row comes with the third.
pub const REDUNDANT_BLOCKS_MAX: usize = 2;
/// Packets per encoding kept for repair; LiveKit keeps 500 of video.
pub const REPAIR_CACHE_PACKETS: usize = 512;
/// Times that one packet is sent again to one subscriber.
pub const RETRANSMISSIONS_MAX: u8 = 3;
/// Retransmissions of one subscription that are remembered for that limit.
pub const RETRANSMISSIONS_REMEMBERED: usize = 128;
/// Skipped packets of one encoding that are asked for at once.
pub const MISSING_MAX: usize = 128;
/// How long a skipped packet may be under way before it counts as lost.
pub const REORDER_TOLERANCE: Duration = Duration::from_millis(10);
/// First pause between two requests for the same packet; it grows by itself with each try.
pub const NACK_INTERVAL: Duration = Duration::from_millis(60);
/// Requests for the same packet.
pub const NACK_TRIES_MAX: u8 = 5;
/// At most one key-frame request per source in this time (FWD-004).
pub const KEY_FRAME_REQUEST_INTERVAL: Duration = Duration::from_millis(500);
/// Key frames that one subscriber may ask of one source. Everybody who watches the source pays for each, so who asks all
/// the time is served rarely; requests that others have caused cost nothing. Jitsi Videobridge allows 3 in 10 s.
pub const KEY_FRAMES_PER_SUBSCRIPTION: RateLimit = RateLimit { burst: 4, interval: Duration::from_secs(5) };
/// Changes of what one subscriber wants of one source: each may start or stop an encoder.
pub const WATCHES_PER_SUBSCRIPTION: RateLimit = RateLimit { burst: 10, interval: Duration::from_secs(2) };
/// Requests of one connection that everybody in the conference is told of: raised and lowered hands, published tracks.
pub const NEWS_PER_PEER: RateLimit = RateLimit { burst: 30, interval: Duration::from_secs(1) };
/// Attempts of one connection to start or join.
pub const ENTRIES_PER_PEER: RateLimit = RateLimit { burst: 30, interval: Duration::from_secs(1) };
/// Pause between entries by link into one conference, beyond as many at once as it has places (twice [`LOBBY_MAX`] where
/// people wait). Whoever is known (host, moderators, who comes back) is not counted. A storm of joins by many connections with a valid link makes other guests wait, until a
/// moderator revokes the link or locks the conference; the alternative is that everybody inside pays for each.
pub const ENTRY_INTERVAL: Duration = Duration::from_millis(500);
/// Between what the estimate of a subscriber's path stays unless configured otherwise, in bits per second on the wire: at the start, at least, at most.
/// The start is two small pictures and sound; probes find more within a second. The most is nine large pictures and a
/// screen.
pub const DOWNLINK_DEFAULT: BitrateBounds = BitrateBounds { start: 600_000, min: 30_000, max: 20_000_000 };
/// What is kept free for sound beside what it cost lately: one voice more, in bits per second on the wire: Opus at 32 kbit/s in packets of
/// 20 ms, with SFrame, RTP, UDP and IP around it.
pub const AUDIO_RESERVE_BPS: u64 = 60_000;
/// Shares of loss below which redundant sound ends, and above which it begins.
pub const REDUNDANCY_LOSS: (f64, f64) = (0.005, 0.02);
/// How much may wait at the pace of a subscriber's path before pictures are kept from it. A new slide at the
/// least rate at which slides are sent takes less.
pub const PACED_BACKLOG_MAX: Duration = Duration::from_millis(1_200);
/// Pause before a picture may climb again after it fell.
pub const CLIMB_PAUSE: Duration = Duration::from_secs(10);
/// The least time between two climbs of one picture.
pub const CLIMB_INTERVAL: Duration = Duration::from_secs(1);
/// An encoding that is wanted and of which nothing has come for so long counts as not sent: its publisher's uplink does not
/// carry it.
pub const ENCODING_SILENT: Duration = Duration::from_millis(500);
/// Microphones forwarded at once unless configured otherwise (FWD-005).
pub const SPEAKERS_DEFAULT: usize = 3;
/// Level from which a microphone counts as speaking, in -dBov: louder than -50 dBov.
pub const SPEAKER_LEVEL_MIN: u8 = 50;
/// How long a forwarded microphone keeps its place after its last word.
pub const SPEAKER_HANGOVER: Duration = Duration::from_millis(500);
/// For how long a silent speaker still counts as the one who has the word, whose camera comes before the others'.
pub const SPEAKER_KEEPS_FLOOR: Duration = Duration::from_millis(1_500);
/// By how much a voice must be louder than the quietest forwarded one to take its place.
pub const SPEAKER_MARGIN_DB: f32 = 6.0;
/// For how long it must be so.
pub const SPEAKER_RISE: Duration = Duration::from_millis(100);
/// Levels that lie this near each other for [`SPEAKER_FLAT`] are not those of speech. In the recordings of
/// `fixtures/media` (two texts read out, three encoders) no 11 packets of speech in a row lie within 4 dB.
pub const SPEAKER_FLAT_DB: u8 = 3;
/// How long levels may stand still before they count as silence: five times the longest such stretch of recorded speech.
pub const SPEAKER_FLAT: Duration = Duration::from_secs(1);
/// How long a microphone may claim speech without one pause of 20 ms before it counts as silent: six times the longest
/// such stretch of recorded speech, which is 1.48 s.
pub const SPEAKER_BREATH: Duration = Duration::from_secs(10);
/// How much of a microphone that is not forwarded is held back, to be sent when it takes a place.
pub const SPEAKER_HELD: Duration = Duration::from_millis(200);
/// The same in packets of 20 ms.
pub const SPEAKER_HELD_PACKETS: usize = 10;
/// Outputs that may wait to be polled before inputs are refused.
pub const OUTPUTS_MAX: usize = 1 << 20;
/// How long a member gathers what is to be committed, and the least time between an epoch and the removal after it.
pub const COMMIT_DELAY: Duration = Duration::from_millis(100);
/// The least time between an epoch and the next one that only adds members: 50 joins within a second make three or four.
pub const COMMIT_INTERVAL: Duration = Duration::from_millis(400);
/// How long the next member waits for the one before it to commit.
pub const COMMIT_TURN: Duration = Duration::from_millis(600);
/// Newcomers in one commit: a conference of fifty comes in with one. Each adds about 1 kB to the committer's request, and a
/// thousand who come at once would make it longer than [`SIGNAL_BYTES_MAX`].
pub const ADDS_PER_COMMIT_MAX: usize = 64;
/// Removals in one commit (see `e2ee::mls`).
pub const REMOVALS_PER_COMMIT_MAX: usize = 2;
/// How long a member that sees frames of epochs it does not know waits for the commit, before it asks to be added anew: five
/// retransmission timeouts of 200 ms.
pub const BEHIND_MAX: Duration = Duration::from_secs(1);
/// How long a member waits for the answer to its commit, before it asks to be added anew: whoever orders commits has to tell
/// all members of one, the committer included.
pub const COMMIT_ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// After which time without a welcome a client offers a key package again. A welcome that is still under way then is of no use
/// any more.
pub const WELCOME_WITHIN: Duration = Duration::from_secs(5);
/// Pause before another offer when one came to nothing.
pub const OFFER_INTERVAL: Duration = Duration::from_millis(500);
/// How long frames of an epoch open after the next one has begun, for senders who hear of it later. Discord's DAVE allows
/// 10 s.
pub const EPOCH_OVERLAP: Duration = Duration::from_secs(5);
/// Epochs whose frames one endpoint opens at once, the present one included.
pub const EPOCHS_KEPT_MAX: usize = 16;
/// Bytes of one SFrame ciphertext that an endpoint opens.
pub const FRAME_BYTES_MAX: usize = 1 << 20;
/// Frames behind the newest that an SFrame receiver accepts, and packets that an SRTP receiver does (replay window).
pub const REPLAY_WINDOW: u64 = 1_024;
/// Streams of one SRTP session and direction whose numbers are remembered, for as long as it has its key: none may be
/// forgotten, or a number could be used twice.
pub const SRTP_STREAMS_MAX: usize = 1_024;
/// Senders whose keys one endpoint holds at once.
pub const SENDER_KEYS_MAX: usize = 1_024;
/// Senders that one endpoint remembers in one conference, those who left included, so that none is taken for new
/// again; until they are forgotten with their keys.
pub const KNOWN_SENDERS_MAX: usize = 65_536;
/// Frames that one sender seals with one key. At 200 frames/s it takes 248 days. With frames of 1 kB it is 2^38 AES
/// blocks, which leaves an attacker of AES-GCM an advantage of 2^-53 (draft-irtf-cfrg-aead-limits).
pub const SEALED_FRAMES_MAX: u64 = 1 << 32;
/// Transport-wide sequence numbers from the oldest to the newest that a receiver speaks of in feedback. A number further ahead
/// begins anew. A line of 50 Mbit/s carries 2,600 packets of 1,200 bytes in half a second, the longest time between two.
pub const FEEDBACK_STATUSES_MAX: usize = 4_096;
/// Packets that a sender remembers until feedback speaks of them: 0.8 s of a line of 50 Mbit/s.
pub const SENT_PACKETS_MAX: usize = 4_096;
/// Packets over which the acknowledged bitrate is measured.
pub const THROUGHPUT_PACKETS_MAX: usize = 2_048;
/// How long a peer's authenticated check is consent to send there (RFC 7675 section 5.1).
pub const CONSENT_LASTS: Duration = Duration::from_secs(30);
/// After which silence of a peer's address a check from another one moves it there, even if it does not nominate. A client
/// that is in a conference says at least every 0.1 s what has come.
pub const ADDRESS_SILENT: Duration = Duration::from_millis(500);
/// Addresses of one connection from which records and packets are taken.
pub const ADDRESSES_PER_CONNECTION: usize = 4;
/// ICE user name fragments of the media node under which one connection's checks may come: the latest, and the one before it, which
/// holds until the peer has chosen anew after a restart (RFC 8445 section 9).
pub const UFRAGS_PER_CONNECTION: usize = 2;
/// Checks of one connection whose tags are looked at. A client checks each pair of addresses every 50 ms at first (RFC 8445
/// section 14.2), later every few seconds.
pub const CHECKS_PER_CONNECTION: RateLimit = RateLimit { burst: 200, interval: Duration::from_millis(20) };
/// DTLS records of one connection that are looked at. A handshake takes about ten; flights are repeated.
pub const RECORDS_PER_CONNECTION: RateLimit = RateLimit { burst: 100, interval: Duration::from_millis(100) };
/// Pause before the first flight of a handshake is sent again, give or take a quarter; it doubles each time. Peers repeat
/// theirs sooner (libwebrtc after 50 ms, others after the 1 s of RFC 6347 section 4.2.4.1), and are answered at once. One that is
/// asked again before its own time has come may never repeat anything (webrtc-rs 0.21 stops its timer then).
pub const HANDSHAKE_FIRST_RETRY: Duration = Duration::from_millis(1_500);
/// How often a flight is sent again: the last after about 23 s.
pub const HANDSHAKE_RETRIES: usize = 4;
/// After which time a handshake that has not come to an end has failed.
pub const HANDSHAKE_LASTS: Duration = Duration::from_secs(30);
/// Bytes of one session description. A Chromium that publishes three tracks and is ready to receive three of each of 49 others
/// writes 563 kB, and answers are shorter.
pub const SDP_BYTES_MAX: usize = 1 << 20;
/// Media sections of one session description: three of the peer's own and three for each of 169 others.
pub const SDP_SECTIONS_MAX: usize = 512;
/// Bytes of an ICE user name fragment and of an ICE password (RFC 8839 section 5.4).
pub const ICE_CREDENTIAL_BYTES_MAX: usize = 256;
