// Claims about people who lose a connection: signalling, the path of media, or both.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { TcpDetour, UdpDetour } from "./detours.js";
import {
    Stage, agreed, code, decoded, isIn, knocking, participant, people, request, seesAndHears, state, until,
} from "./stage.js";

const stage = new Stage();
let detours = [];
afterEach(() => detours.splice(0).forEach((detour) => detour.stop()));

async function detourFor(kind, address) {
    const detour = await kind.start(address);
    detours.push(detour);
    return detour;
}

/** Lets a page find the media node at `globalThis.mediaPort`. */
const goesAround = (port) => {
    globalThis.mediaPort = port;
    const { setRemoteDescription } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.setRemoteDescription = function ({ type, sdp }) {
        const other = sdp.replace(/^(a=candidate:.* 127\.0\.0\.1) \d+ typ host/gm, `$1 ${globalThis.mediaPort} typ host`);
        return setRemoteDescription.call(this, { type, sdp: other });
    };
};
const frames = async (page, whom) => (await decoded(page, whom)).frames;
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
/** Waits until more pictures of somebody are decoded; gives how long that took, in milliseconds. */
async function goesOn(page, whom, pictures = 15) {
    const [before, since] = [await frames(page, whom), Date.now()];
    await until(page, () => frames(page, whom), (now) => now >= before + pictures);
    return Date.now() - since;
}

test("who loses the signalling comes back as who they were, by themselves, and media go on meanwhile", async (context) => {
    const detour = await detourFor(TcpDetour, stage.node.address);
    const { host, link } = await stage.start("presenter", { lobby: true });
    const guest = await stage.join(link, "guest", { at: detour.address });
    const [knocked] = await until(host, knocking, (who) => who.length === 1);
    await request(host, { admit: { participant: knocked } });
    const before = await isIn(guest);
    await request(host, { grant: { participant: before, permissions: { audio: true, video: true, screen: false } } });
    await seesAndHears(host, before);
    const common = await agreed([host, guest]);

    detour.cut();
    await until(guest, state, (text) => /lost/.test(text));
    await goesOn(host, before);
    await goesOn(guest, await participant(host));
    assert.equal(await code(host), common, "nobody was put out of the group");
    assert.deepEqual(await people(host), ["host", "guest"]);
    detour.mend();
    const mended = Date.now();
    const after = await until(guest, participant, (who) => who !== before);
    await seesAndHears(host, after);
    context.diagnostic(`seen again ${Date.now() - mended} ms after the way was free`);
    assert.ok(Date.now() - mended < 5_000);
    await seesAndHears(guest, await participant(host));
    await agreed([host, guest], common);
    assert.deepEqual(await people(host), ["host", "guest"]);
    assert.deepEqual(await knocking(host), [], "who was in does not wait again");
    assert.match(await state(guest), /You are in/);
    assert.deepEqual(await guest.evaluate(() => {
        const { participant, roster } = globalThis.conference;
        return roster.get(participant).permissions;
    }), { audio: true, video: true, screen: false });
});

test("who is away for longer than the server waits comes back all the same, with what they were granted", async (context) => {
    const detour = await detourFor(TcpDetour, stage.node.address);
    const { host, link } = await stage.start("presenter");
    const guest = await stage.join(link, "guest", { at: detour.address });
    const before = await isIn(guest);
    await request(host, { grant: { participant: before, permissions: { audio: true, video: true, screen: false } } });
    const common = await agreed([host, guest]);
    detour.cut();
    await until(host, people, (names) => names.length === 1);
    await until(host, code, (now) => now !== common);
    detour.mend();
    const mended = Date.now();
    const after = await until(guest, participant, (who) => who !== before);
    await seesAndHears(host, after);
    context.diagnostic(`seen again ${Date.now() - mended} ms after the way was free`);
    assert.ok(Date.now() - mended < 5_000);
    await agreed([host, guest], common);
});

