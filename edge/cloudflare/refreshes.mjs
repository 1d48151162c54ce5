// What instances of the edge share: one object a grant, which lets one request at a time ask about a token and keeps the answer
// for the others. It knows nothing of OAuth: names are digests, answers are sealed, and both are gone after their lifetime.
//
// Leases are in memory. The object lives as long as its lease is renewed, except when a new version is deployed, which ends every
// object: then two requests that refresh the same token in that second may both ask.
import { DurableObject } from "cloudflare:workers";

// As in edge/core/src/platform/coordination.rs.
const LEASE_MS = 3_000;
const CLAIM_MS = 700;
// Longer chains do not come about within the lifetime of an answer.
const MAX_GENERATIONS = 64;

export class Refreshes extends DurableObject {
  // By the token's name.
  #leases = new Map();
  // Whether the grant was ended while this object was in memory.
  #isForgotten = false;

  // The answer; `true` when the holder has the lease and is to ask; `false` when another has it, and has not answered yet.
  async claim(token, holder) {
    const deadline = Date.now() + CLAIM_MS;
    for (;;) {
      const answer = this.#newest(token);
      const now = Date.now();
      // Who asks about the token, or is just replacing the one that came of it.
      const lease = this.#leases.get(answer === undefined ? token : answer.next);
      if (lease === undefined || lease.holder === holder || lease.until <= now) {
        if (answer !== undefined) return answer.sealed;
        if (lease?.holder === holder) lease.until = now + LEASE_MS;
        else this.#leases.set(token, newLease(holder, now));
        return true;
      }
      if (deadline <= now) return false;
      await endOf(lease, Math.min(deadline, lease.until) - now);
    }
  }

  renew(token, holder) {
    const lease = this.#leases.get(token);
    if (lease?.holder === holder) lease.until = Date.now() + LEASE_MS;
  }

  async publish(token, holder, next, sealed, seconds) {
    const lease = this.#leases.get(token);
    if (lease !== undefined && lease.holder !== holder) return;
    this.#end(token, holder);
    // Without a lease it comes late, or the lease was lost when the object was restarted: another may have answered, and the
    // grant may have been ended, since it was claimed.
    if (lease === undefined ? this.#isForgotten || this.#current(token) !== undefined : lease.isForgotten) return;
    const { storage } = this.ctx;
    const until = Date.now() + seconds * 1000;
    storage.kv.put(token, { next, sealed, until });
    if ((await storage.getAlarm()) === null) await storage.setAlarm(until);
  }

  withdraw(token, holder, isRefused) {
    const lease = this.#leases.get(token);
    this.#end(token, holder);
    if (!isRefused) return;
    // Another request was faster, or is asking: what it is told about the token counts.
    if (lease === undefined ? this.#current(token) !== undefined : lease.holder !== holder) return;
    // Cognito has refused the token. An answer that gives it out is of no use.
    for (const [name, { next }] of this.#answers()) {
      if (next === token) this.ctx.storage.kv.delete(name);
    }
  }

  async forget() {
    this.#isForgotten = true;
    for (const lease of this.#leases.values()) lease.isForgotten = true;
    // With the alarm.
    await this.ctx.storage.deleteAll();
  }

  // Deletes what has passed: the storage of an object without answers is empty.
  async alarm() {
    const { storage } = this.ctx;
    const now = Date.now();
    const [past, rest] = [[], []];
    for (const answer of this.#answers()) (answer[1].until <= now ? past : rest).push(answer);
    if (rest.length === 0) return storage.deleteAll();
    for (const [name] of past) storage.kv.delete(name);
    await storage.setAlarm(Math.min(...rest.map(([, { until }]) => until)));
  }

  #answers() {
    return [...this.ctx.storage.kv.list()];
  }

  #current(token) {
    const answer = this.ctx.storage.kv.get(token);
    return answer !== undefined && Date.now() < answer.until ? answer : undefined;
  }

  // What was answered about a token. If the token that came of it has been replaced since, the answer with the newest one.
  #newest(token) {
    let newest = this.#current(token);
    for (let i = 0; i < MAX_GENERATIONS && newest?.next; i++) {
      const later = this.#current(newest.next);
      // An answer without a new token leaves this one good.
      if (!later?.next) break;
      newest = later;
    }
    return newest;
  }

  #end(token, holder) {
    const lease = this.#leases.get(token);
    if (lease?.holder !== holder) return;
    this.#leases.delete(token);
    lease.end();
  }
}

function newLease(holder, now) {
  let end;
  const ended = new Promise((resolve) => (end = resolve));
  return { holder, until: now + LEASE_MS, ended, end };
}

// Waits until a lease ends, and no longer than so many milliseconds.
async function endOf({ ended }, milliseconds) {
  let timer;
  const late = new Promise((resolve) => (timer = setTimeout(resolve, milliseconds)));
  await Promise.race([ended, late]);
  clearTimeout(timer);
}
