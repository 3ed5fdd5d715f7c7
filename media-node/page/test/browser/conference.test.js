// Claims about whole conferences: a media node, and Chromium on its page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Stage, agreed, code, decoded, isIn, seesAndHears, until } from "./stage.js";

const stage = new Stage();

test("two browsers agree on keys, and see and hear one another", async () => {
    const { host, link } = await stage.start();
    const guest = await stage.join(link, "guest");
    await isIn(guest);
    for (const page of [host, guest]) {
        const { frames, counts } = await seesAndHears(page);
        assert.ok(counts.opened > frames && counts.sealed > frames, JSON.stringify(counts));
    }
    const codes = [await code(host), await code(guest)];
    assert.match(codes[0], /^(\d{5} ){5}\d{5}$/);
    assert.equal(codes[0], codes[1]);
    assert.equal(await guest.textContent("#code"), codes[1]);
    assert.deepEqual(await guest.locator("#people li span").allTextContents(), ["host (host)", "guest"]);
    assert.deepEqual(stage.troubles, []);
    for (const secret of ["host", "guest", ...link.slice(1).split(".").slice(1)]) {
        assert.ok(!stage.node.log.includes(secret), "nothing of it stands in the log");
    }
});

test("who has a link with another secret comes into no group, and decodes nothing", async () => {
    const { host, link } = await stage.start();
    const wrong = link.slice(0, -64) + "0".repeat(64);
    const guest = await stage.join(wrong, "guest");
    await isIn(guest);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    const { frames, energy, counts } = await decoded(guest);
    assert.deepEqual([frames, energy, counts.opened, counts.sealed], [0, 0, undefined, undefined], JSON.stringify(counts));
    assert.ok(counts.NoKey > 100, JSON.stringify(counts));
    assert.equal(await code(guest), null);
    assert.equal((await decoded(host)).frames, 0);
});

test("in presenter mode who has not the word is not seen, whatever their client does, until it is granted", async () => {
    const { host, link } = await stage.start("presenter");
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
    const { frames, energy, counts } = await decoded(host);
    assert.deepEqual([frames, energy, counts.opened], [0, 0, undefined], JSON.stringify(counts));
    const permissions = { audio: true, video: true, screen: false };
    await host.evaluate((grant) => globalThis.conference.request({ grant }), { participant, permissions });
    await seesAndHears(host);
});

test("who comes and who goes changes the code for everybody", async () => {
    const { host, link } = await stage.start();
    const first = await stage.join(link, "first");
    await isIn(first);
    const alone = await agreed([host, first]);
    const second = await stage.join(link, "second");
    await isIn(second);
    const three = await agreed([host, first, second], alone);
    await seesAndHears(second);
    await second.click("#leave");
    await agreed([host, first], three);
    assert.match(await second.textContent("#state"), /You have left/);
    const { counts } = await decoded(first);
    await until(first, decoded, (told) => told.counts.opened > counts.opened + 50);
});
