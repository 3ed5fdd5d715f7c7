// Claims about groups in which browsers and this project's Rust clients are together. The bytes are real: members in Rust are
// a program of their own.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { fromBase64, toBase64 } from "../src/bytes.js";
import { Conference, METADATA } from "./conference.js";
import { Rust } from "./conference/rust.js";

let rust;
before(() => {
    rust = Rust.start();
});
after(() => rust.stop());

for (const [founder, joiner] of [["rust", "js"], ["js", "rust"], ["js", "js"]]) {
    test(`a group that ${founder} founds takes ${joiner} in, and each commits`, async () => {
        const conference = new Conference(rust);
        await conference.enter(founder, 1);
        await conference.enter(joiner, 2);
        await conference.settle();
        await conference.assertAgreed();
        // The founder goes: the other one is the first member now, removes it, and adds whoever comes.
        await conference.enter(founder, 3);
        await conference.settle();
        await conference.leave(1);
        await conference.settle();
        await conference.assertAgreed();
        await conference.enter(joiner, 4);
        await conference.settle();
        await conference.assertAgreed();
        for (const member of conference.present.values()) {
            const before = member.look().code;
            await member.renew(conference.now);
            await conference.settle();
            assert.notEqual(member.look().code, before);
            await conference.assertAgreed();
        }
        const by = (kind) => conference.commits.filter((commit) => commit.kind === kind).length;
        assert.ok(by(founder) > 0 && by(joiner) > 0);
        assert.deepEqual([conference.rejected, conference.leftBehind], [[], []]);
    });
}

test("of what is sealed nothing opens that is tampered with, played again, or in another's track", async () => {
    const conference = new Conference(rust);
    for (const [participant, kind] of ["rust", "js", "rust", "js"].entries()) await conference.enter(kind, participant + 1);
    await conference.settle();
    for (const [from, speaker] of conference.present) {
        for (const [to, listener] of conference.present) {
            if (to === from) continue;
            const sealed = await speaker.seal(conference.now, Uint8Array.of(1, 2, 3), METADATA);
            const refused = async (as, frame, metadata = METADATA) =>
                (await listener.open(conference.now, as, frame, metadata)).refused;
            for (let at = 0; at < sealed.length; at += 1) {
                const tampered = sealed.slice();
                tampered[at] ^= 1;
                assert.ok(await refused(from, tampered), `byte ${at}`);
            }
            const other = [...conference.present.keys()].find((who) => who !== from && who !== to);
            assert.equal(await refused(other, sealed), "WrongSender");
            assert.equal(await refused(from, sealed, METADATA.with(0, 1)), "BadTag");
            assert.equal(await refused(from, sealed), undefined);
            assert.equal(await refused(from, sealed), "Replayed");
        }
    }
});

for (const kind of ["rust", "js"]) {
    test(`who is out of a group with ${kind} hears nothing of what comes after`, async () => {
        const conference = new Conference(rust);
        await conference.enter(kind, 1);
        await conference.enter("js", 2);
        await conference.enter("rust", 3);
        await conference.settle();
        const gone = [2, 3].map((participant) => conference.present.get(participant));
        await conference.leave(2);
        await conference.leave(3);
        await conference.settle();
        const sealed = await conference.present.get(1).seal(conference.now, Uint8Array.of(1), METADATA);
        for (const member of gone) {
            assert.equal((await member.open(conference.now, 1, sealed, METADATA)).refused, "NoKey");
        }
    });

    test(`who does not have the link's secret comes into no group with ${kind}`, async () => {
        const conference = new Conference(rust);
        await conference.enter(kind, 1);
        for (const [participant, guest] of [[2, "rust"], [3, "js"]]) {
            await conference.enter(guest, participant, new Uint8Array(32).fill(8));
            await conference.settle(4_000);
            assert.equal(conference.present.get(participant).look().code, null);
            assert.ok(conference.rejected.some(({ by, whom, why }) => by === 1 && whom === participant && why === "Unproven"));
        }
    });

    test(`a commit that was tampered with is not followed by ${kind}, and who is left behind comes in anew`, async () => {
        const conference = new Conference(rust);
        await conference.enter("js", 1);
        await conference.enter(kind, 2);
        await conference.settle();
        const member = conference.present.get(2);
        const onCommit = member.onCommit.bind(member);
        member.onCommit = (now, sequence, commit) => {
            member.onCommit = onCommit;
            const bytes = fromBase64(commit);
            bytes[bytes.length - 1] ^= 1;
            return onCommit(now, sequence, toBase64(bytes));
        };
        await conference.present.get(1).renew(conference.now);
        await conference.settle(500);
        assert.deepEqual(conference.rejected.map(({ by, why }) => [by, why]), [[2, "Invalid"]]);
        // A frame of the epoch that it did not reach tells.
        const sealed = await conference.present.get(1).seal(conference.now, Uint8Array.of(1), METADATA);
        assert.equal((await member.open(conference.now, 1, sealed, METADATA)).refused, "NoKey");
        await conference.settle();
        assert.deepEqual(conference.leftBehind, [2]);
        await conference.assertAgreed();
    });
}

