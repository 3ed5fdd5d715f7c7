// Owns what people see: the door, the code by which they know that they are among themselves, who is there, and pictures. No name,
// token or key is written to the console.

import { Call } from "./call.js";
import { readLink } from "./link.js";
import { canEncrypt } from "./media.js";

const element = (id) => document.getElementById(id);

const link = readLink(location.hash);
if (!canEncrypt()) say("This browser cannot encrypt from end to end here, so nobody can join with it.");
else if (link === null) say("Open this page by an invitation link.");
else element("door").hidden = false;

element("door").addEventListener("submit", (event) => {
    event.preventDefault();
    element("door").hidden = true;
    enter(element("name").value.trim()).catch((error) => {
        say(error.reason === undefined ? "That did not work." : `You were not let in (${error.reason}).`);
        element("door").hidden = false;
    });
});

async function enter(name) {
    say("Waiting to be let in …");
    const media = await navigator.mediaDevices.getUserMedia({ audio: true, video: { width: 640, height: 480 } });
    const [audio, camera] = [media.getAudioTracks()[0], media.getVideoTracks()[0]];
    const url = new URL("signalling", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    url.hash = "";
    const worker = new Worker(new URL("worker.js", location.href), { type: "module" });
    let call = null;
    const listener = {
        onChange: () => call !== null && show(call),
        onTrack: play,
        onTrouble: () => say("Something went wrong; nothing is sent that is not encrypted."),
        onEnd: (reason) => {
            say(`You are out (${reason}).`);
            element("room").hidden = true;
            media.getTracks().forEach((track) => track.stop());
            worker.terminate();
        },
    };
    call = await Call.enter({ url, worker, ...link, name, tracks: { audio, camera } }, listener);
    element("hand").onclick = () => call.request("raise-hand").catch(() => undefined);
    element("leave").onclick = () => call.leave();
    // For whoever looks at the page from outside, as tests do.
    globalThis.conference = call;
    show(call);
}

function show(call) {
    if (call.participant === null) return;
    say(call.verificationCode === null ? "Agreeing on keys …" : "You are in.");
    element("room").hidden = false;
    element("code").value = call.verificationCode ?? "…";
    element("warning").textContent = call.hidden.length === 0 ? "" : "Somebody listens whom the list does not show.";
    const people = [...call.roster.values()].map((member) => {
        const item = document.createElement("li");
        item.textContent = member.name + (member.presenter ? " (presents)" : "") + (member.hand_raised ? " ✋" : "");
        return item;
    });
    element("people").replaceChildren(...people);
}

/** A picture or a sound of somebody; a track has one place, and a place one track. */
function play({ participant, kind }, track) {
    const id = `track-${track.id}`;
    let player = element(id);
    if (player === null) {
        player = document.createElement(kind === "audio" ? "audio" : "video");
        Object.assign(player, { id, autoplay: true, playsInline: true, srcObject: new MediaStream([track]) });
        element("pictures").append(player);
    }
    player.dataset.of = `${participant} ${kind}`;
}

function say(text) {
    element("state").textContent = text;
}
