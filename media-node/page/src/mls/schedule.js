// Owns when a member commits, gives up following, and asks anew, as `media_core::e2ee::mls::membership::schedule` does. Times
// are milliseconds of the member's own clock; `null` is never.

import {
    BEHIND_MAX, COMMITTERS_MAX, COMMIT_DELAY, COMMIT_INTERVAL, COMMIT_TURN, OFFER_INTERVAL, WELCOME_WITHIN,
} from "../limits.js";

export class Schedule {
    #commitAt = null;
    /** When to ask again to be added. */
    offerAt = null;
    /** Whether fresh keys of this member's own are wanted. */
    renew = false;
    #wantedSince = null;
    #changedAt = 0;
    #notBefore = 0;
    #aheadSince = null;

    /** Another epoch has begun. */
    onEpoch(now) {
        this.#changedAt = now;
        this.#aheadSince = null;
        this.offerAt = null;
        this.rest();
    }

    /** The group is in an epoch that this member does not know. */
    onAhead(now) {
        this.#aheadSince ??= now;
    }

    /**
     * A commit was ordered that this member did not believe. If others did, their frames will say so; until then it must not
     * commit, or there would be two groups.
     */
    onDoubt(now) {
        this.#notBefore = now + BEHIND_MAX;
    }

    /** A key package was sent. */
    onOffer(now) {
        this.#aheadSince = null;
        this.rest();
        this.offerAt = now + WELCOME_WITHIN;
    }

    /** A welcome came to nothing. */
    onTurnedDown(now) {
        this.offerAt = now + OFFER_INTERVAL;
    }

    /** The server refused: a commit, or while `outside` an offer. */
    onRefused(now, outside) {
        this.#notBefore = now + COMMIT_DELAY;
        if (outside) this.offerAt = now + OFFER_INTERVAL;
    }

    /** When to commit. Who may be behind does not: it would go on beside the group. */
    get commitAt() {
        return this.#aheadSince === null ? this.#commitAt : null;
    }

    /** When to ask to be added anew. */
    get leaveAt() {
        return this.#aheadSince === null ? null : this.#aheadSince + BEHIND_MAX;
    }

    /** There is nothing to commit. */
    rest() {
        this.#commitAt = null;
        this.#wantedSince = null;
    }

    /**
     * There may be something to commit; `rank` members come before this one. Those who come are gathered, so that many at once
     * make few epochs; who is to go, goes soon.
     */
    plan(now, adds, removes, rank) {
        if (!adds && !removes && !this.renew) return this.rest();
        this.#wantedSince ??= now;
        const spacing = removes ? COMMIT_DELAY : COMMIT_INTERVAL;
        // Fresh keys of one's own nobody else can commit.
        const turns = this.renew ? 0 : Math.min(rank, COMMITTERS_MAX);
        const at = Math.max(this.#wantedSince + COMMIT_DELAY, this.#changedAt + spacing) + COMMIT_TURN * turns;
        this.#commitAt = Math.max(at, this.#notBefore);
    }
}
