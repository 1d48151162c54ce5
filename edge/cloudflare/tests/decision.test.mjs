// Decisions are carried out, and nothing is decided here.
import assert from "node:assert/strict";
import { test } from "node:test";
import { told, uncaught } from "./platform.mjs";
import { calls, counted, fresh, origin, plan, send, wasm } from "./worker.mjs";

const answer = (status, more = {}) => JSON.stringify({ answer: { status, headers: [["x-a", "1"], ["x-a", "2"]], body: "b", ...more } });
const needs = (what, party) => JSON.stringify({ needs: { what, party } });
const given = (name) => calls.find(([called]) => called === name)?.slice(1);

test("the gate is told the head of a request, once", async () => {
  const env = fresh({ gate: () => answer(401) });
  const headers = { authorization: "Bearer t", origin: "https://page.example", traceparent: "00-came" };
  const refused = await send(env, "/mcp?a=b", { method: "POST", body: "12345", headers: { ...headers, "content-length": "5" } });
  assert.deepEqual([refused.status, refused.headers.get("x-a"), await refused.text()], [401, "1, 2", "b"]);
  const url = "https://edge.example/mcp?a=b";
  assert.deepEqual(given("gate"), ["POST", url, "Bearer t", "https://page.example", "00-came", 5, false]);
  await send(env, "/mcp", { headers: { upgrade: "h2c" } });
  assert.deepEqual(calls.at(-1), ["gate", "GET", "https://edge.example/mcp", undefined, undefined, undefined, 0, true]);
  await send(env, "/mcp", { method: "POST", body: "length not announced" });
  assert.ok(Number.isNaN(calls.at(-1)[6]));
});

test("an answer without a body has none", async () => {
  const env = fresh({ gate: () => JSON.stringify({ answer: { status: 204, headers: [], body: "" } }) });
  assert.equal((await send(env, "/mcp", { method: "OPTIONS" })).body, null);
});

test("what an endpoint is asked crosses as JSON, its body as bytes", async () => {
  const env = fresh({ respond: async () => answer(200) });
  const headers = { origin: "https://page.example", "x-other": "stays", "cf-connecting-ip": "192.0.2.1" };
  const handled = await send(env, "/token", { method: "POST", body: "a=b", headers: { ...headers, "content-length": "3" } });
  assert.equal(handled.status, 200);
  const [, request, body, fault] = given("respond");
  assert.deepEqual(JSON.parse(request), {
    method: "POST",
    url: "https://edge.example/token",
    headers: { origin: "https://page.example" },
    address: "192.0.2.1",
  });
  assert.deepEqual([new TextDecoder().decode(body), fault], ["a=b", undefined]);
  await send(env, "/token", { method: "POST", body: "x".repeat(51), headers: { "content-length": "51" } });
  assert.deepEqual(calls.at(-1).slice(3), [undefined, "too_long"]);
});

test("a policy gets the header fields that it judges by, as they are passed on, and then the body", async () => {
  const env = fresh({ gate: () => needs("headers"), gate_with: (...all) => (all[8] ? plan() : needs("body", "party")) });
  const asked = origin(() => new Response("done"));
  const headers = { "mcp-method": "tools/call", "mcp-name": "listed", connection: "mcp-name", authorization: "Bearer t" };
  const answered = await send(env, "/mcp", { method: "POST", body: "{}", headers: { ...headers, "content-length": "2" } });
  assert.equal(await answered.text(), "done");
  const [first, second] = calls.filter(([name]) => name === "gate_with").map((call) => call.slice(8));
  assert.deepEqual(first, [["tools/call", undefined], undefined, undefined]);
  assert.deepEqual([second[0], new TextDecoder().decode(second[1])], [["tools/call", undefined], "{}"]);
  assert.equal(new TextDecoder().decode(asked[0].body), "{}");
});

test("a body that is too long is not read, and the gate is told so", async () => {
  const env = fresh({ gate: () => needs("body", "party"), gate_with: () => answer(413) });
  const long = { method: "POST", body: "x".repeat(101), headers: { "content-length": "101" } };
  assert.equal((await send(env, "/mcp", long)).status, 413);
  assert.deepEqual(given("gate_with").slice(8), [undefined, "too_long"]);
});

