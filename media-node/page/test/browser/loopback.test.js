// Claims about real encoders, decoders and packets in Chromium: whole frames are sealed, and decoded by nobody without the key.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Chromium, serveFiles } from "./chromium.js";

const MILLISECONDS = 4_000;
const troubles = [];
let files;
let chromium;
let page;
before(async () => {
    files = await serveFiles();
    chromium = await Chromium.start();
    page = await chromium.open(`${files.address}/test/browser/loopback.html`, troubles);
    await page.waitForFunction("globalThis.ready");
});
after(async () => {
    await chromium?.stop();
    files?.stop();
});

const loop = (keys) => page.evaluate((what) => globalThis.loop(what), { ...keys, milliseconds: MILLISECONDS });

test("with the key pictures and sound are decoded", async () => {
    const { inbound, sender, receiver, offer } = await loop({ sealsWith: 1, opensWith: 1 });
    assert.match(offer, /dependency-descriptor/);
    assert.doesNotMatch(offer, /red\/48000|H264/);
    assert.ok(sender.sealed > 200, JSON.stringify(sender));
    assert.equal(sender.unsealed, undefined);
    assert.ok(receiver.opened > 200, JSON.stringify(receiver));
    assert.ok(inbound.video.framesDecoded > 20, JSON.stringify(inbound.video));
    // Read from sealed bytes every other picture would be one.
    assert.ok(inbound.video.keyFramesDecoded <= 5, JSON.stringify(inbound.video));
    assert.ok(inbound.audio.totalAudioEnergy > 0.0001, JSON.stringify(inbound.audio));
});

test("with another key nothing is decoded", async () => {
    const { inbound, receiver } = await loop({ sealsWith: 1, opensWith: 2 });
    assert.equal(receiver.opened, undefined);
    assert.ok(receiver.BadTag > 100, JSON.stringify(receiver));
    assert.equal(inbound.video.framesDecoded, 0);
    assert.equal(inbound.audio.totalAudioEnergy, 0);
});

test("without a key nothing is played", async () => {
    const { inbound, receiver } = await loop({ sealsWith: 1, opensWith: null });
    assert.equal(receiver.opened, undefined);
    assert.ok(receiver.NoKey > 100, JSON.stringify(receiver));
    assert.equal(inbound.video.framesDecoded, 0);
    assert.equal(inbound.audio.totalAudioEnergy, 0);
});

test("without a key nothing is sent", async () => {
    const { sent, sender, inbound } = await loop({ sealsWith: null, opensWith: 1 });
    assert.equal(sender.sealed, undefined);
    assert.ok(sender.unsealed > 100, JSON.stringify(sender));
    assert.equal(sent.audio, 0, JSON.stringify(sent));
    assert.equal(inbound.video?.framesReceived ?? 0, 0);
});

test("nothing complains", () => {
    assert.deepEqual(troubles, []);
});
