// Owns the SFrame header (RFC 9605 section 4.3): one configuration byte, then the key id and the counter where they do not fit
// into it. Both are BigInt.

import { be64, concat } from "../bytes.js";

/** The largest number that stands in the configuration byte itself. */
const INLINE_MAX = 7n;

/** The one encoding of this header: both numbers as short as they can be. */
export function encodeHeader(keyId, counter) {
    const [key, keyBytes] = short(keyId);
    const [count, countBytes] = short(counter);
    return concat(Uint8Array.of((key << 4) | count), keyBytes, countBytes);
}

/**
 * `{ keyId, counter, length }` of a frame's header; `null` when it is cut, or has a number that is longer than it must be, which
 * a sender must not write.
 */
export function decodeHeader(bytes) {
    if (bytes.length === 0) return null;
    const key = long(bytes[0] >> 4, bytes, 1);
    const count = key && long(bytes[0] & 15, bytes, key.end);
    return count && { keyId: key.number, counter: count.number, length: count.end };
}

/** A number's four bits of the configuration byte, and its bytes behind that. */
function short(number) {
    if (number <= INLINE_MAX) return [Number(number), new Uint8Array()];
    const bytes = be64(number);
    const significant = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
    return [8 | (significant.length - 1), significant];
}

function long(nibble, bytes, start) {
    if ((nibble & 8) === 0) return { number: BigInt(nibble), end: start };
    const end = start + (nibble & 7) + 1;
    if (end > bytes.length || bytes[start] === 0) return null;
    let number = 0n;
    for (let at = start; at < end; at += 1) number = (number << 8n) | BigInt(bytes[at]);
    return number <= INLINE_MAX ? null : { number, end };
}
