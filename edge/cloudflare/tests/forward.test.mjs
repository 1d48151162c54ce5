// A plan is carried out as edge/core/src/forward.rs says.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import "./platform.mjs";
import { calls, counted, fresh, origin, plan, send } from "./worker.mjs";

// Only now: it makes an instance of the wasm.
const { completedHeaders, strippedHeaders } = await import("../forward.mjs");

const read = async (name) => JSON.parse(await readFile(new URL(`../../core/tests/vectors/${name}`, import.meta.url)));

test("the header of a forwarded request is what core makes of it", async () => {
  const { rules, cases } = await read("forward.json");
  assert.ok(cases.length > 10);
  for (const { name, sent, plan, forwarded } of cases) {
    const headers = strippedHeaders({ ...rules, remove: new Set(rules.remove) }, new Headers(sent));
    completedHeaders(rules, plan, plan.traceparent, headers);
    assert.deepEqual([...headers], forwarded, name);
  }
});

test("method, URL, header and body are passed on, no redirect is followed, and the answer comes as it is", async () => {
  const env = fresh({ gate: () => plan({ traceparent: "00-new-01" }) });
  const asked = origin(() => new Response("moved", { status: 307, headers: { location: "/x", "x-a": "b" } }));
  const answer = await send(env, "/mcp", { method: "POST", body: "{}", headers: { authorization: "Bearer t", "content-length": "2" } });
  assert.deepEqual([answer.status, answer.headers.get("location"), answer.headers.get("x-a")], [307, "/x", "b"]);
  assert.equal(await answer.text(), "moved");
  const [{ url, method, headers, redirect, cache, body }] = asked;
  assert.deepEqual([url, method, redirect, cache], ["http://origin/mcp", "POST", "manual", "no-store"]);
  assert.deepEqual([headers.get("authorization"), headers.get("x-edgeward-identity")], [null, "assertion"]);
  assert.deepEqual([headers.get("traceparent"), headers.get("user-agent")], ["00-new-01", "Edgeward/test"]);
  assert.equal(await new Response(body).text(), "{}");
});

test("a request that announces no body gets none", async () => {
  const env = fresh({ gate: () => plan() });
  const asked = origin(() => new Response());
  await send(env, "/mcp", { method: "POST", body: "smuggled", headers: { "content-length": "0" } });
  await send(env, "/mcp", { method: "DELETE" });
  await send(env, "/mcp");
  assert.deepEqual(asked.map(({ body }) => body ?? undefined), [undefined, undefined, undefined]);
});

test("a page's answer is changed as the plan says", async () => {
  const changes = [["set", "x-a", "ours"], ["append", "vary", "Origin"]];
  const env = fresh({ gate: () => plan({ changes }) });
  origin(() => new Response("", { headers: { "x-a": "theirs", vary: "Accept" } }));
  const { headers } = await send(env, "/mcp");
  assert.deepEqual([headers.get("x-a"), headers.get("vary")], ["ours", "Accept, Origin"]);
});

test("wasm concludes from the statuses that it has named, and from no other", async () => {
  for (const status of [200, 204, 302, 400, 403, 404, 500, 502, 503, 527, 529, 599]) {
    const env = fresh({ gate: () => plan() });
    origin(() => new Response(null, { status }));
    assert.equal((await send(env, "/mcp")).status, status);
    assert.equal(counted().conclude, undefined, `${status}`);
  }
  for (const [status, server] of [[401, undefined], [520, "cloudflare"], [530, undefined]]) {
    const answer = { answer: { status: 502, headers: [["x-ours", "yes"]], body: "bad" } };
    const changes = [["set", "x-page", "may read"]];
    const env = fresh({ gate: () => plan({ changes }), conclude: () => JSON.stringify(answer) });
    origin(() => new Response("theirs", { status, headers: server ? { server } : {} }));
    const replaced = await send(env, "/mcp", { headers: { traceparent: "00-came" } });
    assert.deepEqual([replaced.status, replaced.headers.get("x-ours"), await replaced.text()], [502, "yes", "bad"]);
    assert.equal(replaced.headers.get("x-page"), "may read");
    assert.deepEqual(calls.find(([name]) => name === "conclude"), ["conclude", "answered", status, server, "00-came"]);
  }
  const env = fresh({ gate: () => plan(), conclude: () => undefined });
  origin(() => new Response("theirs", { status: 520 }));
  assert.equal(await (await send(env, "/mcp")).text(), "theirs", "the server's own after all");
});

test("a server that cannot be reached, and one that is late, are told apart", async () => {
  const concluded = async (answer) => {
    const conclude = () => JSON.stringify({ answer: { status: 599, headers: [], body: "" } });
    const env = fresh({ gate: () => plan({ traceparent: "00-new" }), conclude });
    origin(answer);
    assert.equal((await send(env, "/mcp")).status, 599);
    return calls.find(([name]) => name === "conclude");
  };
  assert.deepEqual(await concluded(() => { throw new Error("refused"); }), ["conclude", "unreachable", 0, undefined, "00-new"]);
  assert.deepEqual(await concluded(() => new Promise(() => {})), ["conclude", "late", 0, undefined, "00-new"]);
});

test("a failure while it concludes is answered, and no answer at all does not pass", async () => {
  const fails = () => { throw new WebAssembly.RuntimeError("unreachable"); };
  const cases = [
    [fails, () => new Response("", { status: 401 })],
    [fails, () => new Promise(() => {})],
    [() => undefined, () => new Promise(() => {})],
  ];
  for (const [conclude, answer] of cases) {
    const env = fresh({ gate: () => plan(), conclude });
    origin(answer);
    assert.equal((await send(env, "/mcp")).headers.get("x-failure"), "gate failed");
  }
});
