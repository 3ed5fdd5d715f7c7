// Owns the keys of the epochs whose frames are sealed and opened: the present one, and for a while those before it, because
// frames of senders who heard of a change a little later are under way. Without a key nothing is sealed and nothing opens.

import { EPOCHS_KEPT_MAX, EPOCH_OVERLAP } from "./limits.js";
import { Opener, Sealer, epochsAfter, headerOf, keyIdOf, leafOf } from "./sframe.js";

export class Frames {
    /** From the oldest to the present one. */
    #epochs = [];
    #sealer = null;

    /** The group is in another epoch; `keys` as `Membership.take` gives them. */
    begin(now, { epoch, base, own, senders }) {
        const present = new Map(senders);
        for (const before of this.#epochs) {
            before.until ??= now + EPOCH_OVERLAP;
            // Who is gone is heard no more, in no epoch.
            for (const [leaf, sender] of before.senders) {
                if (present.get(leaf) !== sender.participant) before.senders.delete(leaf);
            }
        }
        while (this.#epochs.length >= EPOCHS_KEPT_MAX) this.#epochs.shift();
        const openers = senders.map(([leaf, participant]) =>
            [leaf, { participant, opener: new Opener(base, keyIdOf(leaf, epoch)) }]);
        this.#epochs.push({ epoch, senders: new Map(openers), until: null });
        this.#sealer = new Sealer(base, keyIdOf(own, epoch));
    }

    /** The group is left: nothing more is sealed, and what is under way still opens for a while. */
    end(now) {
        this.#sealer = null;
        for (const epoch of this.#epochs) epoch.until ??= now + EPOCH_OVERLAP;
    }

    /** Frames that the present key has sealed. */
    get sealedFrames() {
        return this.#sealer?.frames ?? 0;
    }

    /** The sealed frame, or `null` while there is no key; then nothing may be sent. */
    async seal(plaintext, metadata) {
        return this.#sealer === null ? null : this.#sealer.seal(plaintext, metadata);
    }

    /**
     * Opens a frame that came in the track of participant `from`: `{ opened }` or `{ refused, ahead }`, where `ahead` tells that
     * the frame is of an epoch after all of these.
     */
    async open(now, from, sealed, metadata) {
        this.#epochs = this.#epochs.filter(({ until }) => until === null || until > now);
        const header = headerOf(sealed);
        if (header.refused !== undefined) return { refused: header.refused, ahead: false };
        let refused = null;
        // The newest first. There are two of one number when a member has come into another group: the tag tells.
        for (const { epoch, senders } of this.#epochs.toReversed()) {
            if (epochsAfter(header.keyId, epoch) !== 0n) continue;
            const sender = senders.get(leafOf(header.keyId));
            let result = { refused: "NoKey" };
            if (sender !== undefined) {
                result = sender.participant === from
                    ? await sender.opener.open(sealed, header, metadata)
                    : { refused: "WrongSender" };
            }
            if (result.opened !== undefined) return result;
            refused ??= result.refused;
        }
        const newest = this.#epochs.at(-1);
        const ahead = refused === null && newest !== undefined && epochsAfter(header.keyId, newest.epoch) > 0n;
        return { refused: refused ?? "NoKey", ahead };
    }
}
