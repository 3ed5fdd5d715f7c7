//! Owns what is sent: recorded frames when they are due, each sealed whole. Without a key nothing is sent.

use std::time::Duration;

use media_core::{
    Codec, MediaKind,
    e2ee::{FrameMetadata, mls::Membership},
    rtp::{dependency::DependencyStructure, ext::AudioLevel},
};

use crate::{
    connection::{AUDIO_LEVEL, Connection, DEPENDENCY_DESCRIPTOR, Medium},
    pictures,
    recording::{Frame, Recording},
};

/// A microphone and a camera.
pub(crate) struct Outgoing {
    sound: Recording,
    pictures: Recording,
    structure: DependencyStructure,
    frame_number: u16,
    /// Frames that were sealed and sent.
    pub(crate) sealed: u64,
}

impl Outgoing {
    pub(crate) fn new() -> Self {
        Self {
            sound: Recording::sound(),
            pictures: Recording::pictures(),
            structure: DependencyStructure::l1t1(320, 240),
            frame_number: 0,
            sealed: 0,
        }
    }

    /// When the next frame is due, since the first.
    pub(crate) fn due(&self) -> Duration {
        self.sound.due().min(self.pictures.due())
    }

    /// Somebody needs a key frame.
    pub(crate) fn begin_anew(&mut self) {
        self.pictures.rewind();
    }

    /// Sends what is due at `since` the beginning.
    pub(crate) async fn send(
        &mut self,
        since: Duration,
        membership: &mut Membership,
        connection: &mut Connection,
    ) {
        while self.sound.due() <= since {
            let frame = self.sound.take();
            let Some(sealed) = self.seal(&frame, MediaKind::Audio, membership) else { continue };
            // Levels that stand still are no speech.
            let level = AudioLevel { level: 10 + (frame.time / 960 % 7) as u8 * 3, voice: true };
            connection
                .send(Medium::Audio, (frame.time, false), (AUDIO_LEVEL, level.bytes().to_vec()), sealed)
                .await;
        }
        while self.pictures.due() <= since {
            let frame = self.pictures.take();
            let Some(sealed) = self.seal(&frame, MediaKind::Camera, membership) else { continue };
            for part in pictures::cut(&self.structure, self.frame_number, frame.key, &sealed) {
                let extension = (DEPENDENCY_DESCRIPTOR, part.descriptor);
                connection.send(Medium::Video, (frame.time, part.is_last), extension, part.payload).await;
            }
            self.frame_number = self.frame_number.wrapping_add(1);
        }
    }

    fn seal(&mut self, frame: &Frame, kind: MediaKind, membership: &mut Membership) -> Option<Vec<u8>> {
        let is_picture = kind == MediaKind::Camera;
        let metadata = FrameMetadata {
            kind,
            codec: if is_picture { Codec::Vp8 } else { Codec::Opus },
            spatial_layer: 0,
            temporal_layer: 0,
            key_frame: frame.key,
            frame_number: if is_picture { self.frame_number } else { 0 },
        };
        let mut sealed = Vec::new();
        membership.sealer()?.seal(frame.bytes, &metadata.to_bytes(), &mut sealed).ok()?;
        self.sealed += 1;
        Some(sealed)
    }
}
