// Owns members in Rust: the program `media-core/examples/membership.rs`, which is asked line by line.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";

import { fromHex, toHex } from "../../src/bytes.js";
import { programs } from "../programs.js";

export class Rust {
    #program;
    #answers;

    /** Builds the program, and starts it. */
    static start() {
        const path = programs().membership;
        const rust = new Rust();
        rust.#program = spawn(path, { stdio: ["pipe", "pipe", "inherit"] });
        rust.#answers = createInterface({ input: rust.#program.stdout })[Symbol.asyncIterator]();
        return rust;
    }

    stop() {
        this.#program.stdin.end();
    }

    async ask(command) {
        this.#program.stdin.write(`${JSON.stringify(command)}\n`);
        const { value } = await this.#answers.next();
        const answer = JSON.parse(value);
        assert.equal(answer.error, undefined);
        return answer;
    }
}

/** One of them, under the same names as `JsMember`. `key` tells members of one number in several conferences apart. */
export class RustMember {
    kind = "rust";
    #rust;
    #who;
    #last;
    #outputs = [];

    static async enter(rust, now, { participant, name, secret }, roster, seed) {
        const member = new RustMember();
        member.#rust = rust;
        member.#who = participant;
        await member.#tell(now, { op: "new", name, secret: toHex(secret), seed, roster, renew_after: 1_000_000 });
        return member;
    }

    onMember(now, participant, name) {
        return this.#tell(now, { op: "member", participant, name });
    }

    onMemberLeft(now, participant) {
        return this.#tell(now, { op: "member-left", participant });
    }

    onFound(now, sequence) {
        return this.#tell(now, { op: "found-group", sequence });
    }

    onKeyPackage(now, participant, keyPackage) {
        return this.#tell(now, { op: "key-package", participant, key_package: keyPackage });
    }

    onCommit(now, sequence, commit) {
        return this.#tell(now, { op: "commit", sequence, commit });
    }

    onWelcome(now, sequence, welcome) {
        return this.#tell(now, { op: "welcome", sequence, welcome });
    }

    onRefused(now, reason) {
        return this.#tell(now, { op: "refused", reason });
    }

    renew(now) {
        return this.#tell(now, { op: "renew" });
    }

    handleTimeout(now) {
        return this.#tell(now, { op: "timeout" });
    }

    timeout() {
        return this.#last.timeout;
    }

    take() {
        return this.#outputs.splice(0);
    }

    look() {
        const { epoch, code, members, probe } = this.#last;
        return { epoch, code, members, probe };
    }

    async seal(now, plaintext, metadata) {
        const { sealed } = await this.#tell(now, { op: "seal", plaintext: toHex(plaintext), metadata: toHex(metadata) });
        return sealed === undefined ? null : fromHex(sealed);
    }

    async open(now, from, sealed, metadata) {
        const result = await this.#tell(now, { op: "open", from, sealed: toHex(sealed), metadata: toHex(metadata) });
        return result.opened === undefined ? { refused: result.refused } : { opened: fromHex(result.opened) };
    }

    async #tell(now, what) {
        this.#last = await this.#rust.ask({ who: this.#who, now, ...what });
        this.#outputs.push(...this.#last.outputs);
        return this.#last.result;
    }
}
