// Owns the WebRTC connection to the media node: own tracks, places for those of others, a transform before and behind all of
// them from the first moment, and the search for another path when the present one is silent. It knows no key; those are in the
// worker.

import { RESTARTS_MAX, RESTART_AFTER, RESTART_INTERVAL } from "./patience.js";

const DEPENDENCY_DESCRIPTOR = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
/** From the smallest to the largest; the bitrates of libwebrtc for 720 lines, and of a screen those that the media node expects. */
const ENCODINGS = {
    camera: [
        { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: "L1T3" },
        { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: "L1T3" },
        { rid: "f", maxBitrate: 1_500_000, scalabilityMode: "L1T3" },
    ],
    screen: [
        { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: "L1T3" },
        { rid: "f", maxBitrate: 1_000_000, scalabilityMode: "L1T3" },
    ],
};
/**
 * What can be sealed whole. Redundant audio (RFC 2198) would be sealed as one, where the media node has to take it apart; of
 * H.264 the browser reads what it packs.
 */
const CODECS = { audio: ["audio/opus"], video: ["video/VP8", "video/VP9", "video/rtx"] };

/** Receivers have numbers that are theirs in every connection of a page: the worker may have to do with two of them. */
let receiversMade = 0;

/** Whether this browser can do what is needed; without it nobody is let in, because nothing would be encrypted. */
export function canEncrypt() {
    return globalThis.isSecureContext && typeof RTCRtpScriptTransform === "function" && Boolean(crypto.subtle);
}

export class Media {
    #connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    #worker;
    /** Transceivers of own tracks, by kind. */
    #senders = new Map();
    /** `{ number, transceiver }` for the tracks of others. */
    #receivers = [];
    /** Whose tracks come in which sections: `{ participant, kind }` by mid. */
    #sources = new Map();
    /** How many places are wanted, and whether that is still to be agreed on. */
    #wanted = { audio: 0, video: 0 };
    #isStale = false;
    #isNegotiating = false;
    /** Searches for a path since there was one. */
    #restarts = 0;
    #restartTimer;
    #negotiate;
    #onChange;
    #onTrouble;
    #onLost;

    /**
     * `negotiate(offer)` gives the answer to an offer. `onChange()` is called when somebody's track has found a place, or the path
     * is silent or there again; `onTrouble(error)` when an offer came to nothing; `onLost()` when no path is found any more.
     */
    constructor(worker, { negotiate, onChange, onTrouble, onLost }) {
        this.#worker = worker;
        this.#negotiate = negotiate;
        this.#onChange = onChange;
        this.#onTrouble = onTrouble;
        this.#onLost = onLost;
        this.#connection.oniceconnectionstatechange = () => this.#onPath();
    }

