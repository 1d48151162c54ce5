// Requests that repeat others are answered without wasm, for as long as the decision holds.
import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { told } from "./platform.mjs";
import { counted, fresh, origin, plan, send } from "./worker.mjs";

const headers = { authorization: "Bearer t" };
const clock = (now) => mock.timers.enable({ apis: ["Date"], now });

test("a call like one before it crosses into wasm no more, until its plan ends", async () => {
  clock(1_000_000);
  const env = fresh({ gate: () => plan({ traceparent: "00-first", until: 1_030 }) });
  const asked = origin(() => new Response());
  await send(env, "/mcp", { headers });
  assert.equal(counted().gate, 1);
  mock.timers.tick(29_999);
  await send(env, "/mcp", { headers });
  // Traces are drawn some at a time.
  assert.deepEqual(counted(), { traces: 1 });
  assert.deepEqual(asked.map(({ headers }) => headers.get("traceparent")), ["00-first", "00-id-span-01"]);
  mock.timers.tick(1);
  await send(env, "/mcp", { headers });
  assert.equal(counted().gate, 1);
  // The clock was set back.
  mock.timers.setTime(999_999);
  await send(env, "/mcp", { headers });
  assert.equal(counted().gate, 1);
  mock.timers.reset();
});

test("a request that differs in anything that the gate looks at repeats none", async () => {
  const env = fresh({ gate: () => plan({ until: 4e9 }) });
  origin(() => new Response());
  const asks = [
    ["/mcp", { headers }],
    ["/mcp?a", { headers }],
    ["/mcp", { headers, method: "DELETE" }],
    ["/mcp", { headers: { authorization: "Bearer other" } }],
    ["/mcp", { headers: { ...headers, origin: "https://page.example" } }],
    ["/mcp", { headers: { ...headers, traceparent: "00-x" } }],
    ["/mcp", { headers: { ...headers, upgrade: "h2c" } }],
    ["/mcp", { headers: { ...headers, "content-length": "1001" }, method: "POST", body: "x".repeat(1001) }],
  ];
  for (const [url, init] of asks) {
    await send(env, "/mcp", { headers });
    counted();
    const isFirst = asks[0][1] === init && url === "/mcp";
    await send(env, url, init);
    assert.equal(counted().gate, isFirst ? undefined : 1, JSON.stringify([url, init.headers]));
  }
});

test("a plan that says no end, and what is long, are not remembered", async () => {
  for (const one of [plan(), plan({ until: 4e9, identity: "x".repeat(25_000) })]) {
    const env = fresh({ gate: () => one });
    origin(() => new Response());
    await send(env, "/mcp", { headers });
    await send(env, "/mcp", { headers });
    assert.equal(counted().gate, 2);
  }
});

test("a refusal is repeated for good with a record of its own, and only if it says so", async () => {
  const record = { v: 1, level: "info", event: "gate refused" };
  const refusal = { answer: { status: 401, headers: [["x-a", "b"]], body: "no", repeats: JSON.stringify(record) } };
  const env = fresh({ gate: () => JSON.stringify(refusal) });
  await send(env, "/mcp");
  const written = [];
  const { log } = console;
  console.log = (line) => written.push(line);
  const again = await send(env, "/mcp");
  console.log = log;
  assert.deepEqual([again.status, again.headers.get("x-a"), await again.text()], [401, "b", "no"]);
  assert.deepEqual(JSON.parse(written[0]), { ...record, trace: "id" });
  assert.equal(counted().gate, 1);
  delete refusal.answer.repeats;
  await send(env, "/other");
  await send(env, "/other");
  assert.equal(counted().gate, 2);
});

test("what was decided is forgotten when the settings change, and only then", async () => {
  const env = fresh({ gate: () => plan({ until: 4e9 }) });
  origin(() => new Response());
  await send(env, "/mcp", { headers });
  counted();
  // Another object with the same settings.
  await send({ ...env }, "/mcp", { headers });
  const { gate, configure, rebind } = counted();
  assert.deepEqual([gate, configure, rebind], [undefined, undefined, 1]);
  await send({ SETTING: "changed" }, "/mcp", { headers });
  assert.equal(counted().gate, 1);
});

test("settings that are wrong are read again for each request", async () => {
  const respond = async () => JSON.stringify({ answer: { status: 500, headers: [], body: "" } });
  const env = fresh({ configure: () => JSON.stringify(told({ isUsable: false })), respond });
  await send(env, "/mcp");
  await send(env, "/mcp");
  assert.equal(counted().configure, 2);
});

test("the memory is bounded, and what is in it stays until it is old", async () => {
  // Within half a minute of its beginning.
  clock(29_000);
  const env = fresh({ gate: () => plan({ until: 4e9 }) });
  origin(() => new Response());
  const isRemembered = async (number) => {
    counted();
    await send(env, "/mcp", { headers: { authorization: `Bearer ${number}` } });
    return counted().gate === undefined;
  };
  for (let number = 0; number <= 1_024; number++) await isRemembered(number);
  assert.deepEqual([await isRemembered(0), await isRemembered(1_024)], [true, false]);
  mock.timers.tick(1_000);
  assert.deepEqual([await isRemembered(1_024), await isRemembered(1_024), await isRemembered(0)], [false, true, false]);
  mock.timers.reset();
});
