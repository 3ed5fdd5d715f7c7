// Owns two ends of a connection in one page: `Media` on one side, and a bare connection in the media node's place that answers and
// plays. Each has a worker of its own.

import { Media } from "/src/media.js";

const base = (byte) =>
    crypto.subtle.importKey("raw", new Uint8Array(16).fill(byte), "HKDF", false, ["deriveBits", "deriveKey"]);
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Sends for a while under `sealsWith`, and tells what came of it where `opensWith` is known; `null` is no key. */
globalThis.loop = async ({ sealsWith, opensWith, milliseconds }) => {
    const [sender, receiver] = [0, 1].map(() => new Worker("/dist/worker.js", { type: "module" }));
    const far = new RTCPeerConnection();
    const players = [];
    far.ontrack = ({ transceiver, track }) => {
        const receives = Number(transceiver.mid);
        transceiver.receiver.transform = new RTCRtpScriptTransform(receiver, { receives });
        const player = document.createElement(track.kind);
        Object.assign(player, { autoplay: true, srcObject: new MediaStream([track]) });
        document.body.append(player);
        players.push(player);
    };
    let connection = null;
    const media = new Media(sender, {
        negotiate: async (offer) => {
            await far.setRemoteDescription({ type: "offer", sdp: offer });
            await far.setLocalDescription();
            if (far.iceGatheringState !== "complete") {
                await new Promise((resolve) => {
                    far.onicegatheringstatechange = () => far.iceGatheringState === "complete" && resolve();
                });
            }
            connection = offer;
            return far.localDescription.sdp;
        },
        onChange: () => undefined,
        onTrouble: (error) => console.error(error.message),
        onLost: () => undefined,
    });
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } });
    receiver.postMessage({ routes: [[0, { participant: 7, kind: "audio" }], [1, { participant: 7, kind: "camera" }]] });
    if (sealsWith !== null) {
        sender.postMessage({ keys: { epoch: 1n, base: await base(sealsWith), own: 0, senders: [], added: [] } });
    }
    if (opensWith !== null) {
        const senders = [[0, 7]];
        receiver.postMessage({ keys: { epoch: 1n, base: await base(opensWith), own: 1, senders, added: [] } });
    }
    media.send("audio", stream.getAudioTracks()[0]);
    media.send("camera", stream.getVideoTracks()[0]);
    await media.negotiate({ audio: 0, video: 0 });
    await wait(milliseconds);
    const result = { offer: connection, inbound: {}, sent: {}, ...(await counts({ sender, receiver })) };
    for (const each of await media.stats()) {
        if (each.type === "outbound-rtp") result.sent[each.kind] = (result.sent[each.kind] ?? 0) + each.packetsSent;
    }
    (await far.getStats()).forEach((each) => {
        if (each.type === "inbound-rtp") result.inbound[each.kind] = each;
    });
    media.close();
    far.close();
    for (const worker of [sender, receiver]) worker.terminate();
    players.forEach((player) => player.remove());
    stream.getTracks().forEach((track) => track.stop());
    return JSON.parse(JSON.stringify(result));
};

async function counts(workers) {
    const entries = Object.entries(workers).map(([name, worker]) => new Promise((resolve) => {
        worker.onmessage = ({ data }) => data.counts !== undefined && resolve([name, data.counts]);
        worker.postMessage("count");
    }));
    return Object.fromEntries(await Promise.all(entries));
}
globalThis.ready = true;