test("a host who comes back is the host, and still presents", async () => {
    const detour = await detourFor(TcpDetour, stage.node.address);
    const { page, link } = await stage.startOnPage({ mode: "presenter", at: detour.address });
    const before = await participant(page);
    const guest = await stage.join(link, "guest");
    await isIn(guest);
    await seesAndHears(guest, before);
    detour.cut();
    await until(page, state, (text) => /lost/.test(text));
    detour.mend();
    const after = await until(page, participant, (who) => who !== before);
    await seesAndHears(guest, after);
    await guest.locator("#people li", { hasText: "host (host, presents)" }).waitFor();
    assert.ok(await page.locator("#end").isVisible());
    await agreed([page, guest]);
});

test("signalling that dies without a word is noticed, and made anew", async () => {
    const detour = await detourFor(TcpDetour, stage.node.address);
    const { host, link } = await stage.start();
    const guest = await stage.join(link, "guest", { at: detour.address });
    const before = await isIn(guest);
    const common = await agreed([host, guest]);
    detour.freeze();
    const after = await until(guest, participant, (who) => who !== before, 40_000);
    await seesAndHears(host, after);
    await agreed([host, guest], common);
    assert.deepEqual(await people(host), ["host", "guest"]);
});

test("when the path of media dies another one is found, without a new join", async (context) => {
    const detour = await detourFor(UdpDetour, stage.node.media);
    const { host, link } = await stage.start();
    const guest = await stage.join(link, "guest", { prepare: goesAround, given: detour.port });
    const [guests, hosts] = [await isIn(guest), await participant(host)];
    await seesAndHears(host, guests);
    const common = await agreed([host, guest]);
    await detour.move();
    const [moved, shown] = [Date.now(), await frames(host, guests)];
    await guest.evaluate((port) => { globalThis.mediaPort = port; }, detour.port);
    await until(guest, state, (text) => /path/.test(text));
    const [seen] = await Promise.all([goesOn(host, guests, 40), goesOn(guest, hosts, 40)]);
    context.diagnostic(`${Date.now() - moved} ms from the death of the path to 40 pictures on the next, ${seen} ms of them waiting`);
    assert.ok(await frames(host, guests) > shown);
    await until(guest, state, (text) => /You are in/.test(text));
    assert.equal(await participant(guest), guests, "nobody joined anew");
    assert.deepEqual([await code(host), await code(guest)], [common, common]);
});

test("an outage of nine seconds costs nobody a new join, and media flow within two seconds of its end", async (context) => {
    const ways = [await detourFor(TcpDetour, stage.node.address), await detourFor(UdpDetour, stage.node.media)];
    const { host, link } = await stage.start();
    const guest = await stage.join(link, "guest", { prepare: goesAround, given: ways[1].port, at: ways[0].address });
    const [guests, hosts] = [await isIn(guest), await participant(host)];
    await seesAndHears(host, guests);
    await seesAndHears(guest, hosts);
    const common = await agreed([host, guest]);
    for (const way of ways) way.pause();
    await wait(9_000);
    const [before, silent] = [await frames(host, guests), await frames(guest, hosts)];
    await wait(500);
    assert.deepEqual([await frames(host, guests), await frames(guest, hosts)], [before, silent], "it is an outage");
    for (const way of ways) way.resume();
    const mended = Date.now();
    const flows = async (page, whom) => {
        await goesOn(page, whom, 1);
        return Date.now() - mended;
    };
    const times = await Promise.all([flows(host, guests), flows(guest, hosts)]);
    context.diagnostic(`pictures again ${times.join(" and ")} ms after the end`);
    assert.ok(Math.max(...times) < 2_000, `${times}`);
    await wait(8_000);
    assert.deepEqual([await participant(guest), await code(host), await code(guest)], [guests, common, common]);
    assert.match(await state(guest), /You are in/);
});

test("when the media node sees a browser at another address media go on", async () => {
    const detour = await detourFor(UdpDetour, stage.node.media);
    const { host, link } = await stage.start();
    const guest = await stage.join(link, "guest", { prepare: goesAround, given: detour.port });
    const [guests, hosts] = [await isIn(guest), await participant(host)];
    await seesAndHears(host, guests);
    await seesAndHears(guest, hosts);
    const common = await agreed([host, guest]);
    await detour.rebind();
    await wait(1_000);
    await Promise.all([goesOn(host, guests, 40), goesOn(guest, hosts, 40)]);
    assert.deepEqual([await participant(guest), await code(host), await code(guest)], [guests, common, common]);
});
