// Claims about whole conferences: a media node, and Chromium on its page.

import assert from "node:assert/strict";
import { test } from "node:test";

import { anotherSecretOpensNothing, audienceIsNotSeen, seeAndHearOneAnother } from "./claims.js";
import { Stage, agreed, decoded, isIn, seesAndHears, until } from "./stage.js";

const stage = new Stage();

test("two browsers agree on keys, and see and hear one another", async () => {
    const link = await seeAndHearOneAnother(stage);
    assert.deepEqual(stage.troubles, []);
    for (const secret of ["host", "guest", ...link.slice(1).split(".").slice(1)]) {
        assert.ok(!stage.node.log.includes(secret), "nothing of it stands in the log");
    }
});

test("who has a link with another secret comes into no group, and decodes nothing", () => anotherSecretOpensNothing(stage));

test("in presenter mode who has not the word is not seen, whatever their client does, until it is granted", () =>
    audienceIsNotSeen(stage));

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
