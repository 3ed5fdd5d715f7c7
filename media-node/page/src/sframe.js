// Owns sealing and opening frames with SFrame (RFC 9605): one counter for each key that only rises, and the refusal of everything
// that is not authentic and new. Whose key it is says the key id: the sender's leaf, then the low bits of the epoch, as
// `media_core::e2ee::KeyId` has it.

import { concat } from "./bytes.js";
import { FRAME_BYTES_MAX, SEALED_FRAMES_MAX } from "./limits.js";
import { FrameKey, TAG_BYTES } from "./sframe/frame_key.js";
import { decodeHeader, encodeHeader } from "./sframe/header.js";
import { ReplayWindow } from "./sframe/replay_window.js";

const EPOCH_BITS = 8n;
const EPOCH_MASK = 0xffn;
const HEADER_BYTES_MAX = 17;

/** The id of a member's frames in an epoch (section 5.2). `epoch` is a BigInt. */
export function keyIdOf(leaf, epoch) {
    return (BigInt(leaf) << EPOCH_BITS) | (epoch & EPOCH_MASK);
}

/** The leaf of the member who sealed a frame. */
export function leafOf(keyId) {
    return Number(keyId >> EPOCH_BITS);
}

/** How many epochs after `epoch` a frame's is; negative for one that came before. */
export function epochsAfter(keyId, epoch) {
    return BigInt.asIntN(Number(EPOCH_BITS), keyId - epoch);
}

/** Seals the frames of one member in one epoch: of all its tracks and layers, which share one key and one counter. */
export class Sealer {
    #keyId;
    #key;
    #counter;

    /** There is one for each base key and id: a second one would use the same nonces again. `counter` is for vectors. */
    constructor(base, keyId, counter = 0n) {
        this.#keyId = keyId;
        this.#key = FrameKey.derive(base, keyId);
        this.#counter = counter;
    }

    /** Frames sealed so far. */
    get frames() {
        return Number(this.#counter);
    }

    /** The sealed frame; `null` when it would be too long, or the key is worn. `metadata` is bound to it, and not part of it. */
    async seal(plaintext, metadata) {
        if (this.frames >= SEALED_FRAMES_MAX) return null;
        if (plaintext.length > FRAME_BYTES_MAX - HEADER_BYTES_MAX - TAG_BYTES) return null;
        // Taken before anything is awaited, and never given back.
        const counter = this.#counter;
        this.#counter += 1n;
        const header = encodeHeader(this.#keyId, counter);
        const key = await this.#key;
        return concat(header, await key.seal(counter, concat(header, metadata), plaintext));
    }
}

/** Opens the frames of one member in one epoch. */
export class Opener {
    #key;
    #window = new ReplayWindow();

    constructor(base, keyId) {
        this.#key = FrameKey.derive(base, keyId);
    }

    /** `{ opened }` or `{ refused }`, as the names of `media_core::DropReason`. `header` is the frame's. */
    async open(sealed, header, metadata) {
        if (sealed.length < header.length + TAG_BYTES) return { refused: "Malformed" };
        const old = this.#window.check(header.counter);
        if (old !== null) return { refused: old };
        const key = await this.#key;
        const aad = concat(sealed.subarray(0, header.length), metadata);
        const opened = await key.open(header.counter, aad, sealed.subarray(header.length));
        if (opened === null) return { refused: "BadTag" };
        // The same frame may have come twice while the first was being opened.
        const again = this.#window.check(header.counter);
        if (again !== null) return { refused: again };
        this.#window.onAuthentic(header.counter);
        return { opened };
    }
}

/** The header of a sealed frame that may be opened, or why it may not. */
export function headerOf(sealed) {
    if (sealed.length > FRAME_BYTES_MAX) return { refused: "Oversized" };
    return decodeHeader(sealed) ?? { refused: "Malformed" };
}
