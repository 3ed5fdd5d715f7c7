// Owns the programs in Rust that tests start. They are built together and as a part of the workspace: with the features of its tests,
// so that whoever has run those does not wait for other forms of the same crates.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";

const ROOT = new URL("../../..", import.meta.url).pathname;
const DIRECTORY = `${process.env.CARGO_TARGET_DIR ?? `${ROOT}target`}/debug`;
const TARGETS = ["--bin", "media-node", "--example", "participant", "--example", "membership"];

let isBuilt = false;

/** Builds the programs, the first time; gives their paths. */
export function programs() {
    if (!isBuilt) {
        const command = ["build", "--locked", "--quiet", "--workspace", ...TARGETS];
        const { status } = spawnSync("cargo", command, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
        assert.equal(status, 0, "the programs are built");
        isBuilt = true;
    }
    return {
        mediaNode: `${DIRECTORY}/media-node`,
        participant: `${DIRECTORY}/examples/participant`,
        membership: `${DIRECTORY}/examples/membership`,
    };
}
