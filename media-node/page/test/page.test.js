// Claims about what the page reads: links, answers, and what encoded frames tell of themselves.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { fromBase64, toBase64, toHex } from "../src/bytes.js";
import { readLink, writeLink } from "../src/link.js";
import { sourcesOf } from "../src/media.js";
import { metadataOf } from "../src/metadata.js";
import { encodeIdentity, decodeIdentity, proofKey } from "../src/mls/identity.js";

test("a link is read whole or not at all", () => {
    const [token, secret] = ["0123456789abcdef".repeat(2), "fedcba9876543210".repeat(4)];
    const hash = writeLink({ conference: 7, token }, secret);
    const read = readLink(hash);
    assert.deepEqual(read.link, { conference: 7, token });
    assert.equal(toHex(read.secret), secret);
    for (const broken of ["", "#", hash.slice(0, -1), `${hash}0`, hash.replace("7.", "."), hash.replace("0", "g")]) {
        assert.equal(readLink(broken), null, broken);
    }
});

test("the media node's answer says whose tracks come where", () => {
    const snapshots = new URL("../../../media-core/src/transport/sdp/tests/snapshots/", import.meta.url);
    const answer = readFileSync(new URL("media_core__transport__sdp__tests__recorded__chromium.snap", snapshots), "utf8");
    const msids = [...answer.matchAll(/^a=msid:p(\d+) p\1-(\w+)/gm)].map(([, who, kind]) => [Number(who), kind]);
    assert.ok(msids.length > 1);
    const sources = [...sourcesOf(answer.replaceAll("\n", "\r\n")).values()];
    assert.deepEqual(sources.map(({ participant, kind }) => [participant, kind]), msids);
});

test("metadata are the bytes that other clients bind", () => {
    const frame = (type, told) => ({ type, getMetadata: () => told });
    const picture = { mimeType: "video/VP9", frameId: 0x51234, spatialIndex: 2, temporalIndex: 1 };
    // The example of `media_core::e2ee::FrameMetadata`.
    assert.deepEqual([...metadataOf("screen", frame("key", picture))], [2, 98, 2, 1, 1, 0x12, 0x34]);
    const sound = frame(undefined, { mimeType: "audio/opus", rtpTimestamp: 9 });
    assert.deepEqual([...metadataOf("audio", sound)], [0, 111, 0, 0, 0, 0, 0]);
    assert.equal(metadataOf("camera", frame("key", { ...picture, frameId: undefined })), null);
    assert.equal(metadataOf("camera", frame("key", { ...picture, mimeType: "video/H264" })), null);
});

test("base64 has one form", () => {
    for (let length = 0; length < 40; length += 1) {
        const bytes = Uint8Array.from({ length }, (_, at) => (at * 97) % 256);
        assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
        assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
    }
    for (const other of ["A", "AA", "AB==", "A A=", "AA==\n", "_-8="]) assert.equal(fromBase64(other), null, other);
});

test("a proof holds for its number, name, key and link only, and long names are cut between characters", async () => {
    const link = await proofKey(new Uint8Array(32).fill(7));
    const [key, other] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const anna = { participant: 3, name: "Änna" };
    const bytes = await encodeIdentity(anna, link, key);
    assert.deepEqual(await decodeIdentity(bytes, link, key), anna);
    assert.equal(await decodeIdentity(bytes, link, other), null);
    assert.equal(await decodeIdentity(bytes, await proofKey(new Uint8Array(32).fill(8)), key), null);
    for (let at = 0; at < bytes.length; at += 1) {
        assert.equal(await decodeIdentity(bytes.with(at, bytes[at] ^ 1), link, key), null, `byte ${at}`);
        assert.equal(await decodeIdentity(bytes.slice(0, at), link, key), null, `cut at ${at}`);
    }
    const long = await encodeIdentity({ participant: 3, name: "ü".repeat(60) }, link, key);
    assert.equal((await decodeIdentity(long, link, key)).name, "ü".repeat(32));
});
