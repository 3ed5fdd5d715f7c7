// Owns the WebRTC connection to the media node: own tracks, places for those of others, and a transform before and behind all of
// them from the first moment. It knows no key; those are in the worker.

const DEPENDENCY_DESCRIPTOR = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";
/** From the smallest to the largest; the bitrates of libwebrtc for a camera with 720 lines. */
const ENCODINGS = [
    { rid: "q", scaleResolutionDownBy: 4, maxBitrate: 150_000, scalabilityMode: "L1T3" },
    { rid: "h", scaleResolutionDownBy: 2, maxBitrate: 500_000, scalabilityMode: "L1T3" },
    { rid: "f", maxBitrate: 1_500_000, scalabilityMode: "L1T3" },
];
/**
 * What can be sealed whole. Redundant audio (RFC 2198) would be sealed as one, where the media node has to take it apart; of
 * H.264 the browser reads what it packs.
 */
const CODECS = { audio: ["audio/opus"], video: ["video/VP8", "video/VP9", "video/rtx"] };

/** Whether this browser can do what is needed; without it nobody is let in, because nothing would be encrypted. */
export function canEncrypt() {
    return globalThis.isSecureContext && typeof RTCRtpScriptTransform === "function" && Boolean(crypto.subtle);
}

export class Media {
    #connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    #worker;
    /** Transceivers for the tracks of others, by medium; a transform's number is its place in `#receivers`. */
    #receivers = [];
    /** Whose tracks come in which sections: `{ participant, kind }` by mid. */
    #sources = new Map();
    /** How many places are wanted, and whether that is still to be agreed on. */
    #wanted = { audio: 0, video: 0 };
    #isStale = false;
    #isNegotiating = false;
    #negotiate;
    #onTrack;

    /**
     * `negotiate(offer)` gives the answer to an offer. `onTrack({ participant, kind }, track)` is called when somebody's track has
     * found a place.
     */
    constructor(worker, { negotiate, onTrack }) {
        this.#worker = worker;
        this.#negotiate = negotiate;
        this.#onTrack = onTrack;
    }

    /** Sends a track of one's own, as `audio` or `camera`, from the next negotiation on. */
    send(kind, track) {
        const init = { direction: "sendonly" };
        if (kind === "camera") init.sendEncodings = ENCODINGS;
        const transceiver = this.#connection.addTransceiver(track, init);
        transceiver.sender.transform = new RTCRtpScriptTransform(this.#worker, { sends: kind });
        prepare(transceiver, track.kind);
        return transceiver.sender;
    }

    /**
     * Makes as many places for tracks of others as there are, and agrees with the media node on everything. Of what is wanted
     * while an offer is under way the last is offered next: fifty who come at once are no fifty offers.
     */
    async negotiate(wanted) {
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
        this.#connection.close();
    }

    async #agree() {
        for (const medium of ["audio", "video"]) {
            const there = this.#receivers.filter(({ receiver }) => receiver.track.kind === medium).length;
            for (let more = there; more < this.#wanted[medium]; more += 1) this.#addReceiver(medium);
        }
        const connection = this.#connection;
        await connection.setLocalDescription(await connection.createOffer());
        const answer = await this.#negotiate(connection.localDescription.sdp);
        const sources = sourcesOf(answer);
        this.#sources = sources;
        const routes = this.#receivers
            .map((transceiver, number) => [number, sources.get(transceiver.mid)])
            .filter(([, source]) => source !== undefined);
        this.#worker.postMessage({ routes });
        await connection.setRemoteDescription({ type: "answer", sdp: answer });
        for (const [number, source] of routes) this.#onTrack(source, this.#receivers[number].receiver.track);
    }

    #addReceiver(medium) {
        const transceiver = this.#connection.addTransceiver(medium, { direction: "recvonly" });
        const receives = this.#receivers.push(transceiver) - 1;
        transceiver.receiver.transform = new RTCRtpScriptTransform(this.#worker, { receives });
        prepare(transceiver, medium);
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
