//! Owns the recorded frames, and when each of them is due. The recording is played over and over.

use std::time::Duration;

/// What Chromium's encoders made (`page/test/browser/record.js` says in which form).
const RECORDING: &[u8] = include_bytes!("../../page/test/recordings/participant.frames");
/// Bytes in front of each frame.
const HEAD_BYTES: usize = 9;
const SOUND: u8 = 0;
const KEY_PICTURE: u8 = 2;

/// One recorded frame.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// RTP time in the clock of its medium.
    pub(crate) time: u32,
    pub(crate) key: bool,
    pub(crate) bytes: &'static [u8],
}

/// The frames of one medium, again and again. They begin with a key frame.
#[derive(Debug)]
pub(crate) struct Recording {
    frames: Vec<Frame>,
    clock_rate: u32,
    next: usize,
    /// RTP time at which the present round has begun.
    begun: u32,
}

impl Recording {
    pub(crate) fn sound() -> Self {
        Self::of(48_000, |kind| kind == SOUND)
    }

    pub(crate) fn pictures() -> Self {
        Self::of(90_000, |kind| kind != SOUND)
    }

    fn of(clock_rate: u32, wanted: impl Fn(u8) -> bool) -> Self {
        let word = |bytes: &[u8]| bytes.iter().fold(0, |word, byte| word << 8 | u32::from(*byte));
        let mut frames = Vec::new();
        let mut rest = RECORDING;
        while let Some((head, behind)) = rest.split_at_checked(HEAD_BYTES) {
            let (bytes, behind) = behind.split_at(word(&head[5..]) as usize);
            if wanted(head[0]) {
                frames.push(Frame { time: word(&head[1..5]), key: head[0] == KEY_PICTURE, bytes });
            }
            rest = behind;
        }
        assert!(frames.len() > 1, "the recording has frames of every medium");
        Self { frames, clock_rate, next: 0, begun: 0 }
    }

    /// RTP time of the next frame since the first.
    fn next_time(&self) -> u32 {
        self.begun.wrapping_add(self.frames[self.next].time.wrapping_sub(self.frames[0].time))
    }

    /// When the next frame is due, since the first.
    pub(crate) fn due(&self) -> Duration {
        Duration::from_secs_f64(f64::from(self.next_time()) / f64::from(self.clock_rate))
    }

    /// The next frame; its time goes on from round to round.
    pub(crate) fn take(&mut self) -> Frame {
        let frame = Frame { time: self.next_time(), ..self.frames[self.next].clone() };
        self.next += 1;
        if self.next == self.frames.len() {
            self.rewind();
        }
        frame
    }

    /// Goes on with the first frame, which can be decoded by itself.
    pub(crate) fn rewind(&mut self) {
        if self.next > 0 {
            self.next -= 1;
            let last = self.next_time();
            let pause = self.frames[1].time.wrapping_sub(self.frames[0].time);
            (self.begun, self.next) = (last.wrapping_add(pause), 0);
        }
    }
}
