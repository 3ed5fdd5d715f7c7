// Owns claims about encryption and presenter mode, which are held as they are (`conference.test.js`), and have to fail when they are
// broken on purpose (`sabotage.test.js`).

import assert from "node:assert/strict";

import { agreed, code, decoded, isIn, people, request, seesAndHears, until } from "./stage.js";

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Two browsers agree on keys, and see and hear one another. Gives the link. */
export async function seeAndHearOneAnother(stage, { worker, patience } = {}) {
    const { host, link } = await stage.start("discussion", { worker });
    const guest = await stage.join(link, "guest", { worker });
    await isIn(guest);
    for (const page of [host, guest]) {
        const { frames, counts } = await seesAndHears(page, null, patience);
        assert.ok(counts.opened > frames && counts.sealed > frames, JSON.stringify(counts));
    }
    const common = await agreed([host, guest]);
    assert.match(common, /^(\d{5} ){5}\d{5}$/);
    assert.equal(await guest.textContent("#code"), common);
    assert.deepEqual(await people(guest), ["host", "guest"]);
    return link;
}

/** Who has a link with another secret comes into no group, and decodes nothing. */
export async function anotherSecretOpensNothing(stage, { worker } = {}) {
    const { host, link } = await stage.start("discussion", { worker });
    const guest = await stage.join(link.slice(0, -64) + "0".repeat(64), "guest", { worker });
    await isIn(guest);
    await wait(6_000);
    const came = await decoded(guest);
    const { frames, energy, counts } = came;
    assert.deepEqual([frames, energy, counts.opened, counts.sealed], [0, 0, undefined, undefined], JSON.stringify(came));
    assert.ok(counts.NoKey > 100, JSON.stringify(counts));
    assert.equal(await code(guest), null);
    assert.equal((await decoded(host)).frames, 0);
}

/** In presenter mode who has not the word is not seen, whatever their client does, until it is granted. */
export async function audienceIsNotSeen(stage, { mode = "presenter" } = {}) {
    const { host, link } = await stage.start(mode);
    const guest = await stage.join(link, "guest", {
        // A client that goes on sending what it may not send.
        prepare: () => {
            const { replaceTrack } = RTCRtpSender.prototype;
            RTCRtpSender.prototype.replaceTrack = function (track) {
                return track === null ? Promise.resolve() : replaceTrack.call(this, track);
            };
        },
    });
    const participant = await isIn(guest);
    await seesAndHears(guest);
    await until(guest, decoded, ({ counts }) => counts.sealed > 200);
    const came = await decoded(host);
    assert.deepEqual([came.frames, came.energy, came.counts.opened], [0, 0, undefined], JSON.stringify(came));
    await request(host, { grant: { participant, permissions: { audio: true, video: true, screen: false } } });
    await seesAndHears(host);
}
