// Owns one person's stay in a conference: signalling, keys and media put together. It begins when the server lets them in, and
// ends with the connection.

import { Media } from "./media.js";
import { Membership } from "./mls.js";
import { Refused, Signalling } from "./signalling.js";

/** `MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519` and `AES_128_GCM_SHA256_128`: all that is spoken here. */
const ENCRYPTION = { mls: 1, sframe: 4 };

/** Pause before another offer when there were too many, in milliseconds. */
const NEGOTIATE_AGAIN = 1_000;

export class Call {
    /** Members by number, as the server shows them. */
    roster = new Map();
    mode = null;
    participant = null;
    /** The first link of a conference that was started. */
    invitation = null;
    #listener;
    #signalling;
    #worker;
    #media;
    #membership = null;
    /** Cryptography takes time: what the membership is told is told one after the other. */
    #telling = Promise.resolve();
    #timer;
    #tracks = new Map();
    #senders = new Map();
    #own;
    #secret;
    #isOver = false;

    /**
     * Joins by a link (`readLink`), with own tracks by kind; or starts a conference, with `start: { credential, mode, lobby }` in the
     * link's place and a fresh secret. `listener` has `onChange()` for whatever is to be shown anew,
     * `onTrack({ participant, kind }, track)`, and `onEnd(reason)`. `worker` runs `worker.js`.
     */
    static async enter({ url, worker, link, start, secret, name, tracks }, listener) {
        const call = new Call();
        call.#listener = listener;
        call.#worker = worker;
        call.#secret = secret;
        call.#own = tracks;
        worker.onmessage = ({ data }) => call.#onWorker(data);
        call.#media = new Media(worker, {
            negotiate: async (offer) => (await call.#signalling.request({ negotiate: { offer } })).body.answer,
            onTrack: (source, track) => listener.onTrack(source, track),
        });
        call.#signalling = await Signalling.open(url, {
            onMessage: (message, body) => call.#onMessage(message, body),
            onClosed: () => call.#end("disconnected"),
        });
        const client = { endpoint: "desk", encryption: ENCRYPTION };
        const join = { link, credential: null, resume: null, attempt: null, name, client };
        const answer = await call.#signalling.request(start ? { start: { ...start, name, client } } : { join });
        if (answer.name === "entered") call.#onEntered(answer.body);
        return call;
    }

    /** What people compare, or `null` while no keys are agreed on. */
    get verificationCode() {
        return this.#membership?.verificationCode ?? null;
    }

    get epoch() {
        return this.#membership?.epoch ?? null;
    }

    /** Who is in the group but not on the roster: somebody whom the server hides. */
    get hidden() {
        return this.#membership?.hidden ?? [];
    }

    /** How many frames were sealed, opened and refused, by reason. */
    counts() {
        return new Promise((resolve) => {
            const on = ({ data }) => {
                if (data.counts === undefined) return;
                this.#worker.removeEventListener("message", on);
                resolve(data.counts);
            };
            this.#worker.addEventListener("message", on);
            this.#worker.postMessage("count");
        });
    }

    stats() {
        return this.#media.stats();
    }

    /** Asks for something that needs no key: `"raise-hand"`, `{ "set-mode": { mode } }`, … */
    request(body) {
        return this.#signalling.request(body);
    }

    leave() {
        this.#signalling.request("leave").catch(() => undefined);
        this.#end("left");
    }

    #onEntered({ participant, mode, roster, invitation }) {
        this.participant = participant;
        this.mode = mode;
        this.invitation = invitation;
        this.roster = new Map(roster.map((member) => [member.participant, member]));
        const { name } = this.roster.get(participant);
        const names = roster.map((member) => [member.participant, member.name]);
        const identity = { participant, name, secret: this.#secret };
        this.#afterwards(async () => {
            this.#membership = await Membership.enter(performance.now(), identity, names);
        });
        for (const [kind, track] of Object.entries(this.#own)) this.#senders.set(kind, this.#media.send(kind, track));
        this.#obeyPermissions();
        this.#negotiate();
        this.#listener.onChange();
    }

    /** What the server says of its own accord. */
    #onMessage(name, body) {
        switch (name) {
            case "entered":
                return this.#onEntered(body);
            case "member":
                this.roster.set(body.member.participant, body.member);
                this.#tell("onMember", body.member.participant, body.member.name);
                this.#obeyPermissions();
                break;
            case "member-left":
                this.roster.delete(body.participant);
                this.#tell("onMemberLeft", body.participant);
                break;
            case "mode-changed":
                this.mode = body.mode;
                break;
            case "track-added":
                this.#onTrackAdded(body.track);
                break;
            case "track-removed":
                this.#tracks.delete(`${body.participant} ${body.kind}`);
                this.#negotiate();
                break;
            case "found-group":
                this.#tell("onFound", body.sequence);
                break;
            case "key-package":
                this.#tell("onKeyPackage", body.participant, body["key-package"]);
                break;
            case "commit":
                this.#tell("onCommit", body.sequence, body.commit);
                break;
            case "welcome":
                this.#tell("onWelcome", body.sequence, body.welcome);
                break;
            case "out":
                return this.#end(body.reason);
        }
        this.#listener.onChange();
    }

    #onTrackAdded(track) {
        const { participant, kind, layers } = track;
        this.#tracks.set(`${participant} ${kind}`, track);
        if (kind !== "audio") {
            const watch = { source: participant, kind, layer: layers - 1 };
            this.#signalling.request({ watch }).catch(() => undefined);
        }
        this.#negotiate();
    }

    /** A place for each track that there is. */
    #negotiate() {
        if (this.#isOver) return;
        const audio = [...this.#tracks.values()].filter(({ kind }) => kind === "audio").length;
        const video = this.#tracks.size - audio;
        this.#media.negotiate({ audio, video }).catch((error) => {
            if (error instanceof Refused && error.reason === "too-many-requests") {
                setTimeout(() => this.#negotiate(), NEGOTIATE_AGAIN);
            } else {
                this.#listener.onTrouble?.(error);
            }
        });
    }

    /** Sends nothing that may not be sent; the server would drop it. */
    #obeyPermissions() {
        const permissions = this.roster.get(this.participant)?.permissions;
        for (const [kind, sender] of this.#senders) {
            const isAllowed = kind === "audio" ? permissions?.audio : permissions?.video;
            sender.replaceTrack(isAllowed ? this.#own[kind] : null).catch(() => undefined);
        }
    }

    #onWorker(message) {
        if (message === "ahead") this.#tell("onAhead");
        else if (message === "worn") this.#tell("renew");
    }

    #tell(what, ...words) {
        this.#afterwards(() => this.#membership[what](performance.now(), ...words));
    }

    /** Does something with the membership when all is done that was begun before. */
    #afterwards(step) {
        this.#telling = this.#telling
            .then(async () => {
                if (this.#isOver) return;
                await step();
                if (!this.#isOver) this.#drain();
            })
            // Nobody knows where the keys are then: better out than without.
            .catch((error) => {
                this.#listener.onTrouble?.(error);
                this.#end("broken");
            });
    }

    #drain() {
        for (const output of this.#membership.take()) {
            if (output === "left-behind") this.#worker.postMessage("end");
            else if (output.keys !== undefined) this.#worker.postMessage({ keys: output.keys });
            else if (output.offer !== undefined) {
                this.#ask({ "offer-key-package": { "key-package": output.offer.key_package } });
            } else if (output.commit !== undefined) this.#ask({ commit: output.commit });
        }
        clearTimeout(this.#timer);
        const at = this.#membership.timeout();
        if (at !== null) {
            this.#timer = setTimeout(() => this.#tell("handleTimeout"), Math.max(0, at - performance.now()));
        }
        this.#listener.onChange();
    }

    /** A refusal is for the membership; a commit that was ordered has no other answer than itself. */
    #ask(body) {
        this.#signalling.request(body).catch((error) => {
            if (error instanceof Refused) this.#tell("onRefused", error.reason);
        });
    }

    #end(reason) {
        if (this.#isOver) return;
        this.#isOver = true;
        clearTimeout(this.#timer);
        this.#worker.postMessage("end");
        this.#media.close();
        this.#signalling.close();
        this.#listener.onEnd(reason);
    }
}
