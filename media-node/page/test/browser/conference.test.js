// Claims about whole conferences: a media node, and Chromium on its page.

import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";

import { Chromium, serveFiles } from "./chromium.js";
import { MediaNode } from "./media_node.js";

const PATIENCE = 20_000;
let node;
let files;
let chromium;
let troubles = [];
let pages = [];
before(async () => {
    node = await MediaNode.start();
    files = await serveFiles();
    chromium = await Chromium.start();
});
afterEach(async () => {
    for (const page of pages.splice(0)) await page.close();
});
after(async () => {
    await chromium?.stop();
    files?.stop();
    await node?.stop();
});

/** A page at an address; `prepare` runs in it before anything else. */
async function open(address, prepare) {
    const page = await chromium.open(address, troubles, prepare);
    pages.push(page);
    return page;
}

async function start(mode = "discussion") {
    troubles = [];
    const host = await open(`${files.address}/test/browser/host.html`);
    await host.waitForFunction("globalThis.ready");
    const url = `${node.address.replace("http", "ws")}/signalling`;
    const link = await host.evaluate((what) => globalThis.start(what), { url, credential: node.credential(), mode });
    return { host, link };
}

async function join(link, name, prepare) {
    const page = await open(`${node.address}/${link}`, prepare);
    await page.fill("#name", name);
    await page.click("#door button");
    return page;
}

/** What was decoded so far: pictures, and the energy of sound, of everybody together. */
function decoded(page) {
    return page.evaluate(async () => {
        const sum = { frames: 0, energy: 0 };
        for (const each of await globalThis.conference.stats()) {
            if (each.type !== "inbound-rtp") continue;
            sum.frames += each.framesDecoded ?? 0;
            sum.energy += each.totalAudioEnergy ?? 0;
        }
        return { ...sum, counts: await globalThis.conference.counts() };
    });
}

/** Waits until a page tells what is wanted of it. */
async function until(page, tell, isWanted) {
    const end = Date.now() + PATIENCE;
    for (;;) {
        const told = await tell(page);
        if (isWanted(told)) return told;
        assert.ok(Date.now() < end, JSON.stringify(told));
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
}

const isIn = (page) => until(page, () => page.evaluate(() => globalThis.conference?.participant ?? null), (who) => who !== null);
const seesAndHears = (page) => until(page, decoded, ({ frames, energy }) => frames > 20 && energy > 0.0001);
const code = (page) => page.evaluate(() => globalThis.conference.verificationCode);

test("two browsers agree on keys, and see and hear one another", async () => {
    const { host, link } = await start();
    const guest = await join(link, "guest");
    await isIn(guest);
    for (const page of [host, guest]) {
        const { frames, counts } = await seesAndHears(page);
        assert.ok(counts.opened > frames && counts.sealed > frames, JSON.stringify(counts));
    }
    const codes = [await code(host), await code(guest)];
    assert.match(codes[0], /^(\d{5} ){5}\d{5}$/);
    assert.equal(codes[0], codes[1]);
    assert.equal(await guest.textContent("#code"), codes[1]);
    assert.deepEqual(await guest.locator("#people li").allTextContents(), ["host", "guest"]);
    assert.deepEqual(troubles, []);
    for (const secret of ["host", "guest", ...link.slice(1).split(".").slice(1)]) {
        assert.ok(!node.log.includes(secret), "nothing of it stands in the log");
    }
});

test("who has a link with another secret comes into no group, and decodes nothing", async () => {
    const { host, link } = await start();
    const wrong = link.slice(0, -64) + "0".repeat(64);
    const guest = await join(wrong, "guest");
    await isIn(guest);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    const { frames, energy, counts } = await decoded(guest);
    assert.deepEqual([frames, energy, counts.opened, counts.sealed], [0, 0, undefined, undefined], JSON.stringify(counts));
    assert.ok(counts.NoKey > 100, JSON.stringify(counts));
    assert.equal(await code(guest), null);
    assert.equal((await decoded(host)).frames, 0);
});

test("in presenter mode who has not the word is not seen, whatever their client does, until it is granted", async () => {
    const { host, link } = await start("presenter");
    const guest = await join(link, "guest", () => {
        // A client that goes on sending what it may not send.
        const { replaceTrack } = RTCRtpSender.prototype;
        RTCRtpSender.prototype.replaceTrack = function (track) {
            return track === null ? Promise.resolve() : replaceTrack.call(this, track);
        };
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
    const { host, link } = await start();
    const first = await join(link, "first");
    const agreed = async (pages, before) => {
        const all = () => Promise.all(pages.map(code));
        const codes = await until(null, all, (told) => told.every((each) => each !== null && each === told[0] && each !== before));
        return codes[0];
    };
    await isIn(first);
    const alone = await agreed([host, first], null);
    const second = await join(link, "second");
    await isIn(second);
    const three = await agreed([host, first, second], alone);
    await seesAndHears(second);
    await second.click("#leave");
    await agreed([host, first], three);
    assert.match(await second.textContent("#state"), /You are out/);
    const { counts } = await decoded(first);
    await until(first, decoded, (told) => told.counts.opened > counts.opened + 50);
});
