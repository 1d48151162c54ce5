// What core says crosses as it is written in edge/core/tests/vectors/crossing.json, and is understood here.
import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { test } from "node:test";
import { told } from "./platform.mjs";
import { calls, fresh, origin, send } from "./worker.mjs";

const vectors = JSON.parse(await readFile(new URL("../../core/tests/vectors/crossing.json", import.meta.url)));
const configure = () => JSON.stringify({ ...vectors.told, platformStatuses: [520], callsLimit: "CALLS_LIMIT" });
const says = (decision) => ({ configure, gate: () => JSON.stringify(decision) });

test("the tests here are told of the same members as core tells", () => {
  const { platformStatuses, callsLimit, ...ours } = told();
  assert.deepEqual(Object.keys(ours).sort(), Object.keys(vectors.told).sort());
  assert.deepEqual(Object.keys(ours.rules).sort(), Object.keys(vectors.told.rules).sort());
});

test("a plan is carried out, and its answer is changed for a page", async () => {
  for (const [{ plan }, isForPage] of [[vectors.plan, false], [vectors.planForPage, true]]) {
    const asked = origin(() => new Response("", { headers: { vary: "Accept" } }));
    const { headers } = await send(fresh(says({ plan })), "/mcp", { headers: { authorization: "Bearer t" } });
    assert.equal(asked[0].url, plan.url);
    assert.equal(asked[0].headers.get("x-edgeward-identity"), plan.identity);
    assert.equal(asked[0].headers.get("traceparent"), plan.traceparent);
    assert.equal(headers.get("access-control-allow-origin"), isForPage ? "https://inspector.example" : null);
    assert.equal(headers.get("vary"), isForPage ? "Accept, Origin" : "Accept");
  }
});

test("an answer is given with its status, all of its header and its body", async () => {
  for (const decision of [vectors.refusal, vectors.refusalThatRepeats, vectors.answer]) {
    const { status, headers, body } = decision.answer;
    const given = await send(fresh(says(decision)), "/mcp");
    assert.equal(given.status, status);
    for (const [name, value] of headers) assert.equal(given.headers.get(name), value);
    assert.equal(await given.text(), body);
  }
  assert.equal(JSON.parse(vectors.refusalThatRepeats.answer.repeats).event, "gate refused");
});

test("what the gate needs is asked for", async () => {
  const gate_with = () => JSON.stringify(vectors.refusal);
  const post = { method: "POST", body: "{}", headers: { authorization: "Bearer t", "mcp-method": "tools/list" } };
  await send(fresh({ ...says(vectors.needsHeaders), gate_with }), "/judged", post);
  assert.deepEqual(calls.at(-1)[8], [undefined, "tools/list", undefined, "text/plain;charset=UTF-8", undefined]);
  await send(fresh({ ...says(vectors.needsBody), gate_with }), "/read", post);
  assert.equal(new TextDecoder().decode(calls.at(-1)[9]), "{}");
});

test("an endpoint is asked as core reads it", async () => {
  const { method, url, headers, address } = vectors.asked;
  const env = fresh({ configure, respond: async () => JSON.stringify(vectors.answer) });
  await send(env, new URL(url).pathname, { method, headers: { ...headers, "cf-connecting-ip": address } });
  assert.deepEqual(JSON.parse(calls.at(-1)[2]), vectors.asked);
});

test("faults, outcomes and failures have the names that core has for them", async () => {
  const folder = new URL("..", import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith(".mjs"));
  const text = (await Promise.all(files.map((name) => readFile(new URL(name, folder), "utf8")))).join("\n");
  const used = (pattern) => [...new Set([...text.matchAll(pattern)].map(([, name]) => name))].sort();
  const { bodyErrors, tooMany, outcomes, failures } = vectors.names;
  assert.deepEqual(used(/fault: "([^"]+)"/g), [...bodyErrors, tooMany].sort());
  assert.deepEqual(used(/(?:replaced\(call, plan, headers|conclude\(call), "([^"]+)"/g), outcomes.toSorted());
  const named = used(/failure\(call, "([^"]+)"/g);
  assert.ok(named.length > 1 && named.every((name) => failures.includes(name)), String(named));
});
