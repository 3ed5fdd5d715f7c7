// Owns a conference of members of both kinds: the server's part, which only puts messages in order (as
// `media_core::conference::delivery` does), and a clock that jumps from one deadline to the next.

import assert from "node:assert/strict";

import { JsMember } from "./conference/javascript.js";
import { RustMember } from "./conference/rust.js";

export const SECRET = new Uint8Array(32).fill(7);
export const METADATA = Uint8Array.of(0, 111, 0, 0, 0, 0, 0);

export class Conference {
    now = 0;
    /** Members by number. */
    present = new Map();
    /** Numbers of those who are in the group, as the server believes. */
    inGroup = new Set();
    rejected = [];
    leftBehind = [];
    /** What was ordered: `{ by, kind, adds }`. */
    commits = [];
    /** The last of them. */
    last = null;
    /** Why commits were refused. */
    refusals = [];
    #rust;
    #sequence = 0;
    #waiting = new Map();
    #names = new Map();

    constructor(rust) {
        this.#rust = rust;
    }

    /** Somebody comes in, with another secret than the link's if one is given; the server does not show them to `hiddenFrom`. */
    async enter(kind, participant, secret = SECRET, hiddenFrom = []) {
        const name = `p${participant}`;
        this.#names.set(participant, name);
        for (const [other, member] of this.present) {
            if (!hiddenFrom.includes(other)) await member.onMember(this.now, participant, name);
        }
        const identity = { participant, name, secret };
        const member = kind === "rust"
            ? await RustMember.enter(this.#rust, this.now, identity, [...this.#names], participant)
            : await JsMember.enter(this.now, identity, [...this.#names]);
        this.present.set(participant, member);
        await this.drain();
    }

    async leave(participant) {
        for (const forget of [this.present, this.inGroup, this.#waiting, this.#names]) forget.delete(participant);
        for (const member of this.present.values()) await member.onMemberLeft(this.now, participant);
        await this.#found();
        await this.drain();
    }

    /** Lets time go on until nothing is due within `quiet` milliseconds. */
    async settle(quiet = 6_000) {
        for (let steps = 0; steps < 1_000; steps += 1) {
            await this.drain();
            const due = [...this.present.values()].map((member) => member.timeout()).filter((at) => at !== null);
            const next = Math.min(...due);
            if (due.length === 0 || next > this.now + quiet) return;
            this.now = Math.max(this.now, next);
            for (const member of this.present.values()) {
                if (member.timeout() !== null && member.timeout() <= this.now) await member.handleTimeout(this.now);
            }
        }
        assert.fail("the conference never comes to rest");
    }

    /** Carries what members have to say. */
    async drain() {
        for (let said = true; said; ) {
            said = false;
            for (const [participant, member] of [...this.present]) {
                for (const output of member.take()) {
                    said = true;
                    await this.#on(participant, member, output);
                }
            }
        }
    }

    async #on(participant, member, output) {
        if (output === "left-behind") this.leftBehind.push(participant);
        else if (output.rejected !== undefined) this.rejected.push({ by: participant, ...output.rejected });
        else if (output.offer !== undefined) await this.#onOffer(participant, output.offer.key_package);
        else if (output.commit !== undefined) await this.#onCommit(participant, member, output.commit);
    }

    async #onOffer(participant, keyPackage) {
        this.inGroup.delete(participant);
        this.#waiting.set(participant, keyPackage);
        await this.#found();
        for (const inside of this.inGroup) {
            await this.present.get(inside).onKeyPackage(this.now, participant, keyPackage);
        }
    }

    /** Whoever waits first makes a group when nobody is in one. */
    async #found() {
        const [first] = this.#waiting.keys();
        if (this.inGroup.size > 0 || first === undefined) return;
        this.#waiting.delete(first);
        this.inGroup.add(first);
        await this.present.get(first).onFound(this.now, this.#sequence);
        for (const [participant, keyPackage] of this.#waiting) {
            await this.present.get(first).onKeyPackage(this.now, participant, keyPackage);
        }
    }

    async #onCommit(participant, member, { after, commit, welcome, adds }) {
        const reason = this.#refusal(participant, after, adds);
        if (reason !== null) {
            this.refusals.push(reason);
            return member.onRefused(this.now, reason);
        }
        this.#sequence += 1;
        this.last = { sequence: this.#sequence, commit };
        this.commits.push({ by: participant, kind: member.kind, adds });
        for (const inside of this.inGroup) await this.present.get(inside).onCommit(this.now, this.#sequence, commit);
        for (const added of adds) {
            this.#waiting.delete(added);
            this.inGroup.add(added);
            await this.present.get(added).onWelcome(this.now, this.#sequence, welcome);
        }
    }

    #refusal(participant, after, adds) {
        if (!this.inGroup.has(participant)) return "not-in-group";
        if (after !== this.#sequence) return "stale-commit";
        return adds.every((who) => this.#waiting.has(who)) ? null : "bad-commit";
    }

    /** All who are present are in one group, with one key, and hear one another. */
    async assertAgreed() {
        const looks = [...this.present.values()].map((member) => member.look());
        const numbers = [...this.present.keys()].sort((a, b) => a - b);
        for (const look of looks) {
            assert.notEqual(look.code, null);
            assert.deepEqual({ code: look.code, probe: look.probe }, { code: looks[0].code, probe: looks[0].probe });
            assert.equal(look.epoch, looks[0].epoch);
            assert.deepEqual(look.members, looks[0].members);
            assert.deepEqual(look.members.map(({ participant }) => participant).sort((a, b) => a - b), numbers);
        }
        for (const [from, speaker] of this.present) {
            const said = Uint8Array.of(from, 1, 2, 3);
            const sealed = await speaker.seal(this.now, said, METADATA);
            for (const [to, listener] of this.present) {
                const { opened } = await listener.open(this.now, from, sealed, METADATA);
                if (to === from) assert.equal(opened, undefined, "nobody plays one's own voice back");
                else assert.deepEqual(opened, said, `${from} to ${to}`);
            }
        }
    }
}