for (const committer of ["rust", "js"]) {
    test(`somebody whom the server hides is not added to a group by ${committer} unnoticed`, async () => {
        const conference = new Conference(rust);
        await conference.enter(committer, 1);
        await conference.enter("js", 2);
        await conference.settle();
        await conference.enter("js", 3, undefined, [2]);
        await conference.settle(500);
        assert.deepEqual(conference.rejected.slice(0, 2), [
            { by: 2, whom: 3, why: "Unproven" },
            { by: 2, whom: 3, why: "Forbidden" },
        ]);
        const member = conference.present.get(2);
        assert.deepEqual(member.look().members.map(({ participant }) => participant), [1, 2]);
        // What is said among the others is closed to it, and it asks to be added anew.
        const sealed = await conference.present.get(1).seal(conference.now, Uint8Array.of(1), METADATA);
        assert.equal((await member.open(conference.now, 1, sealed, METADATA)).refused, "NoKey");
        await conference.settle(1_500);
        assert.ok(conference.leftBehind.includes(2));
    });

    test(`somebody whom the roster shows is not removed by ${committer}`, async () => {
        const conference = new Conference(rust);
        for (const [participant, kind] of [[1, committer], [2, "js"], [3, "js"]]) await conference.enter(kind, participant);
        await conference.settle();
        await conference.present.get(1).onMemberLeft(conference.now, 2);
        await conference.settle(500);
        assert.deepEqual(conference.rejected.map(({ by, whom, why }) => [by, whom, why]), [[2, 2, "Forbidden"], [3, 2, "Forbidden"]]);
    });
}

test("of commits that cross one holds, and the others come after it", async () => {
    const conference = new Conference(rust);
    for (let participant = 1; participant <= 4; participant += 1) {
        await conference.enter(participant % 2 === 0 ? "rust" : "js", participant);
    }
    await conference.settle();
    const before = conference.commits.length;
    for (const member of conference.present.values()) await member.renew(conference.now);
    await conference.settle();
    assert.ok(conference.refusals.filter((reason) => reason === "stale-commit").length >= 3, conference.refusals.join());
    assert.deepEqual(new Set(conference.commits.slice(before).map(({ by }) => by)), new Set([1, 2, 3, 4]));
    assert.deepEqual([conference.rejected, conference.leftBehind], [[], []]);
    await conference.assertAgreed();
});

test("a commit that comes again changes nothing", async () => {
    const conference = new Conference(rust);
    await conference.enter("rust", 1);
    await conference.enter("js", 2);
    await conference.settle();
    await conference.present.get(1).renew(conference.now);
    await conference.settle();
    const { sequence, commit } = conference.last;
    await conference.present.get(2).onCommit(conference.now, sequence, commit);
    await conference.settle();
    assert.deepEqual(conference.rejected, [{ by: 2, whom: null, why: "Invalid" }]);
    assert.deepEqual(conference.leftBehind, []);
    await conference.assertAgreed();
});

test("a newcomer reads a tree in which one node lists a leaf more than the node below it", async () => {
    for (const kind of ["rust", "js"]) {
        const conference = new Conference(rust);
        for (let participant = 1; participant <= 6; participant += 1) await conference.enter(kind, participant);
        await conference.settle();
        // One commit with a path takes the fourth and the sixth leaf, and another one without fills both places.
        await conference.leave(4);
        await conference.leave(6);
        await conference.settle();
        await conference.enter("js", 7);
        await conference.enter("js", 8);
        await conference.settle();
        assert.deepEqual(conference.commits.slice(-2).map(({ adds }) => adds), [[], [7, 8]]);
        assert.deepEqual([conference.rejected, conference.leftBehind], [[], []]);
        await conference.assertAgreed();
    }
});

/** A small generator (Numerical Recipes' LCG), so that a history can be told by its seed. */
function random(seed) {
    let state = seed;
    return (below) => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
        return Math.floor((state / 2 ** 32) * below);
    };
}

for (const seed of [1, 2, 3, 4]) {
    test(`people come, go and renew their keys, and all stay together (history ${seed})`, async () => {
        const draw = random(seed);
        const conference = new Conference(rust);
        let next = 1;
        const come = () => conference.enter(draw(2) === 0 ? "rust" : "js", next++);
        for (let first = 0; first < 5; first += 1) await come();
        for (let round = 0; round < 12; round += 1) {
            for (let moves = 1 + draw(4); moves > 0; moves -= 1) {
                const present = [...conference.present.keys()];
                const who = present[draw(present.length)];
                const move = draw(5);
                if (move < 2 && present.length > 2) await conference.leave(who);
                else if (move < 4) await come();
                else await conference.present.get(who).renew(conference.now);
            }
            await conference.settle();
            await conference.assertAgreed();
        }
        assert.deepEqual([conference.rejected, conference.leftBehind], [[], []]);
        assert.deepEqual(new Set(conference.commits.map(({ kind }) => kind)), new Set(["rust", "js"]));
    });
}
