// Owns the door: joining by a link, or starting a conference with a licence, and what is said when that comes to nothing. No name,
// token or key is written to the console.

import { toHex } from "./bytes.js";
import { Call } from "./call.js";
import { element, say } from "./elements.js";
import { readLink } from "./link.js";
import { canEncrypt } from "./media.js";
import { Room } from "./room.js";

/** What people are told of refusals and ends that they can do something about. */
const WORDS = {
    "conference-full": "The conference is full.",
    "conference-locked": "The conference is locked.",
    "invalid-link": "This link leads to no conference, or not any more.",
    "licence-in-use": "This licence carries another conference at the moment.",
    "no-licence": "That is no licence.",
    "all-licences-in-use": "All licences are in use.",
    "lobby-full": "Too many people wait to be let in. Try again later.",
    "shutting-down": "The server is about to end. Try again later.",
    "too-many-requests": "Too many people come at once. Try again in a moment.",
    "bad-name": "That name cannot be shown.",
    left: "You have left.",
    removed: "You were put out.",
    denied: "You were not let in.",
    ended: "The conference is over.",
    replaced: "You are in by another page now.",
    disconnected: "The connection is lost, and the server cannot be reached.",
    broken: "The keys are lost, and without them nothing is sent or played. Join again.",
};

const link = readLink(location.hash);
const form = element(link === null ? "start" : "door");
if (!canEncrypt()) say("This browser cannot encrypt from end to end here, so nobody can join with it.", "bad");
else if (link === null && location.hash.length > 1) say("This is no invitation link, or only a part of one.", "bad");
else {
    if (link === null) say("To join, open this page by an invitation link. With a licence you can start a conference.");
    form.hidden = false;
}
// Another link in the same window.
addEventListener("hashchange", () => location.reload());

element("door").addEventListener("submit", (event) => {
    event.preventDefault();
    enter({ ...link, name: element("name").value.trim() });
});

element("start").addEventListener("submit", (event) => {
    event.preventDefault();
    const credential = element("credential").value.trim().toLowerCase();
    const start = { credential, mode: element("mode").value, lobby: element("lobby").checked };
    const secret = crypto.getRandomValues(new Uint8Array(32));
    enter({ start, secret, name: element("host-name").value.trim() });
});

/** Goes in, with `{ link or start, secret, name }`. */
async function enter(what) {
    form.hidden = true;
    say("Asking for camera and microphone …");
    let media = null;
    let worker = null;
    const clear = () => {
        media?.getTracks().forEach((track) => track.stop());
        worker?.terminate();
    };
    try {
        media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } });
        say("Waiting to be let in …");
        const url = new URL("signalling", location.href);
        url.protocol = url.protocol.replace("http", "ws");
        url.hash = "";
        worker = new Worker(new URL("worker.js", location.href), { type: "module" });
        const tracks = { audio: media.getAudioTracks()[0], camera: media.getVideoTracks()[0] };
        const room = new Room(tracks, toHex(what.secret));
        const call = await Call.enter({ url, worker, tracks, ...what }, {
            onChange: () => room.show(),
            onTrouble: () => say("Something went wrong; nothing is sent that is not encrypted.", "bad"),
            onEnd: (reason) => {
                room.close();
                clear();
                say(WORDS[reason] ?? `You are out (${reason}).`, reason === "left" ? undefined : "bad");
                form.hidden = false;
            },
        });
        // For whoever looks at the page from outside, as tests do.
        globalThis.conference = call;
        room.open(call);
    } catch (error) {
        clear();
        say(whyNot(error), "bad");
        form.hidden = false;
    }
}

function whyNot({ name, reason }) {
    if (reason !== undefined) return WORDS[reason] ?? `You were not let in (${reason}).`;
    if (name === "NotAllowedError") return "Without camera and microphone nobody can join here; this browser does not allow them.";
    if (name === "NotFoundError") return "There is no camera or no microphone.";
    return "The server cannot be reached.";
}
