// Load shedding: how many requests, and how many bytes of their bodies, may be under way in one isolate. An isolate has
// 128 MB, and strangers choose how many requests they begin and how slowly they send them.
//
// When a client goes away, the platform may stop the code of its request where it waits, and not even a `finally` runs. So
// an entry also ends by its age.

// How long a client may take to send a body. The oldest are stopped earlier when others need the room.
const READ_MS = 30_000;
// Longer than any request: reading a body, and waiting for the MCP server to begin its answer.
const LOST_MS = 150_000;
// What a body counts for that does not announce its length, until more of it has come.
const UNANNOUNCED_BYTES = 4096;
// One party may take this share of a limit.
const SHARE = 1 / 8;

class ConcurrencyLimit {
  // Requests whose bodies are being read, and those that have been read. The oldest come first.
  #reading = new Set();
  #read = new Set();
  #bytes = 0;
  // Of each party: requests and bytes.
  #parties = new Map();

  constructor({ requests, bytes }) {
    this.most = { requests, bytes };
  }

  // Lets a request in, with the length that it announces; `undefined` if there is no room for it. Of requests that name a
  // party, no party may take more than its share.
  enter(length, party) {
    this.#expire();
    if (!this.#hasShareLeft(party, length) || !this.#makeRoom(length)) return;
    const entry = { since: Date.now(), bytes: 0, set: this.#read, party };
    this.#read.add(entry);
    this.#count(entry, 1, 0);
    this.#grow(entry, length);
    return entry;
  }

  // Its request has ended.
  leave(entry) {
    if (!entry.set) return;
    this.#grow(entry, -entry.bytes);
    this.#count(entry, -1, 0);
    entry.set.delete(entry);
    entry.set = undefined;
  }

  // The body of a request, as `{ body }`, or `{ fault }`: `too_long`, `too_slow` or `broken_off`. Neither, when it takes more than
  // its party's share.
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

  // Into a buffer of its own: by itself the platform gives a chunk of one byte in a buffer of four kilobytes, and clients choose
  // their chunks.
  async #unannounced(entry, stream, longest) {
    const reader = stream.getReader({ mode: "byob" });
    let body = new Uint8Array(UNANNOUNCED_BYTES);
    let length = 0;
    for (;;) {
      const { done, value } = await reader.read(body.subarray(length));
      // It was stopped, or its client has gone away: nobody waits for the rest.
      if (!entry.set) return { fault: "broken_off" };
      body = new Uint8Array(value.buffer);
      if (done) return { body: body.subarray(0, length) };
      length += value.byteLength;
      if (length > longest) return { fault: "too_long" };
      if (length < body.length) continue;
      const longer = new Uint8Array(Math.min(2 * length, longest + 1));
      longer.set(body);
      body = longer;
      this.#grow(entry, Math.max(body.length - entry.bytes, 0));
      if (this.#parties.get(entry.party)?.bytes > this.most.bytes * SHARE) return {};
      while (this.#bytes > this.most.bytes && this.#reading.size > 0) this.#stopOldest();
    }
  }

  #hasShareLeft(party, length) {
    const { requests, bytes } = this.#parties.get(party) ?? { requests: 0, bytes: 0 };
    return party === undefined || (requests < this.most.requests * SHARE && bytes + length <= this.most.bytes * SHARE);
  }

  #isFull(length) {
    return this.#reading.size + this.#read.size >= this.most.requests || this.#bytes + length > this.most.bytes;
  }

  // Stops the oldest readers if that helps; whether there is room.
  #makeRoom(length) {
    if (!this.#isFull(length)) return true;
    let held = length;
    for (const entry of this.#read) held += entry.bytes;
    if (this.#read.size >= this.most.requests || held > this.most.bytes) return false;
    while (this.#isFull(length)) this.#stopOldest();
    return true;
  }

  #stopOldest() {
    const [oldest] = this.#reading;
    if (oldest === undefined) return;
    this.leave(oldest);
    oldest.stop();
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
    this.#count(entry, 0, by);
  }

  #count({ party }, requests, bytes) {
    if (party === undefined) return;
    const count = this.#parties.get(party) ?? { requests: 0, bytes: 0 };
    count.requests += requests;
    count.bytes += bytes;
    if (count.requests > 0) this.#parties.set(party, count);
    else this.#parties.delete(party);
  }
}

async function announced(request) {
  return { body: new Uint8Array(await request.arrayBuffer()) };
}

// The length that a request counts for.
export const lengthOf = ({ request, length }) => (request.body ? length || UNANNOUNCED_BYTES : 0);

// Requests to the edge's own endpoints. Their bodies are of 32 KiB at the most, so the number bounds the bytes.
export const endpoints = new ConcurrencyLimit({ requests: 512, bytes: Infinity });

// MCP requests whose bodies are judged before they are forwarded. The party is who has the token.
export const judged = new ConcurrencyLimit({ requests: 512, bytes: 32 * 1024 * 1024 });
