// Owns workers that are broken on purpose, to show that claims about encryption can fail. They are made of the page's own sources,
// with one module in another's place, and only ever served to a browser of the tests.

import { build } from "esbuild";

import { EXTERNAL } from "../../bundle.js";

const ROOT = new URL("../..", import.meta.url).pathname;

const HONEST = `export * from "frames";`;
/** What stands in the place of `src/frames.js`, which is at hand as `"frames"`. */
const SABOTAGES = {
    /** Frames go as the encoder made them, and whatever comes is played. */
    "nothing is sealed": `
        export class Frames {
            sealedFrames = 0;
            begin() {}
            end() {}
            async seal(plaintext) { return plaintext; }
            async open(_now, _from, sealed) { return { opened: sealed }; }
        }`,
    /** Frames are sealed under keys that have nothing to do with the group. */
    "everybody knows the key": `
        import { Frames as Honest } from "frames";
        const base = crypto.subtle.importKey("raw", new Uint8Array(16), "HKDF", false, ["deriveBits", "deriveKey"]);
        export class Frames {
            sealedFrames = 0;
            begin() {}
            end() {}
            async seal(plaintext, metadata) {
                this.sealer ??= await this.known(0, []);
                return this.sealer.seal(plaintext, metadata);
            }
            async open(now, from, sealed, metadata) {
                this.openers ??= new Map();
                if (!this.openers.has(from)) this.openers.set(from, this.known(1, [[0, from]]));
                return (await this.openers.get(from)).open(now, from, sealed, metadata);
            }
            async known(own, senders) {
                const frames = new Honest();
                frames.begin(0, { epoch: 1n, base: await base, own, senders });
                return frames;
            }
        }`,
    /** Frames are opened with another key than the one they are sealed with. */
    "keys are mixed up": `
        import { Frames as Honest } from "frames";
        export class Frames extends Honest {
            begin(now, keys) {
                const senders = keys.senders.map(([leaf, participant]) => [leaf + 1, participant]);
                super.begin(now, { ...keys, senders });
            }
        }`,
};

/** The script of a worker that is broken in this way; of one that is not, for `null`. */
export async function sabotagedWorker(name) {
    const replaced = {
        name: "sabotage",
        setup({ onResolve, onLoad }) {
            onResolve({ filter: /^\.\/frames\.js$/ }, () => ({ path: "broken", namespace: "sabotage" }));
            onResolve({ filter: /^frames$/ }, () => ({ path: `${ROOT}src/frames.js` }));
            onLoad({ filter: /^broken$/, namespace: "sabotage" }, () => ({ contents: name === null ? HONEST : SABOTAGES[name], resolveDir: `${ROOT}src` }));
        },
    };
    const { outputFiles } = await build({
        entryPoints: [`${ROOT}src/worker.js`],
        bundle: true,
        format: "esm",
        write: false,
        logLevel: "error",
        external: EXTERNAL,
        plugins: [replaced],
    });
    return outputFiles[0].text;
}
