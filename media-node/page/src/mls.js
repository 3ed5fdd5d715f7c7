// Owns one stay's part in the end-to-end encryption of a conference: what to say to the others, by way of the server, when to
// bring the group into its next epoch, and the keys that follow. It does what `media_core::e2ee::mls::Membership` does, and
// believes the server in nothing but the order of messages.
//
// It knows no clock and no connection: the caller says what time it is (milliseconds), gives it what the server says, calls
// `handleTimeout` at `timeout()`, and sends what `take()` gives. Cryptography of browsers is asynchronous: each call has to
// have ended before the next is made.
//
// Where it differs: frames are opened elsewhere (`frames.js`, in a worker), which tells it of frames from epochs that are not
// known here (`onAhead`) and of keys that are worn (`renew`).

import { fromBase64, toBase64 } from "./bytes.js";
import {
    ADDS_PER_COMMIT_MAX, COMMIT_ANSWER_WITHIN, REMOVALS_PER_COMMIT_MAX,
} from "./limits.js";
import { Group } from "./mls/group.js";
import { Rejection } from "./mls/rejection.js";
import { Schedule } from "./mls/schedule.js";

const OF_COMMIT = ["stale-commit", "not-in-group", "bad-commit"];

export class Membership {
    #participant;
    #name;
    #secret;
    #group;
    /** By leaf; empty outside. */
    #members = [];
    /** Names of those whom the server shows, oneself included, by number. */
    #roster;
    /** By number. */
    #offers = new Map();
    #sequence = 0;
    /** A commit on its way to the server. */
    #pending = null;
    /** Commits of one's own that others came before, and that the server has not refused yet. */
    #overtaken = 0;
    #schedule = new Schedule();
    #code = null;
    #out = [];

    /**
     * Somebody has just come in as `participant` under `name`, with the link's `secret` (32 bytes), and sees this `roster`
     * (pairs of number and name). Asks to be taken into the group.
     */
    static async enter(now, { participant, name, secret }, roster) {
        const membership = new Membership();
        membership.#participant = participant;
        membership.#name = name;
        membership.#secret = secret;
        membership.#roster = new Map(roster);
        await membership.#offer(now);
        return membership;
    }

    /** Somebody is shown, or shown otherwise. */
    onMember(now, participant, name) {
        this.#roster.set(participant, name);
        this.#reconsider(now);
    }

    /** Somebody is shown no more. */
    onMemberLeft(now, participant) {
        this.#roster.delete(participant);
        this.#offers.delete(participant);
        this.#reconsider(now);
    }

