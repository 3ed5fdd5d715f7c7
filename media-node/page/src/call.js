// Owns one person's part in a conference, from the door to the end: who has lost the connection comes back by itself, with the token
// of the last stay, and is who they were. Attempts, pauses and when to give up are those of the rehearsal's clients
// (`sim/src/endpoint/entry.rs`).

import { toHex } from "./bytes.js";
import { PAUSE_FIRST, PAUSE_MAX, RETURN_MAX } from "./patience.js";
import { Refused } from "./signalling.js";
import { Stay } from "./stay.js";

/** `MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519` and `AES_128_GCM_SHA256_128`: all that is spoken here. */
const CLIENT = { endpoint: "desk", encryption: { mls: 1, sframe: 4 } };
/** Refusals after which another attempt may succeed. */
const PASSING = ["too-many-requests", "conference-full", "lobby-full", "shutting-down"];

export class Call {
    /** The last link of one's own, if one has made any. */
    invitation = null;
    #listener;
    #options;
    #own;
    #link;
    #credential;
    #resume = null;
    /** Attempts to come in, which the server knows as one (`media_core::signalling::Attempt`). */
    #entry = { secret: freshEntry(), number: 0 };
    #stay = null;
    #isReturning = false;
    #isOver = false;

    /**
     * Joins by a link (`readLink`), with own tracks by kind; or starts a conference, with `start: { credential, mode, lobby }` in the
     * link's place and a fresh secret. `listener` has `onChange()` for whatever is to be shown anew, `onTrouble(error)`, and
     * `onEnd(reason)`. `worker` runs `worker.js`.
     */
    static async enter({ url, worker, link, start, secret, name, tracks }, listener) {
        const call = new Call();
        call.#listener = listener;
        call.#options = { url, worker, secret, name };
        call.#own = { ...tracks };
        call.#link = link ?? null;
        call.#credential = start?.credential ?? null;
        worker.addEventListener("message", ({ data }) => call.#stay?.onWorker(data));
        const request = start ? { start: { ...start, name, client: CLIENT } } : call.#join();
        await call.#begin(request);
        return call;
    }

    get participant() {
        return this.#stay?.participant ?? null;
    }

    get mode() {
        return this.#stay?.mode ?? null;
    }

    get roster() {
        return this.#stay?.roster ?? new Map();
    }

    /** Names of those who wait in the lobby, by number, for moderators. */
    get knocking() {
        return this.#stay?.knocking ?? new Map();
    }

    /** What people compare, or `null` while no keys are agreed on. */
    get verificationCode() {
        return this.#isReturning ? null : (this.#stay?.verificationCode ?? null);
    }

    get epoch() {
        return this.#stay?.epoch ?? null;
    }

    /** Who is in the group but not on the roster: somebody whom the server hides. */
    get hidden() {
        return this.#stay?.hidden ?? [];
    }

    /** The tracks of others, as `{ participant, kind, track }`. */
    get tracks() {
        return this.#stay?.tracks ?? [];
    }

    /** Whether the connection is lost, and this tries to come back. */
    get isReturning() {
        return this.#isReturning;
    }

    /** Whether media have no path at the moment, while signalling has. */
    get isSilent() {
        return this.#stay?.isSilent ?? false;
    }

    /** How many frames were sealed, opened and refused, by reason. */
    counts() {
        const { worker } = this.#options;
        return new Promise((resolve) => {
            const on = ({ data }) => {
                if (data.counts === undefined) return;
                worker.removeEventListener("message", on);
                resolve(data.counts);
            };
            worker.addEventListener("message", on);
            worker.postMessage("count");
        });
    }

    stats() {
        return this.#stay.stats();
    }

    /** Asks for something that needs no key: `"raise-hand"`, `{ "set-mode": { mode } }`, … */
    async request(body) {
        const answer = await this.#stay.request(body);
        if (answer.name === "invited") this.invitation = answer.body.invitation;
        return answer;
    }

    /** Sends another track of a kind from now on: `screen`, when somebody shows theirs. `null` is none. */
    send(kind, track) {
        this.#own[kind] = track;
        this.#stay.send(kind, track);
    }

    leave() {
        this.#stay.request("leave").catch(() => undefined);
        this.#end("left");
    }

    #join() {
        this.#entry.number += 1;
        const attempt = this.#entry.secret + this.#entry.number.toString(16).padStart(8, "0");
        const { name } = this.#options;
        const join = { link: this.#link, credential: this.#credential, resume: this.#resume, attempt, name, client: CLIENT };
        return { join };
    }

    async #begin(request) {
        const { url, worker, secret } = this.#options;
        // A stay may end before its beginning has been told of.
        let stay = null;
        const isPresent = () => stay === null || stay === this.#stay;
        const listener = {
            onEntered: (body) => this.#onEntered(body),
            onChange: () => stay !== null && isPresent() && this.#listener.onChange(),
            onTrouble: (error) => isPresent() && this.#listener.onTrouble?.(error),
            onOver: (reason) => isPresent() && this.#onOver(reason),
        };
        stay = await Stay.begin({ url, worker, request, secret, own: this.#own }, listener);
        if (this.#isOver) return stay.close();
        // Media of the stay before have gone on until here.
        this.#stay?.close();
        this.#stay = stay;
        this.#isReturning = false;
        this.#listener.onChange();
    }

    #onEntered({ conference, invitation, resume }) {
        this.#options.worker.postMessage("end");
        this.#resume = resume;
        this.#entry = { secret: freshEntry(), number: 0 };
        if (invitation === null) return;
        this.invitation = invitation;
        this.#link ??= invitation.link;
    }

    #onOver(reason) {
        if (this.#isOver) return;
        if (reason !== "lost" || this.#link === null) return this.#end(reason === "lost" ? "disconnected" : reason);
        if (!this.#isReturning) this.#comeBack();
    }

    /** Asks to be let in again, until somebody answers. */
    async #comeBack() {
        this.#isReturning = true;
        this.#listener.onChange();
        const until = performance.now() + RETURN_MAX;
        for (let attempts = 0; !this.#isOver; attempts += 1) {
            if (performance.now() > until) return this.#end("disconnected");
            const longest = Math.min(PAUSE_FIRST * 2 ** attempts, PAUSE_MAX);
            await new Promise((resolve) => setTimeout(resolve, longest * (0.5 + Math.random() / 2)));
            if (this.#isOver) return;
            try {
                return await this.#begin(this.#join());
            } catch (error) {
                if (error instanceof Refused && !PASSING.includes(error.reason)) return this.#end(error.reason);
            }
        }
    }

    #end(reason) {
        if (this.#isOver) return;
        this.#isOver = true;
        this.#isReturning = false;
        this.#options.worker.postMessage("end");
        this.#stay?.close();
        this.#listener.onEnd(reason);
    }
}

/** 96 random bits, in hexadecimal digits. */
function freshEntry() {
    return toHex(crypto.getRandomValues(new Uint8Array(12)));
}
