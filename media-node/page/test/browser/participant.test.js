// Claims about conferences of browsers and a client in Rust, whose WebRTC is the crate `webrtc`.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { RustParticipant } from "./participant.js";
import { Stage, agreed, code, decoded, isIn, seesAndHears, until } from "./stage.js";

const stage = new Stage();
let rust = null;
afterEach(() => rust?.leave());

/** What the program opened of the tracks of these participants. */
const tracks = (report, participants, kinds = ["audio", "camera"]) =>
    participants.flatMap((who) => kinds.map((kind) => report?.tracks[`${who} ${kind}`]));
const report = () => rust.report;

test("two browsers and a client in Rust agree on keys, and see and hear one another", async () => {
    const { host, link } = await stage.start();
    const guest = await stage.join(link, "guest");
    const browsers = [await isIn(host), await isIn(guest)];
    rust = RustParticipant.join(stage.node.address, link, "rust");
    // It has everything of both, opened under keys of the group that all three are in.
    await until(null, report, (told) => tracks(told, browsers).every((track) => track?.opened > 50));
    for (const [who, [width, height]] of tracks(report(), browsers, ["camera"]).map(({ size }) => size).entries()) {
        assert.ok([640, 320, 160].includes(width) && width * 3 === height * 4, `${browsers[who]}: ${width} x ${height}`);
    }
    const common = await agreed([host, guest]);
    assert.equal((await until(null, report, (told) => told.code === common)).code, common);
    // Each browser decodes everything of the other two.
    const { participant } = report();
    const others = [[host, [browsers[1], participant]], [guest, [browsers[0], participant]]];
    for (const [page, whom] of others) {
        for (const who of whom) await seesAndHears(page, who);
    }
    assert.deepEqual(await guest.locator("#people li span").allTextContents(), ["host (host)", "guest", "rust"]);
    assert.deepEqual(report().rejected, {});
    assert.deepEqual(stage.troubles, []);
    assert.equal(await rust.leave(), 0);
    await agreed([host, guest], common);
});

test("a client in Rust that has another secret opens nothing, and nobody decodes anything of it", async () => {
    const { host, link } = await stage.start();
    const guest = await stage.join(link, "guest");
    const browsers = [await isIn(host), await isIn(guest)];
    const before = await agreed([host, guest]);
    rust = RustParticipant.join(stage.node.address, link.slice(0, -64) + "0".repeat(64), "rust");
    await until(null, report, (told) => tracks(told, browsers, ["audio"]).every((track) => track?.refused.NoKey > 100));
    for (const track of tracks(report(), browsers)) assert.equal(track?.opened ?? 0, 0, JSON.stringify(report()));
    assert.deepEqual([report().code, report().sealed], [null, 0]);
    const { participant } = report();
    for (const page of [host, guest]) {
        const { frames, energy } = await decoded(page, participant);
        assert.deepEqual([frames, energy], [0, 0]);
        assert.equal(await code(page), before);
    }
});
