// Owns how somebody becomes a member of a group by a welcome (RFC 9420 section 12.4.3.1), over the parts of ts-mls.
//
// Its own `joinGroup` is not used: `validateRatchetTree` of ts-mls 1.6.4 (and of 2.0.0-rc.10) asks that all nodes above an
// unmerged leaf have equal lists of unmerged leaves, where section 7.9.2 asks that they list this leaf. So it refuses sound trees:
// after one commit that removes two people, and another that adds two in their places.

import { deriveSecret } from "ts-mls/crypto/kdf.js";
import { decryptGroupInfo, decryptGroupSecrets } from "ts-mls/welcome.js";
import { ratchetTreeFromExtension, verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from "ts-mls/groupInfo.js";
import { makeKeyPackageRef } from "ts-mls/keyPackage.js";
import { deriveKeySchedule } from "ts-mls/keySchedule.js";
import { verifyLeafNodeSignature, verifyLeafNodeSignatureKeyPackage } from "ts-mls/leafNode.js";
import { verifyParentHashes } from "ts-mls/parentHash.js";
import { pathToRoot } from "ts-mls/pathSecrets.js";
import { mergePrivateKeyPaths, toPrivateKeyPath } from "ts-mls/privateKeyPath.js";
import { findLeafIndex } from "ts-mls/ratchetTree.js";
import { createSecretTree } from "ts-mls/secretTree.js";
import { treeHashRoot } from "ts-mls/treeHash.js";
import { directPath, isLeaf, leafToNodeIndex, leafWidth, nodeToLeafIndex } from "ts-mls/treemath.js";
import { firstCommonAncestor } from "ts-mls/updatePath.js";
import { bytesToBase64 } from "ts-mls/util/byteArray.js";
import { constantTimeEqual } from "ts-mls/util/constantTimeCompare.js";

import { Rejection } from "./rejection.js";

function demand(holds) {
    if (!holds) throw new Rejection("Invalid");
}

/** The state of a member, as ts-mls keeps it. Throws when anything about the welcome is not sound. */
export async function joinByWelcome(welcome, keyPackage, privateKeys, clientConfig, suite) {
    demand(welcome.cipherSuite === suite.name);
    const ref = await makeKeyPackageRef(keyPackage, suite.hash);
    const init = await suite.hpke.importPrivateKey(privateKeys.initPrivateKey);
    const secrets = await decryptGroupSecrets(init, ref, welcome, suite.hpke);
    // This project's groups have no pre-shared keys.
    demand(secrets !== undefined && secrets.psks.length === 0);
    const noPsk = new Uint8Array(suite.kdf.size);
    const info = await decryptGroupInfo(welcome, secrets.joinerSecret, noPsk, suite);
    demand(info !== undefined && info.groupContext.cipherSuite === suite.name && info.groupContext.version === "mls10");
    demand(info.groupContext.extensions.length === 0);
    const tree = ratchetTreeFromExtension(info);
    demand(tree !== undefined);
    await verifyTree(tree, info.groupContext, clientConfig.authService, suite);

    const signer = tree[leafToNodeIndex(info.signer)];
    demand(signer?.nodeType === "leaf");
    demand(await verifyGroupInfoSignature(info, signer.leaf.signaturePublicKey, suite.signature));
    demand(await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, noPsk, suite));

    const own = findLeafIndex(tree, keyPackage.leafNode);
    demand(own !== undefined && own !== info.signer);
    const ownKey = { leafIndex: own, privateKeys: { [leafToNodeIndex(own)]: privateKeys.hpkePrivateKey } };
    const privatePath = secrets.pathSecret === undefined
        ? ownKey
        : mergePrivateKeyPaths(await pathKeys(tree, own, info.signer, secrets.pathSecret, suite), ownKey);
    const [keySchedule, encryptionSecret] =
        await deriveKeySchedule(secrets.joinerSecret, noPsk, info.groupContext, suite.kdf);
    return {
        groupContext: info.groupContext,
        ratchetTree: tree,
        privatePath,
        signaturePrivateKey: privateKeys.signaturePrivateKey,
        confirmationTag: info.confirmationTag,
        unappliedProposals: {},
        keySchedule,
        secretTree: await createSecretTree(leafWidth(tree.length), encryptionSecret, suite.kdf),
        historicalReceiverData: new Map(),
        groupActiveState: { kind: "active" },
        clientConfig,
    };
}

/** The private keys above the new leaf; the public ones in the tree have to be theirs. */
async function pathKeys(tree, own, signer, pathSecret, suite) {
    const from = firstCommonAncestor(tree, own, signer);
    const secrets = await pathToRoot(tree, from, pathSecret, suite.kdf);
    for (const [index, secret] of Object.entries(secrets)) {
        const { publicKey } = await suite.hpke.deriveKeyPair(await deriveSecret(secret, "node", suite.kdf));
        const shown = tree[index]?.parent?.hpkePublicKey;
        demand(shown !== undefined && constantTimeEqual(await suite.hpke.exportPublicKey(publicKey), shown));
    }
    return toPrivateKeyPath(secrets, own, suite);
}

/** RFC 9420 sections 7.3, 7.9.2 and 12.4.3.1: what a newcomer looks at in a ratchet tree. */
async function verifyTree(tree, context, authService, suite) {
    const keys = new Set();
    const isNew = (key) => keys.size < keys.add(bytesToBase64(key)).size;
    for (const [index, node] of tree.entries()) {
        if (node === undefined) continue;
        demand((node.nodeType === "leaf") === isLeaf(index));
        if (node.nodeType === "leaf") {
            demand(isNew(node.leaf.hpkePublicKey) && isNew(node.leaf.signaturePublicKey));
            await verifyLeaf(node.leaf, nodeToLeafIndex(index), context, authService, suite);
        } else {
            demand(isNew(node.parent.hpkePublicKey));
            verifyUnmerged(tree, index, node.parent.unmergedLeaves);
        }
    }
    demand(await verifyParentHashes(tree, suite.hash));
    demand(constantTimeEqual(await treeHashRoot(tree, suite.hash), context.treeHash));
}

async function verifyLeaf(leaf, leafIndex, context, authService, suite) {
    if (!(await authService.validateCredential(leaf.credential, leaf.signaturePublicKey))) {
        throw new Rejection("Unproven");
    }
    const signed = leaf.leafNodeSource === "key_package"
        ? await verifyLeafNodeSignatureKeyPackage(leaf, suite.signature)
        : await verifyLeafNodeSignature(leaf, context.groupId, leafIndex, suite.signature);
    demand(signed && leaf.capabilities.credentials.includes("basic") && leaf.extensions.length === 0);
}

/** Each unmerged leaf is a member below the node, and all nodes between the two that are not blank list it, too. */
function verifyUnmerged(tree, index, unmerged) {
    for (const [place, leaf] of unmerged.entries()) {
        demand(place === 0 || unmerged[place - 1] < leaf);
        const path = directPath(leafToNodeIndex(leaf), leafWidth(tree.length));
        demand(tree[leafToNodeIndex(leaf)]?.nodeType === "leaf" && path.includes(index));
        for (const between of path.slice(0, path.indexOf(index))) {
            demand(tree[between] === undefined || tree[between].parent.unmergedLeaves.includes(leaf));
        }
    }
}
