// Owns what people see and can do inside: the code by which they know that they are among themselves, who is there, their own
// devices, and what a host and moderators decide.

import { button, element, say } from "./elements.js";
import { writeLink } from "./link.js";
import { showTracks } from "./pictures.js";

/** What can be given in presenter mode, and taken. */
const WORD = { audio: true, video: true, screen: false };
const NOTHING = { audio: false, video: false, screen: false };

export class Room {
    #call = null;
    #tracks;
    #secret;
    #screen = null;

    /** With own tracks by kind, and the link's secret in hexadecimal digits. */
    constructor(tracks, secret) {
        this.#tracks = tracks;
        this.#secret = secret;
    }

    open(call) {
        this.#call = call;
        for (const id of ["microphone", "camera"]) element(id).setAttribute("aria-pressed", "true");
        element("microphone").onclick = () => this.#toggle("microphone", this.#tracks.audio);
        element("camera").onclick = () => this.#toggle("camera", this.#tracks.camera);
        element("screen").onclick = () => (this.#screen === null ? this.#share() : this.#stopSharing());
        element("hand").onclick = () => this.#ask(this.#own?.hand_raised ? "lower-hand" : "raise-hand");
        element("leave").onclick = () => call.leave();
        element("copy").onclick = () => navigator.clipboard.writeText(element("link").value).catch(() => element("link").select());
        element("another").onclick = () => this.#ask("create-invitation").then(() => this.show());
        element("switch-mode").onclick = () => this.#ask({ "set-mode": { mode: this.#isPresenting ? "discussion" : "presenter" } });
        element("end").onclick = () => this.#ask("end").then(() => call.leave());
        this.#showSharing();
    }

    close() {
        this.#screen?.stop();
        element("room").hidden = true;
        showTracks([], () => "");
    }

    /** Everything as it is now. */
    show() {
        const call = this.#call;
        if (call === null) return;
        if (call.isReturning) say("The connection is lost. Trying to come back …", "bad");
        else if (call.participant === null) say("Waiting to be let in …");
        else if (call.isSilent) say("Nothing comes through. Looking for another path …", "bad");
        else say(call.verificationCode === null ? "Agreeing on keys …" : "You are in.");
        if (call.participant === null) return;
        element("room").hidden = false;
        element("code").value = call.verificationCode ?? "…";
        element("warning").textContent = call.hidden.length === 0 ? "" : "Somebody listens whom the list does not show.";
        const own = this.#own;
        this.#showPictures();
        element("screen").disabled = this.#screen === null && !own?.permissions.screen;
        element("hand").hidden = !this.#isPresenting || own?.presenter;
        element("hand").setAttribute("aria-pressed", String(own?.hand_raised ?? false));
        showLines("people", [...call.roster.values()].map((member) => this.#person(member)));
        this.#showHosting();
    }

    /** One's own camera, and whatever of others can come: who may not send has no picture. */
    #showPictures() {
        const { roster, participant, tracks } = this.#call;
        const flows = (track) => roster.get(track.participant)?.permissions[track.kind === "camera" ? "video" : track.kind];
        const all = [{ participant, kind: "camera", track: this.#tracks.camera }, ...tracks];
        showTracks(all.filter(flows), (who) => (who === participant ? "You" : roster.get(who).name));
    }

    get #own() {
        return this.#call.roster.get(this.#call.participant);
    }

    get #isPresenting() {
        return this.#call.mode === "presenter";
    }

    #showHosting() {
        const { role } = this.#own ?? {};
        element("hosting").hidden = role !== "host" && role !== "moderator";
        element("end").hidden = role !== "host";
        const { invitation, knocking } = this.#call;
        const address = new URL(location.href);
        address.hash = invitation === null ? "" : writeLink(invitation.link, this.#secret);
        element("link").value = invitation === null ? "" : address.href;
        element("link").hidden = element("copy").hidden = invitation === null;
        element("switch-mode").textContent = this.#isPresenting ? "Let everybody speak" : "Only who presents may speak";
        element("lobby-title").hidden = knocking.size === 0;
        showLines("waiting", [...knocking].map(([participant, name]) => ({
            participant,
            text: name,
            decisions: [
                ["Let in", () => this.#ask({ admit: { participant } })],
                ["Turn away", () => this.#ask({ remove: { participant } })],
            ],
        })));
    }

    #person(member) {
        const { participant, name, role, presenter, permissions } = member;
        const marks = [
            role === "guest" ? null : role,
            presenter ? "presents" : null,
            this.#isPresenting && !presenter && permissions.audio ? "has the word" : null,
            member.hand_raised ? "raises a hand" : null,
        ].filter((mark) => mark !== null);
        const text = marks.length === 0 ? name : `${name} (${marks.join(", ")})`;
        return { participant, text, decisions: participant === this.#call.participant ? [] : this.#decisions(member) };
    }

    /** What the one who looks at the page can decide about somebody. */
    #decisions({ participant, role, presenter, permissions }) {
        if (!["host", "moderator"].includes(this.#own?.role)) return [];
        const decisions = [];
        if (this.#isPresenting && !presenter) {
            const grants = permissions.audio ? NOTHING : WORD;
            const grant = () => this.#ask({ grant: { participant, permissions: grants } });
            decisions.push([permissions.audio ? "Take the word" : "Give the word", grant]);
        }
        if (role !== "host") decisions.push(["Put out", () => this.#ask({ remove: { participant } })]);
        return decisions;
    }

    #toggle(id, track) {
        track.enabled = !track.enabled;
        element(id).setAttribute("aria-pressed", String(track.enabled));
    }

    async #share() {
        let media;
        try {
            media = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 15 }, audio: false });
        } catch {
            // Whoever was asked has changed their mind.
            return;
        }
        [this.#screen] = media.getVideoTracks();
        this.#screen.contentHint = "detail";
        this.#screen.onended = () => this.#stopSharing();
        this.#call.send("screen", this.#screen);
        this.#showSharing();
    }

    #stopSharing() {
        this.#screen.stop();
        this.#screen = null;
        this.#call.send("screen", null);
        this.#showSharing();
    }

    #showSharing() {
        element("screen").textContent = this.#screen === null ? "Share screen" : "Stop sharing";
        element("screen").setAttribute("aria-pressed", String(this.#screen !== null));
        this.show();
    }

    async #ask(what) {
        try {
            await this.#call.request(what);
        } catch (error) {
            if (error.reason !== undefined) say(`That was refused (${error.reason}).`, "bad");
        }
    }
}

/** Lines of a list with what can be decided about each, unless they stand there already: a button that is about to be pressed stays. */
function showLines(id, lines) {
    const list = element(id);
    const shown = JSON.stringify(lines.map(({ participant, text, decisions }) => [participant, text, decisions.map(([what]) => what)]));
    if (list.dataset.shown === shown) return;
    list.dataset.shown = shown;
    list.replaceChildren(...lines.map(({ text, decisions }) => {
        const item = document.createElement("li");
        const label = document.createElement("span");
        label.textContent = text;
        item.append(label, ...decisions.map(([what, onClick]) => button(what, onClick)));
        return item;
    }));
}
