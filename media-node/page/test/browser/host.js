// Owns the host of a conference in a browser: what the page does for guests, with a licence in the link's place.

import { toHex } from "../../src/bytes.js";
import { Call } from "../../src/call.js";
import { writeLink } from "../../src/link.js";

/** Starts a conference; gives the part of its link behind the address. */
globalThis.start = async ({ url, credential, mode, lobby }) => {
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } });
    const players = new Set();
    const listener = {
        onChange: () => {
            for (const { track } of globalThis.conference?.tracks ?? []) {
                if (players.has(track)) continue;
                const player = document.createElement(track.kind);
                Object.assign(player, { autoplay: true, srcObject: new MediaStream([track]) });
                document.body.append(player);
                players.add(track);
            }
        },
        onTrouble: (error) => console.error(error.message),
        onEnd: () => undefined,
    };
    globalThis.conference = await Call.enter({
        url,
        worker: new Worker("/dist/worker.js", { type: "module" }),
        start: { credential, mode, lobby },
        secret,
        name: "host",
        tracks: { audio: media.getAudioTracks()[0], camera: media.getVideoTracks()[0] },
    }, listener);
    return writeLink(globalThis.conference.invitation.link, toHex(secret));
};
globalThis.ready = true;
