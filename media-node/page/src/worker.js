// Owns the way of every encoded frame through a worker: sealed between encoder and network, opened between network and decoder
// (`RTCRtpScriptTransform`). What cannot be sealed is not sent, what does not open is not played; there is no way past it.
//
// It is told `{ keys }`, `"end"` (as `Membership.take` gives them) and `{ routes }`: whose track comes on which receiver. It tells
// `"ahead"` (frames of epochs that are not known here) and `"worn"` (the key has to be renewed), each once an epoch, and answers
// `"count"` with how many frames it has sealed, opened and refused.

import { Frames } from "./frames.js";
import { SEALED_FRAMES_MAX } from "./limits.js";
import { metadataOf } from "./metadata.js";

const frames = new Frames();
/** `{ participant, kind }`, or `null`, by number of the receiver. */
const routes = new Map();
const videoSenders = new Set();
/** Receivers whose decoder waits for a key frame, because one did not open. */
const torn = new Set();
const counts = {};
let told = new Set();

self.onmessage = ({ data }) => {
    if (data === "count") return self.postMessage({ counts });
    if (data === "end") return frames.end(performance.now());
    if (data.routes !== undefined) {
        for (const [receiver, source] of data.routes) routes.set(receiver, source);
        return;
    }
    frames.begin(performance.now(), data.keys);
    told = new Set();
    // Whoever came in has seen no key frame yet, and who goes on may have missed one.
    if (data.keys.added.length > 0) videoSenders.forEach((sender) => ask(sender, "generateKeyFrame"));
    torn.forEach((receiver) => ask(receiver, "sendKeyFrameRequest"));
    torn.clear();
};

self.onrtctransform = ({ transformer }) => {
    const { sends, receives } = transformer.options;
    if (sends !== undefined && sends !== "audio") videoSenders.add(transformer);
    const transform = sends === undefined
        ? (frame, out) => open(transformer, receives, frame, out)
        : (frame, out) => seal(sends, frame, out);
    transformer.readable
        .pipeThrough(new TransformStream({ transform }))
        .pipeTo(transformer.writable)
        // The track has ended.
        .catch(() => videoSenders.delete(transformer));
};

async function seal(kind, frame, out) {
    const metadata = metadataOf(kind, frame);
    const sealed = metadata && (await frames.seal(new Uint8Array(frame.data), metadata));
    count(sealed === null ? "unsealed" : "sealed");
    if (frames.sealedFrames >= SEALED_FRAMES_MAX / 2) tell("worn");
    if (sealed === null) return;
    frame.data = sealed.buffer;
    out.enqueue(frame);
}

async function open(transformer, receiver, frame, out) {
    // Chromium hands over the padding of sound as frames without content.
    if (frame.data.byteLength === 0) return;
    const route = routes.get(receiver);
    const metadata = route && metadataOf(route.kind, frame);
    if (!metadata) return count("NoRoute");
    const sealed = new Uint8Array(frame.data);
    const { opened, refused, ahead } = await frames.open(performance.now(), route.participant, sealed, metadata);
    count(refused ?? "opened");
    if (ahead) tell("ahead");
    if (opened === undefined) {
        if (route.kind !== "audio" && refused === "NoKey") torn.add(transformer);
        return;
    }
    frame.data = opened.buffer;
    out.enqueue(frame);
}

function count(what) {
    counts[what] = (counts[what] ?? 0) + 1;
}

function tell(what) {
    if (!told.has(what)) self.postMessage(what);
    told.add(what);
}

/** Asks for a key frame; a track that flows nowhere at the moment has none to give. */
function ask(transformer, how) {
    transformer[how]?.().catch(() => undefined);
}
