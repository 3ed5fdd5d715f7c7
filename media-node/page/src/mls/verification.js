// Owns the code by which people tell whether they are in the same group: the same digits as
// `media_core::e2ee::mls::verification` shows for the same epoch.

import { toHex, utf8 } from "../bytes.js";

const LABEL = utf8("generalprobe verification code v1");
const DIGITS = 30;

/** Six groups of five digits, out of the epoch's authenticator (RFC 9420 section 8.7). */
export async function verificationCode(authenticator) {
    const key = await crypto.subtle.importKey("raw", authenticator, "HKDF", false, ["deriveBits"]);
    const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: LABEL };
    const bits = new Uint8Array(await crypto.subtle.deriveBits(hkdf, key, 128));
    const number = BigInt(`0x${toHex(bits)}`) % 10n ** BigInt(DIGITS);
    return number.toString().padStart(DIGITS, "0").match(/.{5}/g).join(" ");
}
