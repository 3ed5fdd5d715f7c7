//! Owns the definitions by which a rehearsal is judged: what a listener heard ([`AudioMeter`]) and what a viewer saw
//! ([`VideoMeter`]). Each formula names its source. Thresholds are absent: whether a figure is good enough is for
//! the checks to say.

mod audio;
mod mos;
mod video;

pub use audio::AudioMeter;
pub use mos::mean_opinion_score;
pub use video::VideoMeter;
