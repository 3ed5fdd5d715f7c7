//! Owns what a participant leaves behind for judges: figures of experience and counts.

use media_core::{
    DropCounters, MediaKind, ParticipantId, PeerId, Ssrc, Timestamp,
    signalling::{Member, Mode},
};

use super::{EncryptionRecord, Endpoint, FrameCounters, ReceivedTrack, SealedFrame};
use crate::{
    adversary::Overheard,
    quality::{AudioMeter, VideoMeter},
    record::{JoinReport, ParticipantReport},
    sabotage::Sabotage,
    timeline::{ParticipantTimeline, Viewing},
};

/// How a client used its line to the server, over all its stays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UplinkRecord {
    /// Frames of pictures that were made and sealed and never sent, because they had waited for their turn for more than half
    /// a second.
    pub given_up_frames: u64,
    /// Times that an encoding was switched off because the line did not carry it.
    pub switched_off: u64,
    /// Packets of padding that looked for what the line carries.
    pub probes: u64,
    /// Packets of audio that carried those before them.
    pub redundant: u64,
    /// Feedback on arrivals that came from the server.
    pub feedback: u64,
}

/// A person after the run.
#[derive(Clone, Debug)]
pub struct PersonRecord {
    /// What they experienced.
    pub report: ParticipantReport,
    /// The same over time.
    pub timeline: ParticipantTimeline,
    /// As whom they took part, in order.
    pub stays: Vec<ParticipantId>,
    /// Every SSRC they ever published, with what it carried.
    pub published: Vec<(Ssrc, MediaKind)>,
    /// What became of the frames that arrived, over all tracks.
    pub frames: FrameCounters,
    /// Every track that was ever received, in the order in which they ended.
    pub received: Vec<ReceivedTrack>,
    /// The frames that this person's client sealed.
    pub sealed: Vec<(MediaKind, SealedFrame)>,
    /// How its line to the server was used.
    pub uplink: UplinkRecord,
    /// How its end-to-end encryption went.
    pub encrypted: EncryptionRecord,
    /// What they heard when they should not, if they are an eavesdropper.
    pub overheard: Overheard,
    /// What of the network's input was refused.
    pub refused: DropCounters,
    /// What they believe at the end; absent outside.
    pub view: Option<ClientView>,
}

/// A conference as one of its participants knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientView {
    /// Through which connection.
    pub peer: PeerId,
    /// As whom; absent in the lobby.
    pub participant: Option<ParticipantId>,
    /// The mode.
    pub mode: Mode,
    /// Everybody present, by number.
    pub roster: Vec<Member>,
}

impl Endpoint {
    /// The run is over.
    pub fn finish(mut self, now: Timestamp, site: &str) -> PersonRecord {
        for incoming in std::mem::take(&mut self.incoming) {
            self.keep(incoming, now);
        }
        for publisher in std::mem::take(&mut self.publishers) {
            self.on_unpublished(&publisher);
        }
        let timeline = self.timeline();
        let heard = self.received.iter().filter_map(|track| track.heard.as_ref());
        let seen = self.received.iter().filter_map(|track| track.seen.as_ref());
        let millis = |duration: std::time::Duration| duration.as_nanos() as f64 / 1e6;
        PersonRecord {
            report: ParticipantReport {
                name: self.person.name.clone(),
                site: site.to_owned(),
                audio: AudioMeter::report(heard),
                video: VideoMeter::report(seen, now),
                join: JoinReport {
                    first_audio_ms: self.heard_after.map(millis),
                    entered_ms: self.entered_after.map(millis),
                },
            },
            timeline,
            stays: self.stays,
            published: self.published,
            frames: self.frames,
            received: self.received,
            sealed: self.sealed,
            uplink: UplinkRecord {
                switched_off: self.uplink_record.switched_off + self.adaptation.switched_off(),
                ..self.uplink_record
            },
            encrypted: self.encrypted,
            overheard: self.adversary.finish(),
            refused: self.refused,
            view: self.session.view().map(|view| shown(view, self.sabotage)),
        }
    }

    fn timeline(&self) -> ParticipantTimeline {
        let mut seen = Viewing::new(self.grid);
        for meter in self.received.iter().filter_map(|track| track.seen.as_ref()) {
            seen.merge(meter.line());
        }
        let mut timeline = ParticipantTimeline::default();
        self.hearing.write(&mut timeline);
        seen.write(&mut timeline);
        self.receiving.write(&mut timeline);
        timeline
    }
}

/// What a client shows of its view, which is all of it unless it is broken on purpose.
fn shown(mut view: ClientView, sabotage: Option<Sabotage>) -> ClientView {
    if sabotage == Some(Sabotage::FalseRoster) {
        view.roster.pop();
    }
    view
}
