//! Owns what the forwarder keeps of one participant: what they may send, on which SSRCs, and what they receive.

use super::{SubscriptionIndex, TrackIndex, downlink::Downlink};
use crate::{
    ids::{ConferenceId, ParticipantId, PeerId, Ssrc},
    media::Permissions,
};

/// An SSRC that a participant published.
#[derive(Clone, Copy, Debug)]
pub(super) struct PublishedSsrc {
    pub(super) ssrc: Ssrc,
    pub(super) track: TrackIndex,
    pub(super) encoding: u8,
    pub(super) retransmissions: bool,
}

/// A participant. As with [`Downlink`], what each copy of a packet needs stands first.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Member {
    pub(super) peer: PeerId,
    pub(super) participant: ParticipantId,
    pub(super) conference: ConferenceId,
    pub(super) permissions: Permissions,
    /// Packets reach the peer.
    pub(super) connected: bool,
    /// The path to this peer.
    pub(super) downlink: Downlink,
    /// At most 18 entries (three tracks of three encodings with retransmissions): a scan is quicker than a search.
    pub(super) published: Vec<PublishedSsrc>,
    pub(super) tracks: Vec<TrackIndex>,
    /// Sorted by SSRC.
    pub(super) subscriptions: Vec<(Ssrc, SubscriptionIndex)>,
    /// Those among them that are pictures and wanted, sorted by SSRC, too: what the path's budget is divided among.
    pub(super) watched: Vec<(Ssrc, SubscriptionIndex)>,
}

impl Member {
    /// The published encoding that uses `ssrc` (SEC-002: there is no other way to a track).
    pub(super) fn published(&self, ssrc: Ssrc) -> Option<PublishedSsrc> {
        self.published.iter().copied().find(|published| published.ssrc == ssrc)
    }

    /// The subscription that this member knows under `ssrc`.
    pub(super) fn subscription(&self, ssrc: Ssrc) -> Option<SubscriptionIndex> {
        let at = self.subscriptions.binary_search_by_key(&ssrc, |(known, _)| *known).ok()?;
        Some(self.subscriptions[at].1)
    }

    pub(super) fn add_subscription(&mut self, ssrc: Ssrc, subscription: SubscriptionIndex) {
        let at = self.subscriptions.partition_point(|(known, _)| *known < ssrc);
        self.subscriptions.insert(at, (ssrc, subscription));
    }

    pub(super) fn remove_subscription(&mut self, subscription: SubscriptionIndex) {
        self.subscriptions.retain(|(_, known)| *known != subscription);
        self.watched.retain(|(_, known)| *known != subscription);
    }

    /// A picture is wanted from here on, or not any more.
    pub(super) fn set_watched(&mut self, ssrc: Ssrc, subscription: SubscriptionIndex, is_watched: bool) {
        match self.watched.binary_search_by_key(&ssrc, |(known, _)| *known) {
            Ok(at) if !is_watched => _ = self.watched.remove(at),
            Err(at) if is_watched => self.watched.insert(at, (ssrc, subscription)),
            Ok(_) | Err(_) => {}
        }
    }
}
