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

// Of the page alone. Those of coming back are the rehearsal's (`sim/src/endpoint/entry.rs`), where each has its reason.

/** How long a request may be without an answer before the connection is taken for lost: shorter outages cost nobody a new join. */
export const ANSWER_WITHIN = 15_000;
/** How long a WebSocket may take to open. */
export const OPEN_WITHIN = 2_500;
/** After which time the server is asked whether it is there. */
export const QUESTION_INTERVAL = 5_000;
/** Pause before the first attempt to come back at most; it doubles with each further one. */
export const PAUSE_FIRST = 250;
export const PAUSE_MAX = 1_000;
/** How long a page tries to come back. */
export const RETURN_MAX = 180_000;
/** How long a path may be silent before another one is looked for (RFC 8445 section 2.4), and pause between two such searches. */
export const RESTART_AFTER = 1_000;
export const RESTART_INTERVAL = 4_000;
/** Searches for a path after which the connection is made anew. */
export const RESTARTS_MAX = 4;
