// Owns the bounds that browsers share with this project's other clients. The numbers are those of `media-core/src/limits.rs`
// (a test compares them), where each has its reason. Times are in milliseconds.

export const NAME_BYTES_MAX = 64;
export const COMMITTERS_MAX = 3;
export const COMMIT_DELAY = 100;
export const COMMIT_INTERVAL = 400;
export const COMMIT_TURN = 600;
export const ADDS_PER_COMMIT_MAX = 64;
export const REMOVALS_PER_COMMIT_MAX = 2;
export const BEHIND_MAX = 1_000;
export const COMMIT_ANSWER_WITHIN = 3_000;
export const WELCOME_WITHIN = 5_000;
export const OFFER_INTERVAL = 500;
export const EPOCH_OVERLAP = 5_000;
export const EPOCHS_KEPT_MAX = 16;
export const FRAME_BYTES_MAX = 1_048_576;
export const REPLAY_WINDOW = 1_024;
export const SEALED_FRAMES_MAX = 4_294_967_296;
