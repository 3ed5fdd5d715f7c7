// Owns the memory of what was accepted of one sender (RFC 9605 section 9.3): the newest counter, and which of the
// `REPLAY_WINDOW` before it were seen. Counters are BigInt.

import { REPLAY_WINDOW } from "../limits.js";

const SPAN = BigInt(REPLAY_WINDOW);
/** One place more than the window, so that the newest frame has its own beside all those behind it. */
const PLACES = REPLAY_WINDOW + 1;

export class ReplayWindow {
    #newest = -1n;
    #seen = new Array(PLACES).fill(-1n);

    /** Why something may not be accepted, or `null`. Changes nothing: an attacker can write any counter. */
    check(counter) {
        if (counter > this.#newest) return null;
        if (this.#newest - counter > SPAN) return "BeyondReplayWindow";
        return this.#seen[place(counter)] === counter ? "Replayed" : null;
    }

    /** Remembers something whose tag was verified and that `check` let pass. */
    onAuthentic(counter) {
        if (counter > this.#newest) this.#newest = counter;
        this.#seen[place(counter)] = counter;
    }
}

function place(counter) {
    return Number(counter % BigInt(PLACES));
}