    /** Sends a track of one's own as `audio`, `camera` or `screen`, or none of that kind, from the next negotiation on. */
    send(kind, track) {
        const known = this.#senders.get(kind);
        if (known !== undefined) {
            known.direction = track === null ? "inactive" : "sendonly";
            this.replace(kind, track);
            return;
        }
        if (track === null) return;
        const init = { direction: "sendonly" };
        if (ENCODINGS[kind] !== undefined) init.sendEncodings = ENCODINGS[kind];
        const transceiver = this.#connection.addTransceiver(track, init);
        transceiver.sender.transform = new RTCRtpScriptTransform(this.#worker, { sends: kind });
        prepare(transceiver, track.kind);
        this.#senders.set(kind, transceiver);
    }

    /** Lets a track flow, or nothing in its place, without a word to the media node. */
    replace(kind, track) {
        // It fails on a connection that is closed, where nothing flows in any case.
        this.#senders.get(kind)?.sender.replaceTrack(track).catch(() => undefined);
    }

    /** The tracks of others, as `{ participant, kind, track }`. */
    get tracks() {
        return this.#receivers
            .map(({ transceiver }) => ({ ...this.#sources.get(transceiver.mid), track: transceiver.receiver.track }))
            .filter(({ participant }) => participant !== undefined);
    }

    /** Whether nothing comes over the path. */
    get isSilent() {
        return this.#restartTimer !== undefined;
    }

    /**
     * Makes as many places for tracks of others as there are, and agrees with the media node on everything. Of what is wanted
     * while an offer is under way the last is offered next: fifty who come at once are no fifty offers.
     */
    async negotiate(wanted = this.#wanted) {
        this.#wanted = wanted;
        this.#isStale = true;
        if (this.#isNegotiating) return;
        this.#isNegotiating = true;
        try {
            while (this.#isStale) {
                this.#isStale = false;
                await this.#agree();
            }
        } finally {
            this.#isNegotiating = false;
        }
    }

    /** The connection's statistics; those of what comes in with their `source`. */
    async stats() {
        const all = [...(await this.#connection.getStats()).values()];
        return all.map((each) => (each.type === "inbound-rtp" ? { ...each, source: this.#sources.get(each.mid) } : each));
    }

    close() {
        clearTimeout(this.#restartTimer);
        this.#connection.oniceconnectionstatechange = null;
        this.#connection.close();
    }

    async #agree() {
        for (const medium of ["audio", "video"]) {
            const there = this.#receivers.filter(({ transceiver }) => transceiver.receiver.track.kind === medium).length;
            for (let more = there; more < this.#wanted[medium]; more += 1) this.#addReceiver(medium);
        }
        const connection = this.#connection;
        await connection.setLocalDescription(await connection.createOffer());
        const answer = await this.#negotiate(withSlides(connection.localDescription.sdp, this.#senders.get("screen")?.mid));
        this.#sources = sourcesOf(answer);
        // Somebody's frames are opened as theirs alone, and in a place of nobody none are.
        const routes = this.#receivers.map(({ number, transceiver }) => [number, this.#sources.get(transceiver.mid) ?? null]);
        this.#worker.postMessage({ routes });
        await connection.setRemoteDescription({ type: "answer", sdp: answer });
        this.#onChange();
    }

    #addReceiver(medium) {
        const transceiver = this.#connection.addTransceiver(medium, { direction: "recvonly" });
        const number = receiversMade;
        receiversMade += 1;
        this.#receivers.push({ number, transceiver });
        transceiver.receiver.transform = new RTCRtpScriptTransform(this.#worker, { receives: number });
        prepare(transceiver, medium);
    }

    #onPath() {
        const state = this.#connection.iceConnectionState;
        if (["connected", "completed"].includes(state)) {
            clearTimeout(this.#restartTimer);
            this.#restartTimer = undefined;
            this.#restarts = 0;
        } else if (["disconnected", "failed"].includes(state) && this.#restartTimer === undefined) {
            this.#restartTimer = setTimeout(() => this.#restart(), state === "failed" ? 0 : RESTART_AFTER);
        }
        this.#onChange();
    }

    /** Looks for another path (RFC 8445 section 2.4), again and again for a while. Nobody joins anew for that. */
    #restart() {
        if (this.#restarts === RESTARTS_MAX) return this.#onLost();
        this.#restarts += 1;
        this.#restartTimer = setTimeout(() => this.#restart(), RESTART_INTERVAL);
        this.#connection.restartIce();
        this.negotiate().catch((error) => this.#onTrouble(error));
    }
}

/** Offers only what can be sealed. Chromium knows the dependency descriptor, and offers it when it is asked to. */
function prepare(transceiver, medium) {
    const { codecs } = RTCRtpReceiver.getCapabilities(medium);
    transceiver.setCodecPreferences(codecs.filter(({ mimeType }) => CODECS[medium].includes(mimeType)));
    if (medium !== "video") return;
    const extensions = transceiver.getHeaderExtensionsToNegotiate();
    transceiver.setHeaderExtensionsToNegotiate(
        extensions.map((each) => (each.uri === DEPENDENCY_DESCRIPTOR ? { ...each, direction: "sendrecv" } : each)),
    );
}

/** Says of which section the pictures are a screen's (RFC 4796 section 5), which browsers do not. */
export function withSlides(offer, mid) {
    if (mid === undefined || mid === null) return offer;
    return offer.replace(new RegExp(`^a=mid:${mid}\r\n`, "m"), (line) => `${line}a=content:slides\r\n`);
}

/** Whose tracks an answer sends in which sections: `{ participant, kind }` by mid. */
export function sourcesOf(answer) {
    const sources = new Map();
    for (const section of answer.split(/^m=/m).slice(1)) {
        const mid = /^a=mid:(\S+)/m.exec(section)?.[1];
        const track = /^a=msid:p(\d+) p\1-(audio|camera|screen)\s*$/m.exec(section);
        if (mid !== undefined && track !== null) {
            sources.set(mid, { participant: Number(track[1]), kind: track[2] });
        }
    }
    return sources;
}
