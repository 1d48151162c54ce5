// Requests that come again and again are answered as before without a question to the gate, for as long as it has said that it
// would say the same. To ask it costs more than all the rest that is done for them here.

// So many are kept, and so many bytes of them. When there are more, these stay until they have grown old: to keep others in
// their place, of which none would be found again either, costs more than it saves. What is long is not kept at all.
class Kept {
  #entries = new Map();
  #bytes = 0;
  #since = 0;

  constructor(most) {
    this.most = most;
  }

  get(key) {
    return this.#entries.get(key);
  }

  set(key, value) {
    if (value.bytes > LONG_BYTES) return;
    const before = this.#entries.get(key)?.bytes;
    const isFull = before === undefined && this.#entries.size >= this.most.entries;
    let added = value.bytes - (before ?? 0);
    if (isFull || this.#bytes + added > this.most.bytes) {
      const now = Date.now();
      if (isBetween(this.#since, now, this.#since + OLD_MS)) return;
      this.#entries.clear();
      this.#bytes = 0;
      this.#since = now;
      added = value.bytes;
    }
    this.#bytes += added;
    this.#entries.set(key, value);
  }
}

const OLD_MS = 30_000;
// A token and the identity that comes of it are of up to 8 KiB each.
const LONG_BYTES = 24 * 1024;

// Clocks are set back, too.
const isBetween = (since, now, until) => since <= now && now < until;

// What is remembered of the gate's decisions, all of them made with the same settings.
export class Repeats {
  // For each `Authorization` what was forwarded last, for half a minute at the most.
  #forwards = new Kept({ entries: 1024, bytes: 8 * 1024 * 1024 });
  // For each URL how strangers were refused last, who choose their URLs: so these are few.
  #refusals = new Kept({ entries: 64, bytes: 512 * 1024 });

  // What to do with a request that is like one before it in all that the gate looks at: a target to forward it to, or a
  // refusal. `undefined` if there is none.
  find({ edge, method, url, authorization, origin, traceparent, length, hasUpgrade }) {
    if (origin !== undefined || traceparent !== undefined || hasUpgrade || length > edge.maxBodyBytes) return;
    const last = authorization === undefined ? this.#refusals.get(url) : this.#forwards.get(authorization);
    if (last === undefined || last.url !== url || last.method !== method) return;
    if (last.refusal) return last;
    if (isBetween(last.since, Date.now(), last.until)) return last;
  }

  // Until when, in seconds of Unix time, the gate would forward it in the same way; zero if that can't be said.
  rememberForward({ method, url, authorization }, target, until) {
    if (until === 0) return;
    const bytes = authorization.length + url.length + target.url.length + target.identity.length + target.counted.length;
    this.#forwards.set(authorization, { method, url, target, since: Date.now(), until: until * 1000, bytes });
  }

  // The gate would say the same for good.
  rememberRefusal({ method, url }, refusal) {
    this.#refusals.set(url, { method, url, refusal, bytes: url.length + REFUSAL_BYTES });
  }
}

// Of its answer and its record.
const REFUSAL_BYTES = 2048;

// Some are drawn at once: the platform has random numbers for that many.
let traceparents = [];

export function newTraceparent(edge) {
  if (traceparents.length === 0) traceparents = edge.traceparents().split("\n");
  return traceparents.pop();
}
