//! Owns the comparison of what the engine says of itself with what its outputs said: how many are in, which accounts
//! there are, that they balance, and that nothing is kept beyond its limit.

use media_core::{
    engine::Engine,
    forwarding::{SubscriptionReport, TrackReport},
    limits::{LOBBY_MAX, SPEAKER_HELD_PACKETS, TRACKS_MAX},
};

use super::{
    super::{
        super::{Verdict, require},
        LICENCES, PARTICIPANTS_MAX,
    },
    Ledger, Occasion,
};

impl Ledger {
    /// Packets that all tracks have received so far.
    #[expect(clippy::unused_self, reason = "it is read before an input and compared by the audit after it")]
    pub(in super::super) fn received(&self, engine: &Engine) -> u64 {
        engine.reports().0.iter().map(|track| track.received).sum()
    }

    /// Holds the engine's own counts against what was seen. `received_before` was read before the input.
    pub(in super::super) fn audit(
        &self,
        engine: &Engine,
        received_before: u64,
        occasion: Occasion,
    ) -> Verdict {
        let statistics = engine.statistics();
        let licences = LICENCES as usize;
        require(statistics.present == self.inside.len(), || {
            format!("{} are in, {statistics:?}", self.inside.len())
        })?;
        require(statistics.conferences <= licences, || format!("{statistics:?} with {licences} licences"))?;
        require(statistics.waiting <= licences * LOBBY_MAX, || format!("{statistics:?}"))?;
        let (tracks, views) = engine.reports();
        for track in &tracks {
            self.audit_track(track)?;
        }
        for view in &views {
            self.audit_view(view)?;
        }
        require(tracks.len() <= statistics.present * TRACKS_MAX, || format!("{} tracks", tracks.len()))?;
        require(views.len() == self.views.len(), || {
            format!("{} views, of which {} were told", views.len(), self.views.len())
        })?;
        for conference in self.inside.values().map(|presence| presence.conference) {
            let there = self.inside.values().filter(|other| other.conference == conference).count();
            require(there <= PARTICIPANTS_MAX as usize, || format!("{there} in conference {conference}"))?;
        }
        if let Occasion::Rtp(_) = occasion {
            let received: u64 = tracks.iter().map(|track| track.received).sum();
            require(received <= received_before + 1, || "one packet counts more than once".to_owned())?;
        }
        Ok(())
    }

    fn audit_track(&self, track: &TrackReport) -> Verdict {
        require(track.balances(), || format!("does not balance: {track:?}"))?;
        require(track.held <= SPEAKER_HELD_PACKETS as u64, || format!("holds too much: {track:?}"))?;
        let presence = self.peer_of(track.source).and_then(|peer| self.inside.get(&peer));
        require(presence.is_some_and(|presence| presence.conference == track.conference), || {
            format!("a track of somebody who is not there: {track:?}")
        })
    }

    fn audit_view(&self, view: &SubscriptionReport) -> Verdict {
        require(view.balances(), || format!("does not balance: {view:?}"))?;
        require(view.source != view.subscriber, || format!("of one's own: {view:?}"))?;
        let conference =
            |who| self.peer_of(who).and_then(|peer| self.inside.get(&peer)).map(|at| at.conference);
        let there = [view.source, view.subscriber].map(conference);
        require(there == [Some(view.conference); 2], || format!("across conferences: {view:?}, {there:?}"))
    }
}
