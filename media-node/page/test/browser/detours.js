// Owns ways between browsers and a media node that tests can cut: signalling over TCP, media over UDP.

import { createSocket } from "node:dgram";
import { connect, createServer } from "node:net";

/** TCP to the media node's HTTP. */
export class TcpDetour {
    #server;
    #port;
    #pairs = new Set();
    #isOpen = true;

    static async start(address) {
        const detour = new TcpDetour();
        const { hostname, port } = new URL(address);
        detour.#server = createServer((near) => detour.#take(near, connect(Number(port), hostname)));
        await new Promise((resolve) => detour.#server.listen(0, "127.0.0.1", resolve));
        detour.#port = detour.#server.address().port;
        return detour;
    }

    get address() {
        return `http://127.0.0.1:${this.#port}`;
    }

    /** Breaks every connection, and refuses others until `mend`. */
    cut() {
        this.#isOpen = false;
        for (const [near, far] of this.#pairs) {
            near.resetAndDestroy();
            far.resetAndDestroy();
        }
    }

    /** Every connection stays, and nothing comes through it any more; others are as ever. */
    freeze() {
        for (const [near, far] of this.#pairs) {
            near.unpipe(far).resume();
            far.unpipe(near).resume();
        }
    }

    mend() {
        this.#isOpen = true;
    }

    /** Nothing comes through, until `resume` lets everything come at once. */
    pause() {
        for (const [near, far] of this.#pairs) {
            near.unpipe(far).pause();
            far.unpipe(near).pause();
        }
    }

    resume() {
        for (const [near, far] of this.#pairs) {
            near.pipe(far);
            far.pipe(near);
        }
    }

    stop() {
        this.cut();
        this.#server.close();
    }

    #take(near, far) {
        const pair = [near, far];
        this.#pairs.add(pair);
        for (const [one, other] of [[near, far], [far, near]]) {
            one.on("error", () => undefined);
            one.on("close", () => {
                this.#pairs.delete(pair);
                other.destroy();
            });
            one.pipe(other);
        }
        if (!this.#isOpen) near.resetAndDestroy();
    }
}

/** UDP to the media node's port, for one browser. */
export class UdpDetour {
    #target;
    #near = null;
    #far = null;
    #browser = null;
    #isPaused = false;

    /** `media` is the media node's address. */
    static async start(media) {
        const detour = new UdpDetour();
        const [host, port] = media.split(":");
        detour.#target = [Number(port), host];
        await detour.move();
        return detour;
    }

    /** Where browsers send to. */
    get port() {
        return this.#near.address().port;
    }

    /** The way there is dies, and there is another one at another port. */
    async move() {
        this.#near?.close();
        this.#near = await bound();
        this.#near.on("message", (datagram, from) => {
            this.#browser = from;
            if (!this.#isPaused) this.#far.send(datagram, ...this.#target);
        });
        await this.rebind();
    }

    /** The media node sees the browser at another address, as behind a NAT that has forgotten it. */
    async rebind() {
        this.#far?.close();
        this.#far = await bound();
        const near = this.#near;
        this.#far.on("message", (datagram) => {
            if (this.#browser !== null && near === this.#near && !this.#isPaused) near.send(datagram, this.#browser.port, this.#browser.address);
        });
    }

    /** Everything is lost, until `resume`. */
    pause() {
        this.#isPaused = true;
    }

    resume() {
        this.#isPaused = false;
    }

    stop() {
        this.#near.close();
        this.#far.close();
    }
}

async function bound() {
    const socket = createSocket("udp4");
    await new Promise((resolve) => socket.bind(0, "127.0.0.1", resolve));
    return socket;
}
