// Claims about claims: what is said of encryption and presenter mode does not hold when somebody breaks it.

import assert from "node:assert/strict";
import { test } from "node:test";

import { anotherSecretOpensNothing, audienceIsNotSeen, seeAndHearOneAnother } from "./claims.js";
import { sabotagedWorker } from "./sabotage.js";
import { Stage } from "./stage.js";

const PATIENCE = 6_000;
/** Pictures and sound came out of the decoders, from frames that were opened. */
const SEEN_AND_HEARD = /"frames":[1-9]\d*,"energy":[0.]*[1-9].*"opened":[1-9]/;
const stage = new Stage();

/** A claim fails by what it asserts, and by nothing else. */
const fails = (claim, why) => assert.rejects(claim, (error) => {
    assert.equal(error.name, "AssertionError", error.stack);
    assert.match(error.message, why);
    return true;
});

test("without encryption who has another secret sees and hears everything", async () => {
    const worker = await sabotagedWorker("nothing is sealed");
    await fails(anotherSecretOpensNothing(stage, { worker }), SEEN_AND_HEARD);
});

test("under a key that does not come from the group who has another secret sees and hears everything", async () => {
    const worker = await sabotagedWorker("everybody knows the key");
    await fails(anotherSecretOpensNothing(stage, { worker }), SEEN_AND_HEARD);
});

test("with keys that are mixed up nobody sees or hears anybody", async () => {
    const worker = await sabotagedWorker("keys are mixed up");
    await fails(seeAndHearOneAnother(stage, { worker, patience: PATIENCE }), /"frames":0,"energy":0/);
});

test("where everybody may speak the audience is seen", async () => {
    await fails(audienceIsNotSeen(stage, { mode: "discussion" }), SEEN_AND_HEARD);
});

test("a worker that is made in the same way and not broken holds what is claimed", async () => {
    await seeAndHearOneAnother(stage, { worker: await sabotagedWorker(null) });
});
