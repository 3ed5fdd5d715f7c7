// Owns the invitation link as browsers have it: `#CONFERENCE.TOKEN.SECRET`. All of it stands behind `#`, which browsers do not
// send; the token is shown to the server when somebody joins, the secret never.

import { fromHex } from "./bytes.js";

/** `{ link, secret }` of the part of an address from `#` on; `null` when it is no such link. */
export function readLink(hash) {
    const parts = /^#(\d{1,10})\.([0-9a-f]{32})\.([0-9a-f]{64})$/.exec(hash);
    return parts && { link: { conference: Number(parts[1]), token: parts[2] }, secret: fromHex(parts[3]) };
}

/** The part from `#` on. `secret` is hexadecimal. */
export function writeLink({ conference, token }, secret) {
    return `#${conference}.${token}.${secret}`;
}
