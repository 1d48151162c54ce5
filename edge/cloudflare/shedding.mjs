// Load shedding: how many requests, and how many bytes of their bodies, may be under way in one isolate. An isolate has
// 128 MB, and strangers choose how many requests they begin and how slowly they send them.
//
// When a client goes away, the platform may stop the code of its request where it waits, and not even a `finally` runs. So
// an entry also ends by its age.

// How long a client may take to send a body. The slowest are stopped earlier when others need the room.
const READ_MS = 30_000;
// Longer than any request: reading a body, and waiting for the MCP server to begin its answer.
const LOST_MS = 150_000;

class Room {
  // Requests whose bodies are being read, and those that have been read. The oldest come first.
  #reading = new Set();
  #read = new Set();
  #bytes = 0;

  constructor({ requests, bytes }) {
    this.most = { requests, bytes };
  }

  // Lets a request in, with as many bytes as it announces; `undefined` if there is no room for it.
  enter(announced) {
    this.#expire();
    while (this.#isFull(announced)) {
      if (!this.#stopSlowest()) return;
    }
    const entry = { since: Date.now(), bytes: 0, set: this.#read };
    this.#read.add(entry);
    this.#grow(entry, announced);
    return entry;
  }

  // Its request has ended.
  leave(entry) {
    this.#grow(entry, -entry.bytes);
    entry.set?.delete(entry);
    entry.set = undefined;
  }

  // The body of a request, as `{ body }`, or `{ fault }`: `too_long`, `too_slow` or `broken_off`. One that is too long and has
  // not announced it comes with what was read of it.
  async read(entry, { request, length }, longest) {
    if (length > longest) return { fault: "too_long" };
    let timer;
    const stopped = new Promise((stop) => {
      entry.stop = () => stop({ fault: "too_slow" });
      timer = setTimeout(entry.stop, READ_MS);
    });
    this.#move(entry, this.#reading);
    try {
      const whole = length > 0 ? announced(request) : this.#unannounced(entry, request.body, longest);
      return await Promise.race([whole, stopped]);
    } catch {
      return { fault: "broken_off" };
    } finally {
      clearTimeout(timer);
      this.#move(entry, this.#read);
    }
  }

  async #unannounced(entry, stream, longest) {
    const chunks = [];
    let length = 0;
    for await (const chunk of stream) {
      chunks.push(chunk);
      length += chunk.byteLength;
      if (length > longest) break;
      this.#grow(entry, chunk.byteLength);
      if (this.#bytes > this.most.bytes) this.#stopSlowest();
    }
    const body = new Uint8Array(length);
    let at = 0;
    for (const chunk of chunks) {
      body.set(chunk, at);
      at += chunk.byteLength;
    }
    return length > longest ? { body, fault: "too_long" } : { body };
  }

  #isFull(announced) {
    const requests = this.#reading.size + this.#read.size;
    return requests >= this.most.requests || this.#bytes + announced > this.most.bytes;
  }

  // Whether there was one.
  #stopSlowest() {
    const [slowest] = this.#reading;
    if (slowest === undefined) return false;
    this.leave(slowest);
    slowest.stop();
    return true;
  }

  #expire() {
    const before = Date.now() - LOST_MS;
    for (const entries of [this.#reading, this.#read]) {
      for (const entry of entries) {
        if (entry.since > before) break;
        this.leave(entry);
        entry.lost?.();
      }
    }
  }

  #move(entry, set) {
    if (!entry.set?.delete(entry)) return;
    entry.set = set;
    set.add(entry);
  }

  #grow(entry, by) {
    if (!entry.set) return;
    entry.bytes += by;
    this.#bytes += by;
  }
}

async function announced(request) {
  return { body: new Uint8Array(await request.arrayBuffer()) };
}

const MIB = 1024 * 1024;

// Requests to the edge's own endpoints, whose bodies are of 32 KiB at the most.
export const endpoints = new Room({ requests: 512, bytes: 16 * MIB });

// MCP requests whose bodies are judged before they are forwarded, from clients with a token.
export const judged = new Room({ requests: 512, bytes: 32 * MIB });
