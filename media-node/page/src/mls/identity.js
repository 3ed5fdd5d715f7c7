// Owns what a member says about itself in its MLS credential, and what makes others believe it: the same bytes as
// `media_core::e2ee::mls::identity`, where the reasons stand.

import { be64, concat, utf8 } from "../bytes.js";
import { NAME_BYTES_MAX } from "../limits.js";

const LABEL = utf8("generalprobe member v1 ");
const PROOF_BYTES = 32;

/** What the link's secret proves with: 32 bytes, which the server never sees. */
export async function proofKey(secret) {
    return crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
}

/** The content of a credential: number, length of the name, name, proof. */
export async function encodeIdentity({ participant, name }, key, signatureKey) {
    const claim = claimOf(participant, name);
    const proof = await crypto.subtle.sign("HMAC", key, proven(claim, signatureKey));
    return concat(claim, new Uint8Array(proof));
}

/** Reads a credential, and checks its proof in constant time; `null` when it does not hold. */
export async function decodeIdentity(bytes, key, signatureKey) {
    if (bytes.length < PROOF_BYTES + 5) return null;
    const claim = bytes.slice(0, bytes.length - PROOF_BYTES);
    const proof = bytes.slice(bytes.length - PROOF_BYTES);
    if (!(await crypto.subtle.verify("HMAC", key, proof, proven(claim, signatureKey)))) return null;
    const name = claim.slice(5);
    if (claim[4] !== name.length) return null;
    try {
        return {
            participant: new DataView(claim.buffer, claim.byteOffset).getUint32(0),
            name: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(name),
        };
    } catch {
        return null;
    }
}

function claimOf(participant, name) {
    const short = utf8(cut(name));
    const number = new Uint8Array(4);
    new DataView(number.buffer).setUint32(0, participant);
    return concat(number, Uint8Array.of(short.length), short);
}

/** The server admits no longer name. */
function cut(name) {
    let kept = "";
    for (const character of name) {
        if (utf8(kept + character).length > NAME_BYTES_MAX) break;
        kept += character;
    }
    return kept;
}

function proven(claim, signatureKey) {
    return concat(LABEL, be64(claim.length), claim, signatureKey);
}
