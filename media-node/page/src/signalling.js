// Owns the connection to the media node: requests and their answers, and what it says of its own accord, in the JSON form of
// `media_core::signalling`, one message in each text message of a WebSocket.

/** Answers that end a request. A commit has none but a refusal, or itself when it was ordered. */
const ANSWERS = ["entered", "waiting", "done", "answer", "offer-refused", "invited", "refused"];

export class Refused extends Error {
    constructor(reason) {
        super(`refused: ${reason}`);
        this.reason = reason;
    }
}

export class Signalling {
    #socket;
    #next = 1;
    /** Resolve and reject, by number of the request. */
    #waiting = new Map();
    #onMessage;

    /** `onMessage(name, body)` gets what the server says of its own accord, `onClosed()` the end. */
    static open(url, { onMessage, onClosed }) {
        const signalling = new Signalling();
        signalling.#onMessage = onMessage;
        const socket = new WebSocket(url);
        signalling.#socket = socket;
        socket.onmessage = ({ data }) => signalling.#read(data);
        return new Promise((resolve, reject) => {
            socket.onopen = () => resolve(signalling);
            socket.onclose = () => {
                reject(new Error("the server cannot be reached"));
                signalling.#waiting.forEach((each) => each.reject(new Error("the connection has ended")));
                signalling.#waiting.clear();
                onClosed();
            };
        });
    }

    /** Asks for something: `body` is a name, or an object of one name. Gives the answer as `{ name, body }`, or throws `Refused`. */
    request(body) {
        const request = this.#next;
        this.#next += 1;
        this.#socket.send(JSON.stringify({ request, body }));
        return new Promise((resolve, reject) => this.#waiting.set(request, { resolve, reject }));
    }

    close() {
        this.#socket.close();
    }

    #read(text) {
        const [[name, body]] = Object.entries(JSON.parse(text));
        const waiting = ANSWERS.includes(name) ? this.#waiting.get(body.request) : undefined;
        if (waiting === undefined) {
            // Who waited in the lobby has had an answer already when it is let in.
            return this.#onMessage(name, body);
        }
        this.#waiting.delete(body.request);
        if (name === "refused" || name === "offer-refused") waiting.reject(new Refused(body.reason));
        else waiting.resolve({ name, body });
    }
}
