// Owns what claims about whole conferences have in common: a media node, a Chromium, a host, guests, and what came of their media.

import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";

import { Chromium, serveFiles } from "./chromium.js";
import { MediaNode } from "./media_node.js";

const PATIENCE = 20_000;

/** Sets up before the claims of a file, and takes down behind them. */
export class Stage {
    /** What pages complained of since the last conference was started. */
    troubles = [];
    #files;
    #chromium;
    #pages = [];

    constructor() {
        before(async () => {
            this.node = await MediaNode.start();
            this.#files = await serveFiles();
            this.#chromium = await Chromium.start();
        });
        afterEach(async () => {
            for (const page of this.#pages.splice(0)) await page.close();
        });
        after(async () => {
            await this.#chromium?.stop();
            this.#files?.stop();
            await this.node?.stop();
        });
    }

    /** A page at an address; `ways` are those of `Chromium.open`. */
    async open(address, ways) {
        const page = await this.#chromium.open(address, this.troubles, ways);
        this.#pages.push(page);
        return page;
    }

    /** A conference whose host is a script, and its link. */
    async start(mode = "discussion", { lobby = false, worker } = {}) {
        this.troubles = [];
        const host = await this.open(`${this.#files.address}/test/browser/host.html`, { worker });
        await host.waitForFunction("globalThis.ready");
        const url = `${this.node.address.replace("http", "ws")}/signalling`;
        const what = { url, credential: this.node.credential(), mode, lobby };
        return { host, link: await host.evaluate((what) => globalThis.start(what), what) };
    }

    /** A host who starts a conference on the page, and the link that it shows. */
    async startOnPage({ mode = "discussion", lobby = false, at = this.node.address } = {}) {
        this.troubles = [];
        const page = await this.open(`${at}/`);
        await page.fill("#host-name", "host");
        await page.fill("#credential", this.node.credential());
        await page.selectOption("#mode", mode);
        await page.setChecked("#lobby", lobby);
        await page.click("#start button");
        await isIn(page);
        const link = await until(page, () => page.inputValue("#link"), (value) => value !== "");
        return { page, link: new URL(link).hash };
    }

    /** Somebody who joins on the page; `at` is another address than the media node's. */
    async join(link, name, { at = this.node.address, ...ways } = {}) {
        const page = await this.open(`${at}/${link}`, ways);
        await page.fill("#name", name);
        await page.click("#door button");
        return page;
    }
}

/** What was decoded so far: pictures, and the energy of sound, of everybody together or of one participant. */
export function decoded(page, participant = null) {
    return page.evaluate(async (of) => {
        const sum = { frames: 0, energy: 0 };
        for (const each of await globalThis.conference.stats()) {
            if (each.type !== "inbound-rtp" || (of !== null && each.source?.participant !== of)) continue;
            sum.frames += each.framesDecoded ?? 0;
            sum.energy += each.totalAudioEnergy ?? 0;
        }
        return { ...sum, counts: await globalThis.conference.counts() };
    }, participant);
}

/** Waits until somebody tells what is wanted of them. */
export async function until(who, tell, isWanted, patience = PATIENCE) {
    const end = Date.now() + patience;
    for (;;) {
        const told = await tell(who);
        if (isWanted(told)) return told;
        assert.ok(Date.now() < end, JSON.stringify(told));
        await new Promise((resolve) => setTimeout(resolve, 200));
    }
}

export const participant = (page) => page.evaluate(() => globalThis.conference?.participant ?? null);
export const isIn = (page) => until(page, participant, (who) => who !== null);
export const seesAndHears = (page, whom = null, patience = PATIENCE) =>
    until(page, () => decoded(page, whom), ({ frames, energy }) => frames > 20 && energy > 0.0001, patience);
export const code = (page) => page.evaluate(() => globalThis.conference.verificationCode);

/** Waits until everybody has the same code, and another than `before`; gives it. */
export async function agreed(pages, before = null) {
    const all = () => Promise.all(pages.map(code));
    const isAgreed = (told) => told.every((each) => each !== null && each === told[0] && each !== before);
    const [common] = await until(null, all, isAgreed);
    return common;
}
/** Names on the roster of a page. */
export const people = (page) => page.evaluate(() => [...globalThis.conference.roster.values()].map(({ name }) => name));
/** Numbers of those who wait in the lobby. */
export const knocking = (page) => page.evaluate(() => [...globalThis.conference.knocking.keys()]);
/** Asks for something on behalf of a page. */
export const request = (page, body) => page.evaluate((what) => globalThis.conference.request(what), body);
/** What people are told at the moment. */
export const state = (page) => page.textContent("#state");
