// Claims about SFrame: the vectors of RFC 9605, and what is refused.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fromHex, toHex } from "../src/bytes.js";
import { Frames } from "../src/frames.js";
import * as limits from "../src/limits.js";
import { Opener, Sealer, epochsAfter, headerOf, keyIdOf, leafOf } from "../src/sframe.js";
import { decodeHeader, encodeHeader } from "../src/sframe/header.js";
import { ReplayWindow } from "../src/sframe/replay_window.js";

const METADATA = fromHex("00010203040506");

/** Numbers of 64 bits lose their last digits as JavaScript's own. */
function vectors(name) {
    const text = readFileSync(new URL(`../../../fixtures/rfc9605/${name}.json`, import.meta.url), "utf8");
    return JSON.parse(text.replace(/("kid"|"ctr"): (\d+)/g, '$1: "$2"'));
}

async function base(hex) {
    return crypto.subtle.importKey("raw", fromHex(hex), "HKDF", false, ["deriveBits", "deriveKey"]);
}

test("headers are those of the vectors, both ways", () => {
    const all = vectors("header");
    assert.ok(all.length > 100);
    for (const { kid, ctr, encoded } of all) {
        assert.equal(toHex(encodeHeader(BigInt(kid), BigInt(ctr))), encoded);
        const read = decodeHeader(fromHex(encoded));
        assert.deepEqual(read, { keyId: BigInt(kid), counter: BigInt(ctr), length: encoded.length / 2 });
        for (let cut = 0; cut < encoded.length; cut += 2) assert.equal(decodeHeader(fromHex(encoded.slice(0, cut))), null);
    }
    for (const long of ["8007", "0807", "9000ff"]) assert.equal(decodeHeader(fromHex(long)), null, long);
});

test("a frame is sealed and opened as in the vector of AES_128_GCM_SHA256_128", async () => {
    const [vector] = vectors("aes_gcm").filter((each) => each.cipher_suite === 4);
    const [key, metadata] = [await base(vector.base_key), fromHex(vector.metadata)];
    const sealer = new Sealer(key, BigInt(vector.kid), BigInt(vector.ctr));
    const sealed = await sealer.seal(fromHex(vector.pt), metadata);
    assert.equal(toHex(sealed), vector.ct);
    const opener = new Opener(key, BigInt(vector.kid));
    assert.equal(toHex((await opener.open(sealed, headerOf(sealed), metadata)).opened), vector.pt);
});

test("a key id says whose frame it is and of which epoch", () => {
    for (const leaf of [0, 1, 63, 0xffffff, 0xffffffff]) {
        for (const epoch of [0n, 1n, 255n, 256n, 0xffffffffffffffffn]) {
            assert.equal(leafOf(keyIdOf(leaf, epoch)), leaf);
            assert.equal(epochsAfter(keyIdOf(leaf, epoch), epoch), 0n);
            assert.equal(epochsAfter(keyIdOf(leaf, epoch + 127n), epoch), 127n);
            assert.equal(epochsAfter(keyIdOf(leaf, epoch - 128n), epoch), -128n);
        }
    }
});

test("a counter is accepted once, and not from behind the window", () => {
    const window = new ReplayWindow();
    const span = BigInt(limits.REPLAY_WINDOW);
    for (const counter of [5_000n, 4_999n, 5_000n - span]) {
        assert.equal(window.check(counter), null);
        window.onAuthentic(counter);
        assert.equal(window.check(counter), "Replayed");
    }
    assert.equal(window.check(4_999n - span), "BeyondReplayWindow");
    window.onAuthentic(5_001n);
    assert.equal(window.check(5_000n - span), "BeyondReplayWindow");
    assert.equal(window.check(4_998n), null);
});

/** Anna seals as leaf 0 and hears Bert; Bert seals as leaf 1 and hears Anna. */
async function pair(hex = "000102030405060708090a0b0c0d0e0f", epoch = 3n) {
    const [anna, bert] = [new Frames(), new Frames()];
    anna.begin(0, { epoch, base: await base(hex), own: 0, senders: [[1, 20]] });
    bert.begin(0, { epoch, base: await base(hex), own: 1, senders: [[0, 10]] });
    return [anna, bert];
}

