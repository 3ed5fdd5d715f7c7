// Owns one member's MLS group (RFC 9420) over ts-mls: founding, joining, committing and following it, and what is derived from
// its epoch, byte for byte as `media_core::e2ee::mls::group` does it. What a commit may do at all is decided here; when to
// commit is `Membership`'s affair.
//
// ts-mls never changes a state, it gives a new one: what came to nothing is simply not taken over. Its parts are imported one
// by one, since its index asks for packages of suites that are not spoken here. The default provider has all of this suite from
// the browser's WebCrypto: X25519 by way of @hpke/core, and Ed25519.

import { createGroup } from "ts-mls/clientState.js";
import { createCommit } from "ts-mls/createCommit.js";
import { getCiphersuiteFromName } from "ts-mls/crypto/ciphersuite.js";
import { defaultCryptoProvider } from "ts-mls/crypto/implementation/default/provider.js";
import { decodeKeyPackage, encodeKeyPackage, generateKeyPackageWithKey, verifyKeyPackage } from "ts-mls/keyPackage.js";
import { defaultKeyPackageEqualityConfig } from "ts-mls/keyPackageEqualityConfig.js";
import { mlsExporter } from "ts-mls/keySchedule.js";
import { verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js";
import { decodeMlsMessage, encodeMlsMessage } from "ts-mls/message.js";
import { processPrivateMessage } from "ts-mls/processMessages.js";
import { emptyPskIndex } from "ts-mls/pskIndex.js";
import { consumeRatchet } from "ts-mls/secretTree.js";
import { zeroOutUint8Array } from "ts-mls/util/byteArray.js";
import { constantTimeEqual } from "ts-mls/util/constantTimeCompare.js";

import { decodeIdentity, encodeIdentity, proofKey } from "./identity.js";
import { Rejection } from "./rejection.js";
import { verificationCode } from "./verification.js";
import { joinByWelcome } from "./welcome.js";

const SUITE = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519";
/** RFC 9605 section 5.2. */
const BASE_KEY_LABEL = "SFrame 1.0 Base Key";
/** Of `AES_128_GCM_SHA256_128`. */
const BASE_KEY_BYTES = 16;
/** Lifetimes end with the stay: a key package is forgotten with it. */
const UNLIMITED = { notBefore: 0n, notAfter: 0xffff_ffff_ffff_ffffn };
/** One suite, one kind of credential, no extensions. */
const CAPABILITIES = {
    versions: ["mls10"], ciphersuites: [SUITE], extensions: [], proposals: [], credentials: ["basic"],
};

export class Group {
    #suite;
    #proofKey;
    #keys;
    /** `null` outside. */
    #state = null;
    /** The state after the commit that is on its way, and what it makes useless. */
    #pending = null;

    /** Somebody who is in no group yet, with keys that nobody has seen. `secret` is the link's. */
    static async fresh(identity, secret) {
        const group = new Group();
        group.#suite = await defaultCryptoProvider.getCiphersuiteImpl(getCiphersuiteFromName(SUITE));
        group.#proofKey = await proofKey(secret);
        const signature = await group.#suite.signature.keygen();
        const credential = {
            credentialType: "basic",
            identity: await encodeIdentity(identity, group.#proofKey, signature.publicKey),
        };
        group.#keys =
            await generateKeyPackageWithKey(credential, CAPABILITIES, UNLIMITED, [], signature, group.#suite);
        return group;
    }

    /** What others need to add this client. */
    keyPackage() {
        return encodeKeyPackage(this.#keys.publicPackage);
    }

    /** Makes a group with this client as its only member. */
    async found() {
        const id = crypto.getRandomValues(new Uint8Array(16));
        const { publicPackage, privatePackage } = this.#keys;
        this.#state = await createGroup(id, publicPackage, privatePackage, [], this.#suite, this.#config());
    }

    /** Becomes a member by somebody's welcome. */
    async join(bytes) {
        const message = exactly(decodeMlsMessage, bytes);
        if (message.wireformat !== "mls_welcome") throw new Rejection("Invalid");
        const { publicPackage, privatePackage } = this.#keys;
        this.#state = await orInvalid(
            joinByWelcome(message.welcome, publicPackage, privatePackage, this.#config(), this.#suite),
        );
    }

    /** Reads somebody's key package: who they prove to be, and what adds them. */
    async readOffer(bytes) {
        const keyPackage = exactly(decodeKeyPackage, bytes);
        const { leafNode } = keyPackage;
        const isSound = keyPackage.version === "mls10" && keyPackage.cipherSuite === SUITE
            && leafNode.capabilities.credentials.includes("basic") && leafNode.capabilities.ciphersuites.includes(SUITE)
            && !constantTimeEqual(keyPackage.initKey, leafNode.hpkePublicKey)
            && (await orInvalid(verifyKeyPackage(keyPackage, this.#suite.signature)))
            && (await orInvalid(verifyLeafNodeSignatureKeyPackage(leafNode, this.#suite.signature)));
        if (!isSound) throw new Rejection("Invalid");
        const identity = await this.#identityOf(leafNode);
        if (identity === null) throw new Rejection("Unproven");
        return { identity, keyPackage };
    }

    /**
     * Makes a commit that adds these offers and removes those leaves, or with neither renews this member's own keys. It holds
     * once `onOwnOrdered` says so.
     */
    async commit(adds, removes) {
        const extraProposals = [
            ...adds.map(({ keyPackage }) => ({ proposalType: "add", add: { keyPackage } })),
            ...removes.map((removed) => ({ proposalType: "remove", remove: { removed } })),
        ];
        const state = this.#state;
        const made = await orInvalid(createCommit(
            { state, cipherSuite: this.#suite, pskIndex: emptyPskIndex },
            { extraProposals, ratchetTreeExtension: true },
        ));
        // What sealed this commit must not seal another one, if this one is refused (RFC 9420 section 9.1).
        const own = 2 * state.privatePath.leafIndex;
        const { newTree } = await consumeRatchet(state.secretTree, own, "commit", this.#suite);
        this.#state = { ...state, secretTree: newTree };
        this.#pending = made;
        const { welcome } = made;
        return {
            commit: encodeMlsMessage(made.commit),
            welcome: welcome && encodeMlsMessage({ version: "mls10", wireformat: "mls_welcome", welcome }),
            // With a path, fresh keys of the committer's own come along.
            renews: adds.length === 0 || removes.length > 0,
        };
    }

    /** The commit of one's own is the next: the group is in its epoch. */
    onOwnOrdered() {
        this.#take(this.#pending.newState, this.#pending.consumed);
    }

    /** The commit of one's own came too late. */
    onOwnRefused() {
        this.#pending = null;
    }

    /** Reads somebody's commit. Nothing changes before `follow`. */
    async readCommit(bytes) {
        const message = exactly(decodeMlsMessage, bytes);
        if (message.wireformat !== "mls_private_message") throw new Rejection("Invalid");
        const { groupId, epoch, contentType } = message.privateMessage;
        const { groupContext, privatePath } = this.#state;
        if (!constantTimeEqual(groupId, groupContext.groupId)) throw new Rejection("Invalid");
        if (epoch > groupContext.epoch) throw new Rejection("Ahead");
        if (epoch < groupContext.epoch) throw new Rejection("Invalid");
        if (contentType !== "commit") throw new Rejection("Forbidden");
        let read = null;
        const note = (incoming) => {
            read = incoming;
            return "accept";
        };
        const { newState, consumed } = await orInvalid(
            processPrivateMessage(this.#state, message.privateMessage, emptyPskIndex, this.#suite, note),
        );
        if (read?.kind !== "commit" || read.senderLeafIndex === privatePath.leafIndex) throw new Rejection("Invalid");
        const proposals = read.proposals.map(({ proposal }) => proposal);
        if (!proposals.every(({ proposalType }) => proposalType === "add" || proposalType === "remove")) {
            throw new Rejection("Forbidden");
        }
        const adds = proposals.filter(({ proposalType }) => proposalType === "add");
        const added = await Promise.all(adds.map(({ add }) => this.#identityOf(add.keyPackage.leafNode)));
        if (added.includes(null)) throw new Rejection("Unproven");
        const removes = proposals.filter(({ proposalType }) => proposalType === "remove");
        return { added, removed: removes.map(({ remove }) => remove.removed), newState, consumed };
    }

    /** Goes into the epoch of a commit. False when it has put this member out. */
    follow({ newState, consumed }) {
        if (newState.groupActiveState.kind !== "active") return false;
        this.#take(newState, consumed);
        return true;
    }

    /** Everybody in the group, by leaf: `{ leaf, participant, name }`. */
    async identities() {
        const members = [];
        for (const [index, node] of (this.#state?.ratchetTree ?? []).entries()) {
            if (node?.nodeType !== "leaf") continue;
            const identity = await this.#identityOf(node.leaf);
            if (identity === null) throw new Rejection("Unproven");
            members.push({ leaf: index / 2, ...identity });
        }
        return members;
    }

    get ownLeaf() {
        return this.#state?.privatePath.leafIndex ?? null;
    }

    get epoch() {
        return this.#state?.groupContext.epoch ?? null;
    }

    /** What all frame keys of this epoch are derived from: no script reads it, not even this one. */
    async baseKey() {
        const { exporterSecret } = this.#state.keySchedule;
        const bytes =
            await mlsExporter(exporterSecret, BASE_KEY_LABEL, new Uint8Array(), BASE_KEY_BYTES, this.#suite);
        const key = await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveBits", "deriveKey"]);
        zeroOutUint8Array(bytes);
        return key;
    }

    /** What people compare. */
    verificationCode() {
        return verificationCode(this.#state.keySchedule.epochAuthenticator);
    }

    /** Goes into another epoch, and wipes what belongs to the one before. */
    #take(state, consumed) {
        // ts-mls keeps some epochs for late application messages, of which there are none here.
        this.#state = { ...state, historicalReceiverData: new Map() };
        this.#pending = null;
        consumed.forEach(zeroOutUint8Array);
    }

    async #identityOf({ credential, signaturePublicKey }) {
        if (credential.credentialType !== "basic") return null;
        return decodeIdentity(credential.identity, this.#proofKey, signaturePublicKey);
    }

    #config() {
        return {
            keyRetentionConfig: {
                retainKeysForGenerations: 10, retainKeysForEpochs: 1, maximumForwardRatchetSteps: 200,
            },
            lifetimeConfig: { maximumTotalLifetime: UNLIMITED.notAfter, validateLifetimeOnReceive: false },
            keyPackageEqualityConfig: defaultKeyPackageEqualityConfig,
            paddingConfig: { kind: "alwaysPad", paddingLength: 0 },
            authService: {
                validateCredential: async (credential, signaturePublicKey) => {
                    if ((await this.#identityOf({ credential, signaturePublicKey })) === null) throw new Rejection("Unproven");
                    return true;
                },
            },
        };
    }
}

/** Reads a whole message, and nothing behind it. */
function exactly(decode, bytes) {
    let decoded;
    try {
        decoded = decode(bytes, 0);
    } catch {
        decoded = undefined;
    }
    if (decoded === undefined || decoded[1] !== bytes.length) throw new Rejection("Invalid");
    return decoded[0];
}

/** Whatever goes wrong with what others sent is their fault. */
async function orInvalid(result) {
    try {
        return await result;
    } catch (error) {
        throw error instanceof Rejection ? error : new Rejection("Invalid");
    }
}
