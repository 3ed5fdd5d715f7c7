// Owns the pictures and sounds of others: one player for each track, with its owner's name.

import { element } from "./elements.js";

/** Players by the track's identifier, which is unlike in every connection. */
const players = new Map();

/** Plays these `{ participant, kind, track }`, and nothing else. */
export function showTracks(tracks, nameOf) {
    for (const [id, player] of players) {
        if (tracks.some(({ track }) => track.id === id)) continue;
        player.remove();
        players.delete(id);
    }
    for (const { participant, kind, track } of tracks) {
        const player = players.get(track.id) ?? made(track);
        player.dataset.of = `${participant} ${kind}`;
        player.className = kind;
        const caption = player.querySelector("figcaption");
        if (caption !== null) caption.textContent = kind === "screen" ? `${nameOf(participant)}: screen` : nameOf(participant);
    }
}

function made(track) {
    const medium = document.createElement(track.kind);
    Object.assign(medium, { autoplay: true, playsInline: true, srcObject: new MediaStream([track]) });
    let player = medium;
    if (track.kind === "video") {
        player = document.createElement("figure");
        player.append(medium, document.createElement("figcaption"));
    }
    players.set(track.id, player);
    element("pictures").append(player);
    return player;
}