test("a frame opens once, whole, in its sender's track and with its metadata only", async () => {
    const [anna, bert] = await pair();
    const sealed = await anna.seal(Uint8Array.of(1, 2, 3), METADATA);
    const refused = async (from, frame, metadata = METADATA) => (await bert.open(1, from, frame, metadata)).refused;
    assert.equal(await refused(11, sealed), "WrongSender");
    assert.equal(await refused(10, sealed, METADATA.slice(1)), "BadTag");
    assert.equal(await refused(10, sealed.slice(0, 12)), "Malformed");
    assert.equal(await refused(10, new Uint8Array()), "Malformed");
    assert.equal(await refused(10, new Uint8Array(limits.FRAME_BYTES_MAX + 1)), "Oversized");
    for (let at = 0; at < sealed.length; at += 1) {
        const tampered = sealed.slice();
        tampered[at] ^= 1;
        assert.ok(await refused(10, tampered), `byte ${at}`);
    }
    assert.deepEqual((await bert.open(1, 10, sealed, METADATA)).opened, Uint8Array.of(1, 2, 3));
    assert.equal(await refused(10, sealed), "Replayed");
});

test("of two copies that are opened at the same time one opens", async () => {
    const [anna, bert] = await pair();
    const sealed = await anna.seal(Uint8Array.of(1), METADATA);
    const both = await Promise.all([bert.open(1, 10, sealed, METADATA), bert.open(1, 10, sealed, METADATA)]);
    assert.equal(both.filter(({ opened }) => opened !== undefined).length, 1);
    assert.equal(both.filter(({ refused }) => refused === "Replayed").length, 1);
});

test("another key opens nothing, and without a key nothing is sealed or opened", async () => {
    const [anna] = await pair();
    const [, other] = await pair("00112233445566778899aabbccddeeff");
    const sealed = await anna.seal(Uint8Array.of(1), METADATA);
    assert.equal((await other.open(1, 10, sealed, METADATA)).refused, "BadTag");
    const nobody = new Frames();
    assert.equal(await nobody.seal(Uint8Array.of(1), METADATA), null);
    assert.deepEqual(await nobody.open(1, 10, sealed, METADATA), { refused: "NoKey", ahead: false });
    anna.end(2);
    assert.equal(await anna.seal(Uint8Array.of(1), METADATA), null);
});

test("an epoch before opens for a while, for those who are still there, and one after says so", async () => {
    const [anna, bert] = await pair();
    const frames = [];
    for (let count = 0; count < 3; count += 1) frames.push(await anna.seal(Uint8Array.of(count), METADATA));
    const next = await base("ffeeddccbbaa99887766554433221100");
    anna.begin(10, { epoch: 4n, base: next, own: 0, senders: [[1, 20]] });
    const ahead = await anna.seal(Uint8Array.of(9), METADATA);
    assert.deepEqual(await bert.open(11, 10, ahead, METADATA), { refused: "NoKey", ahead: true });
    bert.begin(100, { epoch: 4n, base: next, own: 1, senders: [[0, 10]] });
    assert.ok((await bert.open(100, 10, ahead, METADATA)).opened);
    assert.ok((await bert.open(99 + limits.EPOCH_OVERLAP, 10, frames[0], METADATA)).opened);
    assert.equal((await bert.open(100 + limits.EPOCH_OVERLAP, 10, frames[1], METADATA)).refused, "NoKey");
    const [carla, dora] = await pair();
    const late = await carla.seal(Uint8Array.of(1), METADATA);
    dora.begin(100, { epoch: 4n, base: next, own: 1, senders: [] });
    assert.equal((await dora.open(101, 10, late, METADATA)).refused, "NoKey", "who is gone is heard no more");
});

test("bounds are those of the other clients", () => {
    const rust = readFileSync(new URL("../../../media-core/src/limits.rs", import.meta.url), "utf8");
    const milliseconds = { from_millis: 1, from_secs: 1_000, from_mins: 60_000 };
    for (const [name, value] of Object.entries(limits)) {
        const [, form] = rust.match(new RegExp(`pub const ${name}: \\w+ = (.*);`));
        const duration = form.match(/Duration::(\w+)\((\d+)\)/);
        const shift = form.match(/^1 << (\d+)$/);
        const plain = Number(form.replaceAll("_", ""));
        const theirs = duration ? milliseconds[duration[1]] * duration[2] : shift ? 2 ** shift[1] : plain;
        assert.equal(value, theirs, name);
    }
});
