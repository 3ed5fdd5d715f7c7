// Owns a headless Chromium with a camera and a microphone that are not there, and a server for files of this directory.

import { readFile, rm, mkdtemp } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { build } from "esbuild";
import { chromium } from "playwright-core";

import { EXTERNAL } from "../../bundle.js";

const ROOT = new URL("../..", import.meta.url).pathname;
const TYPES = { html: "text/html", js: "text/javascript" };

export class Chromium {
    #context;
    #profile;

    static async start() {
        const browser = new Chromium();
        browser.#profile = await mkdtemp(join(tmpdir(), "chromium-"));
        browser.#context = await chromium.launchPersistentContext(browser.#profile, {
            executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
            headless: true,
            args: [
                "--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
                "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                "--autoplay-policy=no-user-gesture-required",
            ],
        });
        return browser;
    }

    /**
     * A page of its own; `troubles` gathers what it complains of, `prepare` runs in it before its own scripts, with `given`, and
     * `worker` is the script of another worker than its own.
     */
    async open(address, troubles, { prepare, given, worker } = {}) {
        const page = await this.#context.newPage();
        if (worker !== undefined) {
            await page.route("**/worker.js", (route) => route.fulfill({ contentType: "text/javascript", body: worker }));
        }
        if (prepare !== undefined) await page.addInitScript(prepare, given);
        page.on("pageerror", (error) => troubles.push(error.message));
        page.on("console", (message) => troubles.push(message.text()));
        await page.goto(address);
        return page;
    }

    async stop() {
        await this.#context.close();
        await rm(this.#profile, { recursive: true, force: true });
    }
}

/** A script of the tests with the packages that it needs. */
async function bundled(path) {
    const options = { entryPoints: [path], bundle: true, format: "esm", write: false, logLevel: "silent" };
    const { outputFiles } = await build({ ...options, external: EXTERNAL });
    return outputFiles[0].contents;
}

/** Serves the files of this directory on loopback. */
export async function serveFiles() {
    const server = createServer(async (request, response) => {
        const path = new URL(request.url, "http://localhost").pathname;
        const read = path === "/test/browser/host.js" ? bundled(join(ROOT, path)) : readFile(join(ROOT, path));
        const file = await read.catch(() => null);
        response.statusCode = file === null ? 404 : 200;
        response.setHeader("content-type", TYPES[path.split(".").at(-1)] ?? "text/plain");
        response.end(file ?? "");
    });
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return { address: `http://127.0.0.1:${server.address().port}`, stop: () => server.close() };
}
