//! Owns what has been agreed with one peer, from its first offer to its last: which section carries what, and under which SSRCs
//! the session knows its encodings.

mod places;
mod sources;

use std::fmt;

use super::{
    answer::Answer,
    description::{IceCredentials, LocalDescription, RemoteDescription},
    dialect::Dialect,
    offer::{self, Offer},
    refusal::SdpRefusal,
    section::text,
};
use crate::{
    Ssrc,
    signalling::{TrackInfo, TrackOffer},
};
pub(super) use places::Place;

/// What one peer and the media node have agreed on.
#[derive(Clone, Debug)]
pub struct Negotiation {
    local: LocalDescription,
    /// For the answer to an ICE restart.
    spare: Option<IceCredentials>,
    /// Of the last offer that was answered.
    remote: Option<RemoteDescription>,
    /// How many offers were answered.
    version: u64,
    places: Vec<Place>,
    dialect: Dialect,
}

/// What came of one offer.
#[derive(Clone, PartialEq, Eq)]
pub struct Agreement {
    /// For the peer.
    pub answer: String,
    /// What the peer says of itself.
    pub remote: RemoteDescription,
    /// What the media node said of itself: other credentials than before after an ICE restart.
    pub local_ice: IceCredentials,
    /// Whether the peer restarts ICE (RFC 8839 section 4.4.1.1.1).
    pub restarts_ice: bool,
    /// Every track that the peer sends from now on, under the session's SSRCs.
    pub publish: Vec<TrackOffer>,
    /// Sections that the peer does not get as it offered them, by their mids.
    pub refused: Vec<(String, SdpRefusal)>,
    /// How many of the tracks found no section that could carry them.
    pub unplaced: usize,
}

impl fmt::Debug for Agreement {
    /// Without the answer, in which the password stands.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Agreement")
            .field("remote", &self.remote)
            .field("restarts_ice", &self.restarts_ice)
            .field("publish", &self.publish)
            .field("refused", &self.refused)
            .field("unplaced", &self.unplaced)
            .finish_non_exhaustive()
    }
}

impl Negotiation {
    /// Before the first offer.
    pub fn new(local: LocalDescription) -> Self {
        let (places, dialect) = (Vec::new(), Dialect::default());
        Self { local, spare: None, remote: None, version: 0, places, dialect }
    }

    /// Lays in credentials for the answer to an ICE restart, in which both ends have to change theirs (RFC 8839 section
    /// 4.4.3). Without them a restart is answered with those in use.
    pub fn set_spare_ice(&mut self, spare: IceCredentials) {
        self.spare = Some(spare);
    }

    /// The translation of this peer's packets, as the last offer that was answered has it.
    pub const fn dialect(&self) -> &Dialect {
        &self.dialect
    }

    /// The same, for what comes from the peer.
    pub const fn dialect_mut(&mut self) -> &mut Dialect {
        &mut self.dialect
    }

    /// Answers an offer. `tracks` is everything that this peer can receive at the moment. `fresh_ssrc` gives random SSRCs, for
    /// encodings of which the offer does not say under which ones they come.
    ///
    /// # Errors
    /// The reason for which the whole offer is not served; nothing has changed then.
    pub fn answer(
        &mut self,
        offer: &str,
        tracks: &[TrackInfo],
        fresh_ssrc: &mut dyn FnMut() -> Ssrc,
    ) -> Result<Agreement, SdpRefusal> {
        let session = offer::parse(offer)?;
        let mut offer = Offer::read(&session)?;
        if self.remote.as_ref().is_some_and(|remote| remote.fingerprint != offer.remote.fingerprint) {
            return Err(SdpRefusal::CertificateChanged);
        }
        let mut places = places::follow(&self.places, &offer)?;
        let published = places::assign_roles(&mut places, &mut offer)?;
        let (publish, sources) = sources::of(published, self.dialect.sources(), fresh_ssrc)?;
        let unplaced = places::assign_tracks(&mut places, &mut offer, tracks);
        if offer.sections.iter().all(|section| section.rejected) {
            let reason = offer.sections.iter().find_map(|section| section.refused);
            return Err(reason.unwrap_or(SdpRefusal::NoCommonCodec));
        }
        let restarts_ice = self.remote.as_ref().is_some_and(|remote| remote.ice != offer.remote.ice);
        if let Some(spare) = self.spare.take_if(|_| restarts_ice) {
            self.local.ice = spare;
        }
        self.version += 1;
        let answer =
            Answer { offer: &offer, places: &places, tracks, local: &self.local, version: self.version };
        let answer = answer.write();
        let refused = offer
            .sections
            .iter()
            .filter_map(|section| section.refused.map(|reason| (text(&section.mid).to_owned(), reason)));
        let refused = refused.collect();
        self.dialect = Dialect::new(&offer.payload_types, &offer.extension_ids, sources);
        self.places = places;
        self.remote = Some(offer.remote.clone());
        let local_ice = self.local.ice.clone();
        Ok(Agreement { answer, remote: offer.remote, local_ice, restarts_ice, publish, refused, unplaced })
    }
}
