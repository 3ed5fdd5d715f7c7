// Claims about the page in the hands of a host, and about screens.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Stage, agreed, decoded, isIn, participant, seesAndHears, state, until } from "./stage.js";

const stage = new Stage();

const line = (page, list, name) => page.locator(`${list} li`, { hasText: name });
/** What was decoded of one kind of somebody's tracks. */
const pictures = (page, whom, kind) => page.evaluate(async ([who, what]) => {
    const all = await globalThis.conference.stats();
    const of = all.find(({ type, source }) => type === "inbound-rtp" && source?.participant === who && source.kind === what);
    return { frames: of?.framesDecoded ?? 0, width: of?.frameWidth ?? null };
}, [whom, kind]);

test("who has a licence starts a conference on the page, and whoever has the link joins it", async () => {
    const { page, link } = await stage.startOnPage();
    const guest = await stage.join(link, "guest");
    await isIn(guest);
    await seesAndHears(page);
    await seesAndHears(guest);
    const common = await agreed([page, guest]);
    assert.equal(await page.textContent("#code"), common);
    assert.ok(await guest.locator("#hosting").isHidden(), "a guest decides nothing");
    await page.click("#another");
    const other = await until(page, () => page.inputValue("#link"), (value) => !value.endsWith(link));
    const third = await stage.join(new URL(other).hash, "third");
    await isIn(third);
    await agreed([page, guest, third], common);
    await page.click("#end");
    for (const each of [guest, third]) await until(each, state, (text) => text === "The conference is over.");
    await until(page, state, (text) => text === "You have left.");
    assert.deepEqual(stage.troubles, []);
});

test("a host lets people in from the lobby, turns others away, and puts people out", async () => {
    const { page, link } = await stage.startOnPage({ lobby: true });
    const guest = await stage.join(link, "guest");
    const other = await stage.join(link, "stranger");
    for (const name of ["guest", "stranger"]) await line(page, "#waiting", name).waitFor();
    assert.equal(await state(guest), "Waiting to be let in …");
    assert.equal(await participant(guest), null);
    await line(page, "#waiting", "stranger").getByText("Turn away").click();
    await until(other, state, (text) => text === "You were not let in.");
    await line(page, "#waiting", "guest").getByText("Let in").click();
    await isIn(guest);
    await seesAndHears(guest);
    assert.equal(await page.locator("#waiting li").count(), 0);
    await line(page, "#people", "guest").getByText("Put out").click();
    await until(guest, state, (text) => text === "You were put out.");
    await until(page, () => page.locator("#people li").count(), (people) => people === 1);
});

test("a host gives the word to whoever raises a hand, takes it, and lets everybody speak", async () => {
    const { page, link } = await stage.startOnPage({ mode: "presenter" });
    const guest = await stage.join(link, "guest");
    const guests = await isIn(guest);
    await seesAndHears(guest);
    assert.equal((await decoded(page, guests)).frames, 0);
    await guest.click("#hand");
    await line(page, "#people", "raises a hand").getByText("Give the word").click();
    await seesAndHears(page, guests);
    await line(guest, "#people", "guest (has the word)").waitFor();
    await line(page, "#people", "guest").getByText("Take the word").click();
    await line(page, "#people", "guest").getByText("Give the word").waitFor();
    // What was on its way when the word was taken has come by now.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const { frames } = await decoded(page, guests);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    assert.equal((await decoded(page, guests)).frames, frames);
    await page.click("#switch-mode");
    await until(page, () => decoded(page, guests), (now) => now.frames > frames + 20);
    assert.ok(await guest.locator("#hand").isHidden());
});

test("a screen is shown beside the camera, sealed as one, and taken back", async () => {
    const { page, link } = await stage.startOnPage();
    const guest = await stage.join(link, "guest");
    const guests = await isIn(guest);
    await seesAndHears(page, guests);
    for (let round = 0; round < 2; round += 1) {
        await guest.click("#screen");
        await until(page, () => pictures(page, guests, "screen"), ({ frames }) => frames > 15);
        await page.locator("figure.screen", { hasText: "guest: screen" }).waitFor();
        const { frames } = await pictures(page, guests, "camera");
        await until(page, () => pictures(page, guests, "camera"), (now) => now.frames > frames + 15);
        await guest.click("#screen");
        await page.locator("figure.screen").waitFor({ state: "detached" });
    }
    const { counts } = await decoded(page);
    assert.equal(counts.BadTag, undefined, JSON.stringify(counts));
    assert.deepEqual(stage.troubles, []);
});

test("in presenter mode the audience shows no screen", async () => {
    const { page, link } = await stage.startOnPage({ mode: "presenter" });
    const guest = await stage.join(link, "guest");
    await isIn(guest);
    await seesAndHears(guest);
    assert.ok(await guest.locator("#screen").isDisabled());
    assert.ok(await page.locator("#screen").isEnabled());
});

test("what cannot be is said in words", async () => {
    const { link } = await stage.startOnPage();
    const start = await stage.open(`${stage.node.address}/`);
    await start.fill("#host-name", "host");
    await start.fill("#credential", "0".repeat(32));
    await start.click("#start button");
    await until(start, state, (text) => text === "That is no licence.");
    assert.ok(await start.locator("#start").isVisible(), "there is another try");
    const [, conference] = /^#(\d+)/.exec(link);
    const wrong = await stage.join(`#${conference}.${"0".repeat(32)}.${"0".repeat(64)}`, "guest");
    await until(wrong, state, (text) => /leads to no conference/.test(text));
    const torn = await stage.open(`${stage.node.address}/${link.slice(0, 40)}`);
    await until(torn, state, (text) => /no invitation link/.test(text));
});
