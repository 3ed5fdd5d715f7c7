// Records two seconds of what Chromium's encoders make of its camera and microphone that are not there, unsealed, for a client that
// has none (`media-node/examples/participant`): `node test/browser/record.js`. One frame after the other: a byte that says what it is
// (0 sound, 1 a picture, 2 a picture by itself), the RTP time in 4 bytes, the length in 4, the frame; numbers in network order.

import { writeFile } from "node:fs/promises";

import { Chromium, serveFiles } from "./chromium.js";

const MILLISECONDS = 2_000;
const files = await serveFiles();
const chromium = await Chromium.start();
const page = await chromium.open(`${files.address}/test/browser/loopback.html`, []);
const recorded = await page.evaluate(async (milliseconds) => {
    const source = `
        self.onrtctransform = ({ transformer: { readable, writable, options } }) => {
            const transform = (frame, out) => {
                const kind = options === "audio" ? 0 : frame.type === "key" ? 2 : 1;
                self.postMessage([kind, frame.getMetadata().rtpTimestamp, [...new Uint8Array(frame.data)]]);
                out.enqueue(frame);
            };
            readable.pipeThrough(new TransformStream({ transform })).pipeTo(writable);
        };`;
    const worker = new Worker(URL.createObjectURL(new Blob([source])));
    const frames = [];
    worker.onmessage = ({ data }) => frames.push(data);
    const video = { width: 320, height: 240, frameRate: 15 };
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video });
    const [near, far] = [new RTCPeerConnection(), new RTCPeerConnection()];
    near.onicecandidate = ({ candidate }) => far.addIceCandidate(candidate);
    far.onicecandidate = ({ candidate }) => near.addIceCandidate(candidate);
    for (const track of stream.getTracks()) {
        const sendEncodings = track.kind === "video" ? [{ maxBitrate: 120_000, scalabilityMode: "L1T1" }] : [{}];
        const transceiver = near.addTransceiver(track, { direction: "sendonly", sendEncodings });
        transceiver.sender.transform = new RTCRtpScriptTransform(worker, track.kind);
        const { codecs } = RTCRtpReceiver.getCapabilities(track.kind);
        const wanted = codecs.filter(({ mimeType }) => ["audio/opus", "video/VP8"].includes(mimeType));
        transceiver.setCodecPreferences(wanted);
    }
    await near.setLocalDescription();
    await far.setRemoteDescription(near.localDescription);
    await far.setLocalDescription();
    await near.setRemoteDescription(far.localDescription);
    while (near.connectionState !== "connected") await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, milliseconds));
    near.close();
    return frames;
}, MILLISECONDS);
await chromium.stop();
files.stop();
// What goes before the first key frame cannot be decoded.
const first = recorded.findIndex(([kind]) => kind === 2);
const chunks = recorded.slice(first).map(([kind, time, bytes]) => {
    const head = Buffer.alloc(9);
    head.writeUInt8(kind, 0);
    head.writeUInt32BE(time, 1);
    head.writeUInt32BE(bytes.length, 5);
    return Buffer.concat([head, Buffer.from(bytes)]);
});
await writeFile(new URL("../recordings/participant.frames", import.meta.url), Buffer.concat(chunks));
for (const kind of [0, 1, 2]) {
    const of = recorded.slice(first).filter(([each]) => each === kind);
    console.log(kind, of.length, of.reduce((sum, [, , bytes]) => sum + bytes.length, 0));
}
