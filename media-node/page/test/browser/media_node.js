// Owns a media node that runs on free ports of loopback, with a few licence holders.

import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { programs } from "../programs.js";

/** A conference keeps its licence for a while after everybody has gone. */
const CREDENTIALS = Array.from({ length: 8 }, (_, number) => `61206c6963656e636520686f6c64657${number}`);

export class MediaNode {
    #program;
    #directory;
    #credentials = [...CREDENTIALS];
    /** Everything that it has logged. */
    log = "";

    static async start() {
        const path = programs().mediaNode;
        const node = new MediaNode();
        node.#directory = await mkdtemp(join(tmpdir(), "media-node-"));
        const holders = join(node.#directory, "holders");
        await writeFile(holders, `${CREDENTIALS.join("\n")}\n`);
        const any = "127.0.0.1:0";
        node.#program = spawn(path, ["--http", any, "--media", any, "--holders", holders], {
            stdio: ["ignore", "ignore", "pipe"],
        });
        const lines = createInterface({ input: node.#program.stderr });
        node.address = await new Promise((resolve, reject) => {
            lines.on("line", (line) => {
                node.log += `${line}\n`;
                const [, address, media] = /listening http=(\S+) media=(\S+)/.exec(line) ?? [];
                if (address === undefined) return;
                node.media = media;
                resolve(`http://${address}`);
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