test("a decision that changes while the body is read is no decision", async () => {
  for (const then of [() => undefined, () => needs("body", "party"), () => needs("machineAdmission")]) {
    const env = fresh({ gate: () => needs("body", "party"), gate_with: then });
    const refused = await send(env, "/mcp", { method: "POST", body: "{}", headers: { "content-length": "2" } });
    assert.equal(refused.headers.get("x-failure"), "superseded");
  }
});

test("a machine's token is verified, and then the decision is carried out", async () => {
  const env = fresh({ gate: () => needs("machineAdmission"), admit_machine: async () => plan() });
  origin(() => new Response("done"));
  const answered = await send(env, "/mcp", { method: "POST", body: "x", headers: { authorization: "Bearer m", "content-length": "1" } });
  assert.equal(await answered.text(), "done");
  assert.deepEqual(given("admit_machine").slice(1, 4), ["POST", "https://edge.example/mcp", "Bearer m"]);
});

test("a call is counted where the plan says so, and the gate answers what is too much", async () => {
  const env = fresh({ gate: () => plan({ counted: "grant", until: 4e9 }), gate_with: () => answer(429) });
  const asked = origin(() => new Response());
  const keys = [];
  let success = true;
  env.CALLS_LIMIT = { limit: async ({ key }) => (keys.push(key), { success }) };
  const headers = { authorization: "Bearer t" };
  assert.equal((await send(env, "/mcp", { headers })).status, 200);
  success = false;
  assert.equal((await send(env, "/mcp", { headers })).status, 429, "repeats are counted, too");
  assert.deepEqual(given("gate_with").slice(8), [undefined, "too_many"]);
  env.CALLS_LIMIT = { limit: async () => { throw new Error("down"); } };
  assert.equal((await send(env, "/mcp", { headers })).status, 200, "without an answer of the counter's");
  assert.deepEqual([asked.length, keys], [2, ["grant", "grant"]]);
});

test("a panic in the gate is answered by another instance", async () => {
  const env = fresh({ gate: () => { throw new WebAssembly.RuntimeError("unreachable"); } });
  assert.equal((await send(env, "/mcp")).headers.get("x-failure"), "gate failed");
  assert.equal(counted().configure, 2);
  wasm.fail = wasm.gate;
  const write = console.error;
  const written = [];
  console.error = (line) => written.push(line);
  const last = await send(env, "/mcp");
  console.error = write;
  assert.deepEqual([last.status, await last.text()], [500, '{"error":"server_error"}'], "nothing is left that could answer");
  assert.equal(last.headers.get("cache-control"), "no-store");
  assert.deepEqual(JSON.parse(written[0]), { v: 1, level: "alert", event: "gate failed", status: 500 });
});

test("a panic in the handler is answered, at once and later", async () => {
  const fails = () => { throw new WebAssembly.RuntimeError("unreachable"); };
  let env = fresh({ respond: fails });
  assert.equal((await send(env, "/token")).headers.get("x-failure"), "handler failed");
  env = fresh({
    configure: (_, work) => ((wasm.work = work), JSON.stringify(told())),
    respond: (request) => new Promise(() => { wasm.work.request = request; queueMicrotask(() => uncaught(new WebAssembly.RuntimeError("unreachable"))); }),
  });
  assert.equal((await send(env, "/token")).headers.get("x-failure"), "handler failed");
});

test("a failure changes no settings: the request that fails may have others than those that hold now", async () => {
  let finish;
  const respond = () => new Promise((resolve) => (finish = resolve));
  const env = fresh({ respond });
  const failing = send(env, "/token");
  wasm.gate = () => answer(401);
  await send({ SETTING: "newer" }, "/mcp");
  counted();
  finish(undefined);
  assert.equal((await failing).headers.get("x-failure"), "handler failed");
  assert.equal(counted().configure, undefined);
});
