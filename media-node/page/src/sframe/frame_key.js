// Owns the AEAD key and salt of one sender, derived from the epoch's base key (RFC 9605 section 4.4.2), for
// `AES_128_GCM_SHA256_128`.

import { be64, concat, utf8 } from "../bytes.js";

const SUITE = Uint8Array.of(0, 4);
const KEY_LABEL = utf8("SFrame 1.0 Secret key ");
const SALT_LABEL = utf8("SFrame 1.0 Secret salt ");

/** Bytes of the authentication tag. */
export const TAG_BYTES = 16;

export class FrameKey {
    #key;
    #salt;

    /** `base` is a `CryptoKey` for HKDF, whose bytes nobody reads. HKDF's empty salt is that of RFC 9605. */
    static async derive(base, keyId) {
        const hkdf = (label) => ({
            name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: concat(label, be64(keyId), SUITE),
        });
        const derived = new FrameKey();
        const aes = { name: "AES-GCM", length: 128 };
        derived.#key = await crypto.subtle.deriveKey(hkdf(KEY_LABEL), base, aes, false, ["encrypt", "decrypt"]);
        derived.#salt = new Uint8Array(await crypto.subtle.deriveBits(hkdf(SALT_LABEL), base, 96));
        return derived;
    }

    /** Ciphertext and tag. The caller never gives the same counter twice. */
    async seal(counter, aad, plaintext) {
        return new Uint8Array(await crypto.subtle.encrypt(this.#params(counter, aad), this.#key, plaintext));
    }

    /** The plaintext; `null` when the tag is not authentic. */
    async open(counter, aad, sealed) {
        try {
            return new Uint8Array(await crypto.subtle.decrypt(this.#params(counter, aad), this.#key, sealed));
        } catch {
            return null;
        }
    }

    /** The nonce is the exclusive or of salt and counter, which falls on its last eight bytes (section 4.4.3). */
    #params(counter, additionalData) {
        const iv = this.#salt.slice();
        be64(counter).forEach((byte, at) => {
            iv[at + 4] ^= byte;
        });
        return { name: "AES-GCM", iv, additionalData, tagLength: 8 * TAG_BYTES };
    }
}
