// Owns the connection to the media node: requests and their answers, and what it says of its own accord, in the JSON form of
// `media_core::signalling`, one message in each text message of a WebSocket. Browsers do not tell a page of a WebSocket that has
// died silently for minutes; this one is taken for lost when it leaves a request without an answer.

import { ANSWER_WITHIN, OPEN_WITHIN, QUESTION_INTERVAL } from "./patience.js";

/** Answers that end a request. A commit has none but a refusal, or itself when it was ordered. */
const ANSWERS = ["entered", "waiting", "done", "answer", "offer-refused", "invited", "refused"];
/** Whether the server is there: nobody has such a track, so the answer says so. */
const QUESTION = { watch: { source: 0xffff_ffff, kind: "camera", layer: null } };

export class Refused extends Error {
    constructor(reason) {
        super(`refused: ${reason}`);
        this.reason = reason;
    }
}

export class Signalling {
    #socket;
    #next = 1;
    /** Resolve, reject and timer, by number of the request. */
    #waiting = new Map();
    #onMessage;
    #onLost;
    #questions;
    #isOver = false;

    /** `onMessage(name, body)` gets what the server says of its own accord, `onLost()` an end that was not asked for. */
    static open(url, { onMessage, onLost }) {
        const signalling = new Signalling();
        signalling.#onMessage = onMessage;
        signalling.#onLost = () => undefined;
        const socket = new WebSocket(url);
        signalling.#socket = socket;
        return new Promise((resolve, reject) => {
            const fail = () => {
                signalling.close();
                reject(new Error("the server cannot be reached"));
            };
            const timer = setTimeout(fail, OPEN_WITHIN);
            socket.onmessage = ({ data }) => signalling.#read(data);
            socket.onclose = () => {
                clearTimeout(timer);
                fail();
            };
            socket.onopen = () => {
                clearTimeout(timer);
                signalling.#onLost = onLost;
                socket.onclose = () => signalling.#lose();
                signalling.#questions = setInterval(() => signalling.#question(), QUESTION_INTERVAL);
                resolve(signalling);
            };
        });
    }

    /** Asks for something: `body` is a name, or an object of one name. Gives the answer as `{ name, body }`, or throws `Refused`. */
    request(body) {
        if (this.#isOver) return Promise.reject(new Error("the connection has ended"));
        const request = this.#next;
        this.#next += 1;
        this.#socket.send(JSON.stringify({ request, body }));
        return new Promise((resolve, reject) => {
            const timer = body.commit === undefined ? setTimeout(() => this.#lose(), ANSWER_WITHIN) : undefined;
            this.#waiting.set(request, { resolve, reject, timer });
        });
    }

    /** Ends it. Nothing more comes from here. */
    close() {
        this.#isOver = true;
        clearInterval(this.#questions);
        this.#socket.onmessage = this.#socket.onclose = this.#socket.onopen = null;
        this.#socket.close();
        for (const { reject, timer } of this.#waiting.values()) {
            clearTimeout(timer);
            reject(new Error("the connection has ended"));
        }
        this.#waiting.clear();
    }

    #lose() {
        if (this.#isOver) return;
        this.close();
        this.#onLost();
    }

    #question() {
        this.request(QUESTION).catch(() => undefined);
    }

    #read(text) {
        const [[name, body]] = Object.entries(JSON.parse(text));
        const waiting = ANSWERS.includes(name) ? this.#waiting.get(body.request) : undefined;
        if (waiting === undefined) {
            // Who waited in the lobby has had an answer already when it is let in.
            return this.#onMessage(name, body);
        }
        this.#waiting.delete(body.request);
        clearTimeout(waiting.timer);
        if (name === "refused" || name === "offer-refused") waiting.reject(new Refused(body.reason));
        else waiting.resolve({ name, body });
    }
}