    /** The server says that there is no group. */
    async onFound(now, sequence) {
        if (this.#isInside()) return this.#reject(null, "Forbidden");
        this.#sequence = sequence;
        await this.#group.found();
        await this.#onEpoch(now, []);
    }

    /** Somebody wants in. */
    async onKeyPackage(now, participant, keyPackage) {
        // They are for members: what comes later than one is out was meant for who one was, and may be taken in by now.
        if (!this.#isInside()) return;
        const offer = await this.#read(() => this.#group.readOffer(bytesOf(keyPackage)));
        if (offer instanceof Rejection) return this.#reject(participant, offer.why);
        if (offer.identity.participant !== participant || !this.#isShown(offer.identity)) {
            return this.#reject(participant, "Unproven");
        }
        this.#offers.set(participant, offer);
        this.#reconsider(now);
    }

    /** The next commit. */
    async onCommit(now, sequence, commit) {
        if (!this.#isInside()) return;
        // What comes again says nothing of where the group is.
        if (sequence <= this.#sequence) return this.#reject(null, "Invalid");
        const missed = sequence !== this.#sequence + 1;
        this.#sequence = sequence;
        if (this.#pending !== null) {
            const pending = this.#pending;
            this.#pending = null;
            if (pending.commit === commit) return this.#onOwnCommit(now, pending);
            this.#group.onOwnRefused();
            this.#overtaken += 1;
        }
        const read = await this.#read(() => this.#group.readCommit(bytesOf(commit)));
        if (read instanceof Rejection) {
            this.#reject(null, read.why);
            if (missed || read.why === "Ahead") this.#schedule.onAhead(now);
            else this.#schedule.onDoubt(now);
        } else {
            const whom = this.#objection(read);
            if (whom === null) {
                await this.#follow(now, read);
            } else {
                this.#reject(whom, "Forbidden");
                this.#schedule.onAhead(now);
            }
        }
        this.#reconsider(now);
    }

    /** Somebody has added this stay to the group. */
    async onWelcome(now, sequence, welcome) {
        if (this.#isInside()) return this.#reject(null, "Forbidden");
        const joined = await this.#read(() => this.#group.join(bytesOf(welcome)));
        if (joined instanceof Rejection) {
            this.#reject(null, joined.why);
            return this.#schedule.onTurnedDown(now);
        }
        this.#sequence = sequence;
        await this.#onEpoch(now, []);
    }

    /** The server refused a commit or an offer, for a `reason` in its words; it answers in the order in which it is asked. */
    async onRefused(now, reason) {
        if (OF_COMMIT.includes(reason) && !this.#isInside()) return;
        if (this.#overtaken > 0 && reason === "stale-commit") {
            // Of the commit before: the one that is under way may be the next all the same.
            this.#overtaken -= 1;
            return;
        }
        if (this.#pending !== null) {
            const { added } = this.#pending;
            this.#pending = null;
            this.#group.onOwnRefused();
            // Unless one of them has left meanwhile, they do not wait for what was heard of them.
            if (reason === "bad-commit" && added.every((who) => this.#offers.has(who))) {
                added.forEach((who) => this.#offers.delete(who));
            }
        }
        if (reason === "not-in-group") return this.#leaveAndOffer(now);
        // A commit came first that never arrived here.
        if (reason === "stale-commit") this.#schedule.onAhead(now);
        this.#schedule.onRefused(now, !this.#isInside());
        this.#reconsider(now);
    }

    /** A frame is of an epoch that this member does not know. */
    onAhead(now) {
        if (this.#isInside()) this.#schedule.onAhead(now);
    }

    /** Asks the group for another epoch under fresh keys of this member. */
    renew(now) {
        this.#schedule.renew = true;
        this.#reconsider(now);
    }

    /** The time that `timeout` named has come. */
    async handleTimeout(now) {
        const isDue = (at) => at !== null && at <= now;
        if (isDue(this.#pending?.answerBy ?? null) || isDue(this.#schedule.leaveAt)) {
            await this.#leaveAndOffer(now);
        } else if (isDue(this.#schedule.offerAt) && !this.#isInside()) {
            await this.#offer(now);
        }
        if (isDue(this.#schedule.commitAt) && this.#pending === null) await this.#commit(now);
    }

    /** When `handleTimeout` has something to do, or `null`. */
    timeout() {
        const commitAt = this.#pending === null ? this.#schedule.commitAt : null;
        const times = [commitAt, this.#pending?.answerBy ?? null, this.#schedule.leaveAt, this.#schedule.offerAt]
            .filter((at) => at !== null);
        return times.length === 0 ? null : Math.min(...times);
    }

    /**
     * What has to be sent, or is to be known, in order:
     * - `{ offer: { key_package } }`, `{ commit: { after, commit, welcome, adds } }`: requests to the server;
     * - `{ keys: { epoch, base, own, senders, added } }`: seal and open with these from now on (`Frames.begin`); those who were
     *   added have seen no key frame;
     * - `"left-behind"`: this stay cannot follow the group, seals nothing more and asks to be added anew;
     * - `{ rejected: { whom, why } }`: somebody whom the server presented was not believed, or a message came to nothing.
     */
    take() {
        return this.#out.splice(0);
    }

    /** Everybody in the group, as they prove who they are; nobody outside. */
    get members() {
        return this.#members;
    }

    /** Present epoch of the group, or `null`. */
    get epoch() {
        return this.#isInside() ? this.#group.epoch : null;
    }

    /** What people compare to be sure that they are in the same group, or `null`. */
    get verificationCode() {
        return this.#code;
    }

    /** Who is in the group but not on the roster that the server shows, or under another name. */
    get hidden() {
        return this.#members.filter((member) => !this.#isShown(member));
    }

    #isInside() {
        return this.#members.length > 0;
    }

    /** Whether the roster shows the same number and name. */
    #isShown({ participant, name }) {
        return this.#roster.get(participant) === name;
    }

    /** Somebody who speaks against following a commit, or `null`. */
    #objection({ added, removed }) {
        const hidden = added.find((identity) => !this.#isShown(identity));
        if (hidden !== undefined) return hidden.participant;
        const anew = (who) => added.some(({ participant }) => participant === who);
        const kept = this.#members
            .filter(({ leaf }) => removed.includes(leaf))
            .map(({ participant }) => participant)
            .find((who) => this.#roster.has(who) && (!anew(who) || who === this.#participant));
        return kept ?? null;
    }

    async #follow(now, commit) {
        const added = commit.added.map(({ participant }) => participant);
        if (this.#group.follow(commit)) await this.#onEpoch(now, added);
        else await this.#leaveAndOffer(now);
    }

    async #onOwnCommit(now, pending) {
        this.#group.onOwnOrdered();
        if (pending.renews) this.#schedule.renew = false;
        await this.#onEpoch(now, pending.added);
    }

    /** The group is in an epoch that it was not in before. */
    async #onEpoch(now, added) {
        this.#members = await this.#group.identities();
        this.#code = await this.#group.verificationCode();
        const own = this.#group.ownLeaf;
        const senders = this.#members.filter(({ leaf }) => leaf !== own);
        this.#out.push({
            keys: {
                epoch: this.#group.epoch,
                base: await this.#group.baseKey(),
                own,
                senders: senders.map(({ leaf, participant }) => [leaf, participant]),
                added,
            },
        });
        added.forEach((who) => this.#offers.delete(who));
        this.#schedule.onEpoch(now);
        this.#reconsider(now);
    }

    /** Says nothing more, and asks to be added anew. */
    async #leaveAndOffer(now) {
        this.#out.push("left-behind");
        this.#members = [];
        this.#code = null;
        this.#offers.clear();
        this.#pending = null;
        this.#overtaken = 0;
        await this.#offer(now);
    }

    async #offer(now) {
        this.#group = await Group.fresh({ participant: this.#participant, name: this.#name }, this.#secret);
        this.#schedule.onOffer(now);
        this.#out.push({ offer: { key_package: toBase64(this.#group.keyPackage()) } });
    }

    /** Whom to add, by rising number, and which leaves to remove, as things stand. */
    #wants() {
        const adds = [...this.#offers.values()].sort(byNumber);
        const goes = ({ participant }) => participant !== this.#participant
            && (!this.#roster.has(participant) || this.#offers.has(participant));
        return { adds, removes: this.#members.filter(goes) };
    }

    /** Something is different: there may be something to commit, or nothing any more. */
    #reconsider(now) {
        if (!this.#isInside()) return this.#schedule.rest();
        const { adds, removes } = this.#wants();
        // Those who are about to be removed do not commit.
        const ahead = this.#members.filter(({ participant }) => participant < this.#participant
            && this.#roster.has(participant) && !this.#offers.has(participant));
        this.#schedule.plan(now, adds.length > 0, removes.length > 0, ahead.length);
    }

    /** Makes a commit of what is wanted, as far as one may hold it. */
    async #commit(now) {
        const wants = this.#wants();
        // Who is to be added anew has to go in the same commit; what does not fit waits for the next.
        const returns = ({ participant }) => this.#offers.has(participant);
        const removes = [...wants.removes.filter(returns), ...wants.removes.filter((member) => !returns(member))]
            .slice(0, REMOVALS_PER_COMMIT_MAX)
            .sort((a, b) => a.leaf - b.leaf);
        const goes = new Set(removes.map(({ participant }) => participant));
        const stays = new Set(this.#members.filter((member) => !removes.includes(member)).map(({ participant }) => participant));
        const possible = wants.adds.filter(({ identity }) => !stays.has(identity.participant));
        const first = possible.filter(({ identity }) => goes.has(identity.participant));
        const others = possible.filter(({ identity }) => !goes.has(identity.participant));
        const adds = [...first, ...others].slice(0, ADDS_PER_COMMIT_MAX).sort(byNumber);
        if (adds.length === 0 && removes.length === 0 && !this.#schedule.renew) return this.#schedule.rest();
        const made = await this.#read(() => this.#group.commit(adds, removes.map(({ leaf }) => leaf)));
        // Somebody's offer does not fit into this group.
        if (made instanceof Rejection) return this.#schedule.rest();
        const added = adds.map(({ identity }) => identity.participant);
        const commit = toBase64(made.commit);
        const welcome = made.welcome === undefined ? null : toBase64(made.welcome);
        this.#out.push({ commit: { after: this.#sequence, commit, welcome, adds: added } });
        this.#pending = { commit, added, renews: made.renews, answerBy: now + COMMIT_ANSWER_WITHIN };
    }

    /** What was read, or why it came to nothing. */
    async #read(reading) {
        try {
            return await reading();
        } catch (error) {
            if (error instanceof Rejection) return error;
            throw error;
        }
    }

    #reject(whom, why) {
        this.#out.push({ rejected: { whom, why } });
    }
}

function byNumber(a, b) {
    return a.identity.participant - b.identity.participant;
}

function bytesOf(handshake) {
    const bytes = fromBase64(handshake);
    if (bytes === null) throw new Rejection("Invalid");
    return bytes;
}
