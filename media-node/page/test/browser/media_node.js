// Owns a media node that runs on free ports of loopback, with a few licence holders.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const ROOT = new URL("../../../..", import.meta.url).pathname;
const PROGRAM = `${process.env.CARGO_TARGET_DIR ?? `${ROOT}target`}/debug/media-node`;

/** A conference keeps its licence for a while after everybody has gone. */
const CREDENTIALS = Array.from({ length: 8 }, (_, number) => `61206c6963656e636520686f6c64657${number}`);

export class MediaNode {
    #program;
    #directory;
    #credentials = [...CREDENTIALS];
    /** Everything that it has logged. */
    log = "";

    static async start() {
        const built = spawnSync("cargo", ["build", "--locked", "--quiet", "-p", "media-node"], {
            cwd: ROOT, stdio: ["ignore", "inherit", "inherit"],
        });
        assert.equal(built.status, 0, "the media node is built");
        const node = new MediaNode();
        node.#directory = await mkdtemp(join(tmpdir(), "media-node-"));
        const holders = join(node.#directory, "holders");
        await writeFile(holders, `${CREDENTIALS.join("\n")}\n`);
        const any = "127.0.0.1:0";
        node.#program = spawn(PROGRAM, ["--http", any, "--media", any, "--holders", holders], {
            stdio: ["ignore", "ignore", "pipe"],
        });
        const lines = createInterface({ input: node.#program.stderr });
        node.address = await new Promise((resolve, reject) => {
            lines.on("line", (line) => {
                node.log += `${line}\n`;
                const [, address] = /listening http=(\S+)/.exec(line) ?? [];
                if (address !== undefined) resolve(`http://${address}`);
            });
            lines.on("close", () => reject(new Error(`the media node ended:\n${node.log}`)));
        });
        return node;
    }

    /** Of somebody who has started no conference yet. */
    credential() {
        return this.#credentials.pop();
    }

    async stop() {
        this.#program.kill("SIGKILL");
        await rm(this.#directory, { recursive: true, force: true });
    }
}
