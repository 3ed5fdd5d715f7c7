// Owns byte strings: joining them, and their forms in text.

const text = new TextEncoder();

export function utf8(string) {
    return text.encode(string);
}

export function concat(...parts) {
    const out = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
    let at = 0;
    for (const part of parts) {
        out.set(part, at);
        at += part.length;
    }
    return out;
}

/** A number of 64 bits, most significant byte first. */
export function be64(number) {
    const out = new Uint8Array(8);
    new DataView(out.buffer).setBigUint64(0, BigInt(number));
    return out;
}

export function toHex(bytes) {
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** `null` for what is not hexadecimal. */
export function fromHex(digits) {
    if (digits.length % 2 !== 0 || !/^[0-9a-f]*$/i.test(digits)) return null;
    return Uint8Array.from(digits.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** RFC 4648 section 4. */
export function toBase64(bytes) {
    let binary = "";
    for (let at = 0; at < bytes.length; at += 8_192) binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
    return btoa(binary);
}

/** `null` for what is not base64, or not its one encoding. */
export function fromBase64(string) {
    try {
        const bytes = Uint8Array.from(atob(string), (character) => character.charCodeAt(0));
        return toBase64(bytes) === string ? bytes : null;
    } catch {
        return null;
    }
}
