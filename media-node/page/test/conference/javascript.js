// Owns members as browsers have them: `Membership` and `Frames`, as `call.js` puts them together, under the names of
// `RustMember`.

import { toHex, utf8 } from "../../src/bytes.js";
import { Frames } from "../../src/frames.js";
import { Membership } from "../../src/mls.js";
import { Sealer } from "../../src/sframe.js";

export class JsMember {
    kind = "js";
    #membership;
    #frames = new Frames();
    #outputs = [];
    #probe = null;

    static async enter(now, identity, roster) {
        const member = new JsMember();
        member.#membership = await Membership.enter(now, identity, roster);
        await member.#drain(now);
        return member;
    }

    onMember(now, ...message) {
        return this.#tell("onMember", now, message);
    }

    onMemberLeft(now, ...message) {
        return this.#tell("onMemberLeft", now, message);
    }

    onFound(now, ...message) {
        return this.#tell("onFound", now, message);
    }

    onKeyPackage(now, ...message) {
        return this.#tell("onKeyPackage", now, message);
    }

    onCommit(now, ...message) {
        return this.#tell("onCommit", now, message);
    }

    onWelcome(now, ...message) {
        return this.#tell("onWelcome", now, message);
    }

    onRefused(now, ...message) {
        return this.#tell("onRefused", now, message);
    }

    renew(now) {
        return this.#tell("renew", now, []);
    }

    handleTimeout(now) {
        return this.#tell("handleTimeout", now, []);
    }

    timeout() {
        return this.#membership.timeout();
    }

    take() {
        return this.#outputs.splice(0);
    }

    look() {
        const { epoch, verificationCode, members } = this.#membership;
        return { epoch: epoch === null ? null : Number(epoch), code: verificationCode, members, probe: this.#probe };
    }

    seal(_now, plaintext, metadata) {
        return this.#frames.seal(plaintext, metadata);
    }

    async open(now, from, sealed, metadata) {
        const { opened, refused, ahead } = await this.#frames.open(now, from, sealed, metadata);
        if (ahead) this.#membership.onAhead(now);
        return opened === undefined ? { refused } : { opened };
    }

    async #tell(what, now, message) {
        await this.#membership[what](now, ...message);
        await this.#drain(now);
    }

    async #drain(now) {
        for (const output of this.#membership.take()) {
            if (output === "left-behind") {
                this.#frames.end(now);
                this.#probe = null;
            } else if (output.keys !== undefined) {
                this.#frames.begin(now, output.keys);
                const probe = new Sealer(output.keys.base, 0xffff_ffff_ffff_ffffn);
                this.#probe = toHex(await probe.seal(utf8("probe"), new Uint8Array()));
            }
            this.#outputs.push(output);
        }
    }
}
