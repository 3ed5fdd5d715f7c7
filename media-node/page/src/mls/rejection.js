// Owns why an MLS message from others came to nothing. None of it changes the group.

export class Rejection extends Error {
    /**
     * `why` is one of
     * - `Invalid`: it is no such message, not for this group and epoch, or not authentic;
     * - `Ahead`: it is of an epoch that this member has not reached;
     * - `Unproven`: somebody in it does not prove that they have the conference's link;
     * - `Forbidden`: it does what members of a conference do not do: other than adding, removing and renewing keys.
     */
    constructor(why) {
        super(why);
        this.why = why;
    }
}
