// The object that lets one request at a time ask about a refresh token. The contract of the port runs in workerd (edge/contract); here
// are the object's own rules, with a clock that stands still.
import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";
import "./platform.mjs";

const { Refreshes } = await import("../refreshes.mjs");

const SECONDS = 60;

// Storage as the platform's objects have it.
function storage() {
  const kept = new Map();
  let alarm = null;
  return {
    kept,
    kv: { get: (name) => kept.get(name), put: (name, value) => kept.set(name, value), delete: (name) => kept.delete(name), list: () => kept.entries() },
    getAlarm: async () => alarm,
    setAlarm: async (time) => (alarm = time),
    deleteAll: async () => (kept.clear(), (alarm = null)),
  };
}

let object, stored;
beforeEach(() => {
  mock.timers.enable({ apis: ["Date", "setTimeout"], now: 1_000_000 });
  stored = storage();
  object = new Refreshes({ storage: stored });
});
afterEach(() => mock.timers.reset());

// A claim that has to wait: time passes until it is answered.
async function claim(token, holder) {
  const claimed = object.claim(token, holder);
  await Promise.resolve();
  mock.timers.tick(700);
  return claimed;
}

const publish = (token, holder, next) => object.publish(token, holder, next, `answer to ${token}`, SECONDS);

test("one holder has the lease until it answers, and the others get the answer", async () => {
  assert.equal(await object.claim("first", "a"), true);
  assert.equal(await claim("first", "b"), false);
  const waiting = object.claim("first", "c");
  await publish("first", "a", "second");
  assert.equal(await waiting, "answer to first");
});

test("a holder that claims again keeps its lease", async () => {
  await object.claim("first", "a");
  mock.timers.tick(2_900);
  assert.equal(await object.claim("first", "a"), true);
  mock.timers.tick(2_000);
  assert.equal(await claim("first", "b"), false);
});

test("a lease that is not renewed ends after three seconds, one that is renewed does not", async () => {
  await object.claim("first", "a");
  await object.claim("other", "a");
  mock.timers.tick(2_000);
  object.renew("other", "a");
  object.renew("other", "stranger");
  mock.timers.tick(1_000);
  assert.equal(await object.claim("first", "b"), true);
  assert.equal(await claim("other", "b"), false);
});

test("an older token leads to the newest answer, and waits while that is asked about", async () => {
  for (const [token, next] of [["first", "second"], ["second", "third"]]) {
    await object.claim(token, "a");
    await publish(token, "a", next);
  }
  assert.equal(await object.claim("first", "b"), "answer to second");
  assert.equal(await object.claim("third", "c"), true);
  assert.equal(await claim("first", "b"), false);
});

test("an answer without a new token leaves the older one good", async () => {
  await object.claim("first", "a");
  await publish("first", "a", "second");
  await object.claim("second", "a");
  await publish("second", "a", undefined);
  assert.equal(await object.claim("first", "b"), "answer to first");
});

test("tokens that lead to one another end", async () => {
  for (const [token, next] of [["first", "second"], ["second", "first"]]) {
    await object.claim(token, token);
    await publish(token, token, next);
  }
  assert.match(await object.claim("first", "b"), /^answer to /);
});

test("an answer is gone after its time, and the storage is empty then", async () => {
  await object.claim("first", "a");
  await publish("first", "a", "second");
  assert.equal(await stored.getAlarm(), Date.now() + SECONDS * 1000);
  mock.timers.tick(SECONDS * 1000);
  assert.equal(await object.claim("first", "b"), true);
  await object.alarm();
  assert.equal(stored.kept.size, 0);
});

test("the alarm leaves answers whose time has not come", async () => {
  await object.claim("first", "a");
  await publish("first", "a", "second");
  mock.timers.tick(1_000);
  await object.claim("other", "a");
  await publish("other", "a", "next");
  mock.timers.tick(SECONDS * 1000 - 1_000);
  await object.alarm();
  assert.deepEqual([...stored.kept.keys()], ["other"]);
  assert.equal(await stored.getAlarm(), Date.now() + 1_000);
});

test("an answer of a holder that has lost its lease does not count", async () => {
  await object.claim("first", "slow");
  mock.timers.tick(3_000);
  await object.claim("first", "b");
  await publish("first", "slow", "forked");
  assert.equal(stored.kept.size, 0);
  await publish("first", "b", "second");
  await publish("first", "slow", "forked");
  assert.equal(stored.kept.get("first").next, "second");
});

test("a refused token makes the answer that gave it out useless", async () => {
  await object.claim("first", "a");
  await publish("first", "a", "second");
  await object.claim("second", "a");
  object.withdraw("second", "a", true);
  assert.equal(await object.claim("first", "b"), true);
});

test("a refusal does not count beside another holder's answer", async () => {
  await object.claim("first", "a");
  await publish("first", "a", "second");
  await object.claim("second", "slow");
  mock.timers.tick(3_000);
  await object.claim("second", "b");
  object.withdraw("second", "slow", true);
  assert.ok(stored.kept.has("first"));
  await publish("second", "b", "third");
  object.withdraw("second", "slow", true);
  assert.ok(stored.kept.has("first"));
});

test("a failure leaves the token to the next holder", async () => {
  await object.claim("first", "a");
  const waiting = object.claim("first", "b");
  object.withdraw("first", "a", false);
  assert.equal(await waiting, true);
});

test("a grant that is over loses its answers, and the one that comes late", async () => {
  await object.claim("first", "a");
  await publish("first", "a", "second");
  await object.claim("second", "a");
  await object.forget();
  assert.equal(stored.kept.size, 0);
  await publish("second", "a", "third");
  assert.equal(stored.kept.size, 0);
  await publish("other", "nobody", "next");
  assert.equal(stored.kept.size, 0);
});
