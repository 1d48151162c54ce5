// Requests that come again and again are answered as before without a question to the gate, for as long as it has said that it
// would say the same. To ask it costs more than all the rest that is done for them here.

// So many are kept, and so many bytes of them. When there are more, these stay until they have grown old: to keep others in
// their place, of which none would be found again either, costs more than it saves. What is long is not kept at all.
class BoundedMap {
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
  #forwards = new BoundedMap({ entries: 1024, bytes: 8 * 1024 * 1024 });
  // For each URL how strangers were refused last, who choose their URLs: so these are few.
  #refusals = new BoundedMap({ entries: 64, bytes: 512 * 1024 });
  #maxBodyBytes;

  constructor(maxBodyBytes) {
    this.#maxBodyBytes = maxBodyBytes;
  }

  // The decision about a request that was like this one in all that the gate looks at, if it still holds.
  find(call) {
    const { url, authorization, length } = call;
    if (length > this.#maxBodyBytes) return;
    const last = authorization === undefined ? this.#refusals.get(url) : this.#forwards.get(authorization);
    if (last === undefined || !isAlike(last, call)) return;
    if (last.refusal || isBetween(last.since, Date.now(), last.until)) return last;
  }

  // A plan, until it says, in seconds of Unix time; not one that does not.
  rememberForward(call, plan) {
    const { url, identity, credentials, counted = "", until } = plan;
    if (until === undefined) return;
    const texts = [call.authorization, call.url, url, identity, counted, ...(credentials?.flat() ?? [])];
    const bytes = texts.reduce((sum, text) => sum + text.length, 0);
    this.#forwards.set(call.authorization, { ...head(call), plan, since: Date.now(), until: until * 1000, bytes });
  }

  // A refusal, for good.
  rememberRefusal(call, { status, headers, body, repeats }) {
    const refusal = { status, headers: new Headers(headers), body, record: JSON.parse(repeats) };
    this.#refusals.set(call.url, { ...head(call), refusal, bytes: call.url.length + REFUSAL_BYTES });
  }
}

// All that the gate looks at, but for the length of the body.
const head = ({ method, url, authorization, origin, traceparent, hasUpgrade }) => {
  return { method, url, authorization, origin, traceparent, hasUpgrade };
};

const isAlike = (last, call) =>
  last.url === call.url &&
  last.method === call.method &&
  last.authorization === call.authorization &&
  last.origin === call.origin &&
  last.traceparent === call.traceparent &&
  last.hasUpgrade === call.hasUpgrade;

// Of its answer and its record.
const REFUSAL_BYTES = 2048;

// Some are drawn at once: the platform has random numbers for that many.
let traces = [];

// A trace for a request that repeats another: its id, and the header field's value.
export function newTrace(edge) {
  if (traces.length === 0) traces = JSON.parse(edge.traces());
  return traces.pop();
}
