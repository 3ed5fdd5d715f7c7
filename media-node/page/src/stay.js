// Owns one stay in a conference, over one connection to its server: signalling, keys and media put together. It begins when the
// server lets somebody in. When the signalling is lost, media go on for as long as they flow, until the stay is closed.

import { Media } from "./media.js";
import { Membership } from "./mls.js";
import { Refused, Signalling } from "./signalling.js";

/** Pause before another offer when there were too many, in milliseconds. */
const NEGOTIATE_AGAIN = 1_000;

export class Stay {
    participant = null;
    mode = null;
    /** Members by number, as the server shows them. */
    roster = new Map();
    /** Names of those who wait in the lobby, by number, for moderators. */
    knocking = new Map();
    #listener;
    #signalling;
    #worker;
    #media;
    #membership = null;
    /** Cryptography takes time: what the membership is told is told one after the other. */
    #telling = Promise.resolve();
    #timer;
    #tracks = new Map();
    #own;
    #secret;
    /** Whether whoever began this knows. */
    #hasBegun = false;
    #isOver = false;

    /**
     * Asks to be let in with `request`. `own` are tracks by kind. `listener` has `onEntered(body)`, `onChange()`,
     * `onTrouble(error)`, and `onOver(reason)`, which is `"lost"` for what nobody wanted.
     */
    static async begin({ url, worker, request, secret, own }, listener) {
        const stay = new Stay();
        stay.#listener = listener;
        stay.#worker = worker;
        stay.#secret = secret;
        stay.#own = own;
        stay.#media = new Media(worker, {
            negotiate: async (offer) => (await stay.#signalling.request({ negotiate: { offer } })).body.answer,
            onChange: () => listener.onChange(),
            onTrouble: (error) => stay.#onTrouble(error),
            onLost: () => stay.#end("lost"),
        });
        try {
            stay.#signalling = await Signalling.open(url, {
                onMessage: (message, body) => stay.#onMessage(message, body),
                onLost: () => stay.#end("lost"),
            });
            const answer = await stay.#signalling.request(request);
            if (answer.name === "entered") stay.#onEntered(answer.body);
            stay.#hasBegun = true;
        } catch (error) {
            stay.close();
            throw error;
        }
        return stay;
    }

    get verificationCode() {
        return this.#membership?.verificationCode ?? null;
    }

    get epoch() {
        return this.#membership?.epoch ?? null;
    }

    get hidden() {
        return this.#membership?.hidden ?? [];
    }

    /** The tracks of others, as `{ participant, kind, track }`. */
    get tracks() {
        return this.#media.tracks;
    }

    get isSilent() {
        return this.#media.isSilent;
    }

    stats() {
        return this.#media.stats();
    }

    request(body) {
        return this.#signalling.request(body);
    }

    /** Sends another track of a kind, or none. */
    send(kind, track) {
        this.#media.send(kind, track);
        this.#obeyPermissions();
        this.#negotiate();
    }

    /** What the worker has found out. */
    onWorker(message) {
        if (message === "ahead") this.#tell("onAhead");
        else if (message === "worn") this.#tell("renew");
    }

    /** Nothing more is sent or played. */
    close() {
        this.#isOver = true;
        clearTimeout(this.#timer);
        this.#media.close();
        this.#signalling?.close();
    }

    #onEntered(body) {
        const { participant, mode, roster } = body;
        this.participant = participant;
        this.mode = mode;
        this.roster = new Map(roster.map((member) => [member.participant, member]));
        const { name } = this.roster.get(participant);
        const names = roster.map((member) => [member.participant, member.name]);
        const identity = { participant, name, secret: this.#secret };
        this.#afterwards(async () => {
            this.#membership = await Membership.enter(performance.now(), identity, names);
        });
        this.#listener.onEntered(body);
        for (const [kind, track] of Object.entries(this.#own)) this.#media.send(kind, track);
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
                this.knocking.delete(body.member.participant);
                this.#tell("onMember", body.member.participant, body.member.name);
                this.#obeyPermissions();
                break;
            case "member-left":
                if (this.knocking.delete(body.participant)) break;
                this.roster.delete(body.participant);
                this.#tell("onMemberLeft", body.participant);
                break;
            case "knock":
                this.knocking.set(body.participant, body.name);
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
            // The answer to who waited in the lobby.
            case "refused":
                return this.participant === null ? this.#end(body.reason) : undefined;
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
        this.#media.negotiate({ audio, video }).catch((error) => this.#onTrouble(error));
    }

    #onTrouble(error) {
        if (this.#isOver) return;
        if (error instanceof Refused && error.reason === "too-many-requests") {
            setTimeout(() => this.#negotiate(), NEGOTIATE_AGAIN);
        } else {
            this.#listener.onTrouble(error);
        }
    }

    /** Sends nothing that may not be sent; the server would drop it. */
    #obeyPermissions() {
        const permissions = this.roster.get(this.participant)?.permissions;
        for (const [kind, track] of Object.entries(this.#own)) {
            const isAllowed = permissions?.[kind === "camera" ? "video" : kind];
            this.#media.replace(kind, isAllowed ? track : null);
        }
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
                this.#listener.onTrouble(error);
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

    /** Nothing more is asked or told; media go on until somebody closes this. */
    #end(reason) {
        if (this.#isOver) return;
        this.#isOver = true;
        clearTimeout(this.#timer);
        this.#signalling.close();
        if (this.#hasBegun) this.#listener.onOver(reason);
    }
}
