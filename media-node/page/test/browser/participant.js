// Owns a participant in Rust: the program `media-node/examples/participant`, with the crate `webrtc` in a browser's place.

import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { programs } from "../programs.js";

export class RustParticipant {
    /** What it said last: `{ participant, code, sealed, tracks, rejected }`. */
    report = null;
    #program;
    #ended;

    /** Joins the conference of a link at `address`. */
    static join(address, link, name) {
        const participant = new RustParticipant();
        const words = [new URL(address).host, link, name];
        const running = spawn(programs().participant, words, { stdio: ["pipe", "pipe", "inherit"] });
        participant.#program = running;
        participant.#ended = new Promise((resolve) => running.on("exit", resolve));
        createInterface({ input: running.stdout }).on("line", (line) => {
            participant.report = JSON.parse(line);
        });
        return participant;
    }

    /** Leaves; gives the program's exit code. */
    leave() {
        this.#program.stdin.end();
        return this.#ended;
    }
}
