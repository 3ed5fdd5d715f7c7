//! Owns how often one connection may ask for what others feel (SEC-003). What only moderators may ask for is not counted: who
//! has that rank was trusted with worse. What only the asker gets an answer to is not counted either.

use crate::{
    allowance::Allowance,
    limits::{COMMIT_KIBIBYTES_PER_PEER, ENTRIES_PER_PEER, HANDSHAKES_PER_PEER, NEWS_PER_PEER},
    signalling::{Refusal, Request},
    time::Timestamp,
};

/// What one connection has used up.
#[derive(Debug, Default)]
pub(super) struct PeerAllowances {
    entries: Allowance,
    news: Allowance,
    handshakes: Allowance,
    commit_kibibytes: Allowance,
}

impl PeerAllowances {
    /// Charges a request, whatever becomes of it.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "other requests are bounded by rank or by what they are about"
    )]
    pub(super) fn take(&mut self, now: Timestamp, request: &Request) -> Result<(), Refusal> {
        let allowed = match request {
            Request::Start { .. } | Request::Join { .. } => self.entries.take(now, ENTRIES_PER_PEER),
            Request::Publish { .. } | Request::Negotiate { .. } | Request::RaiseHand | Request::LowerHand => {
                self.news.take(now, NEWS_PER_PEER)
            }
            Request::OfferKeyPackage { .. } => self.handshakes.take(now, HANDSHAKES_PER_PEER),
            Request::Commit { commit, .. } => {
                let kibibytes = commit.as_bytes().len().div_ceil(1_024) as u32;
                self.handshakes.take(now, HANDSHAKES_PER_PEER)
                    && self.commit_kibibytes.take_many(now, kibibytes, COMMIT_KIBIBYTES_PER_PEER)
            }
            _ => true,
        };
        if allowed { Ok(()) } else { Err(Refusal::TooManyRequests) }
    }
}
