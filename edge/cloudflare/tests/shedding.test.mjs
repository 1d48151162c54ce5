// How many requests, and how much of their bodies, may be under way.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { endpoints, judged, lengthOf } from "../shedding.mjs";

const post = (body, length) => {
  const request = new Request("https://edge.example/", { method: "POST", body, duplex: "half" });
  return { request, length };
};
// Comes chunk by chunk as the test says, in a stream of bytes as the platform's are.
function slow() {
  let controller;
  const body = new ReadableStream({ type: "bytes", start: (it) => (controller = it) });
  return { call: { request: { body }, length: NaN }, send: (text) => controller.enqueue(new TextEncoder().encode(text)), end: () => controller.close() };
}
const text = ({ body }) => new TextDecoder().decode(body);

test("a body is read whole, announced or not", async () => {
  const entry = judged.enter(3, "a");
  assert.equal(text(await judged.read(entry, post("abc", 3), 10)), "abc");
  judged.leave(entry);
  const { call, send, end } = slow();
  const other = judged.enter(lengthOf(call), "a");
  const reading = judged.read(other, call, 10_000);
  send("x".repeat(5_000));
  send("yz");
  end();
  assert.equal(text(await reading), `${"x".repeat(5_000)}yz`);
  judged.leave(other);
});

test("a body that is too long is not read, or no further", async () => {
  const entry = judged.enter(11, "a");
  assert.deepEqual(await judged.read(entry, post("x".repeat(11), 11), 10), { fault: "too_long" });
  const { call, send } = slow();
  const reading = judged.read(entry, call, 10);
  send("x".repeat(11));
  assert.deepEqual(await reading, { fault: "too_long" });
  judged.leave(entry);
});

test("a body that breaks off, and one that is too slow, are told apart", async () => {
  const entry = judged.enter(1, "a");
  const broken = new ReadableStream({ type: "bytes", pull: (it) => it.error(new Error("gone")) });
  assert.deepEqual(await judged.read(entry, { request: { body: broken }, length: NaN }, 10), { fault: "broken_off" });
  mock.timers.enable({ apis: ["setTimeout"] });
  const reading = judged.read(entry, slow().call, 10);
  mock.timers.tick(30_000);
  assert.deepEqual(await reading, { fault: "too_slow" });
  mock.timers.reset();
  judged.leave(entry);
});

test("no party takes more than an eighth of the room, and others still come in", () => {
  const share = 4 * 1024 * 1024;
  const [first, second] = [judged.enter(share - 1, "a"), judged.enter(1, "a")];
  assert.equal(judged.enter(1, "a"), undefined);
  const other = judged.enter(share, "b");
  assert.ok(other);
  judged.leave(second);
  const third = judged.enter(1, "a");
  assert.ok(third);
  for (const entry of [first, other, third]) judged.leave(entry);
  const many = Array.from({ length: 64 }, () => judged.enter(0, "a"));
  assert.ok(many.every((entry) => entry));
  assert.equal(judged.enter(0, "a"), undefined, "nor of the number");
  many.forEach((entry) => judged.leave(entry));
});

test("when there is no room, the oldest that are still read make room; the others stay", async () => {
  const entries = Array.from({ length: 511 }, () => endpoints.enter(0));
  const reader = endpoints.enter(0);
  const reading = endpoints.read(reader, slow().call, 10);
  const last = endpoints.enter(0);
  assert.ok(last);
  assert.deepEqual(await reading, { fault: "too_slow" });
  assert.equal(endpoints.enter(0), undefined, "nobody is left to be stopped");
  [...entries, last].forEach((entry) => endpoints.leave(entry));
});

test("an entry whose request the platform has ended goes by its age, and is told so", () => {
  mock.timers.enable({ apis: ["Date"], now: 1_000_000 });
  const entries = Array.from({ length: 512 }, () => endpoints.enter(0));
  let lost = 0;
  entries[0].lost = () => (lost += 1);
  assert.equal(endpoints.enter(0), undefined);
  mock.timers.tick(150_001);
  const next = endpoints.enter(0);
  assert.ok(next);
  assert.equal(lost, 1);
  endpoints.leave(next);
  mock.timers.reset();
});
