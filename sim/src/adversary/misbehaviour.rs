//! Owns the ways in which a client can break the rules, as data. What each of them makes a client do is in the
//! neighbouring files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! misbehaviours {
    ($($(#[$doc:meta])* $variant:ident,)*) => {
        /// How a client breaks the rules.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum Misbehaviour {
            $($(#[$doc])* $variant,)*
        }

        impl Misbehaviour {
            /// Every way there is, in the order of this list.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];
        }
    };
}

misbehaviours! {
    /// Sends every fourth media packet on an SSRC that another participant published (SEC-002).
    ForeignSsrc,
    /// Goes on sending whatever the mode and the moderators say (PRES-001).
    IgnoreMode,
    /// Sends its own earlier packets again: as they were, and under new sequence numbers (E2E-007).
    ReplayOwn,
    /// Sends what it received from others: as it came, and as its own media (E2E-007).
    ReplayOthers,
    /// Joins the head of one of its frames and the tail of another's to one packet (E2E-007).
    SpliceFrames,
    /// Sends cut-off and contradictory RTP packets (SEC-001).
    MalformedRtp,
    /// Sends cut-off and contradictory RTCP packets (SEC-001).
    MalformedRtcp,
    /// Sends signalling that is no JSON, JSON of the wrong shape, and messages beyond every limit (SEC-001).
    MalformedSignalling,
    /// Sends datagrams of random bytes beside its media (SEC-001).
    Garbage,
    /// Asks for the packets that it received last again, all the time (SEC-003).
    NackFlood,
    /// Asks every source it receives for key frames, all the time (SEC-003, FWD-004).
    KeyFrameStorm,
    /// Begins and ceases to watch every picture, all the time (SEC-003).
    WatchStorm,
    /// Reports arrivals of packets that never were: all lost, all early, all late (SEC-003).
    FalseTwcc,
    /// Claims to receive nothing, and everything, of all streams (SEC-003).
    FalseRemb,
    /// Reports wrong clocks for its own streams and for those of others (SEC-003).
    FalseClock,
    /// Claims the highest audio level in each of its packets (FWD-005).
    AlwaysLoudest,
    /// Claims the highest audio level while its microphone is silent (FWD-005).
    LoudestInSilence,
    /// Raises and lowers its hand and republishes its tracks, all the time (SEC-003).
    RequestFlood,
    /// Joins and leaves through one further connection as fast as it can (SEC-003).
    JoinStorm,
    /// Opens ten connections a second, joins through each and leaves (SEC-003).
    ConnectionStorm,
    /// Opens links with random and nearly right tokens, and with the numbers of other conferences (JOIN-002).
    GuessLinks,
    /// Goes on opening the link by which it came, which may be revoked by then (JOIN-002).
    ReuseLink,
    /// Asks for everything that only a host or a moderator may do, about everybody (LIC-003).
    ModerateWithoutRank,
    /// Publishes the SSRCs of another participant as its own and sends on them (SEC-002).
    PublishForeignSsrcs,
    /// Starts and joins with credentials and tokens of stays that nobody was given (LIC-001, LIC-003).
    ForgeCredentials,
    /// Keeps its keys when it is out, and tries them on whatever still reaches it (E2E-006).
    Eavesdrop,
    /// Seals its frames under another member's key id, with the key that belongs to it (E2E-009).
    ForgeSender,
}

#[cfg(test)]
mod tests {
    use super::Misbehaviour;

    #[test]
    fn a_name_in_a_scenario_file_is_the_variant_in_kebab_case() {
        for how in Misbehaviour::ALL {
            let name = serde_json::to_string(how).unwrap();
            assert_eq!(serde_json::from_str::<Misbehaviour>(&name).unwrap(), *how);
        }
        assert_eq!(serde_json::to_string(&Misbehaviour::FalseTwcc).unwrap(), "\"false-twcc\"");
    }
}
