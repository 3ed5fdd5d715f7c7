// Owns how long the page waits for what, in milliseconds, and how often it tries. What concerns coming back is the rehearsal's
// (`sim/src/endpoint/entry.rs`), where each number has its reason.

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
