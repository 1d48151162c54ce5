// When the edge's keys are fetched, and what happens when that fails.
import assert from "node:assert/strict";
import { test } from "node:test";

import { KeysUnavailable } from "../src/index.ts";
import { FIRST_FETCH_FLOOR, MAX_AGE, REFRESH_FLOOR, parse } from "../src/keys.ts";
import { PUBLIC, Source, jwks } from "./edge.ts";

const NEW = { ...PUBLIC, kid: "new" };
const after = (seconds: number) => (error: unknown) => error instanceof KeysUnavailable && error.retryAfter === seconds;

test("keys are fetched once for all who wait", async () => {
  const source = new Source(jwks(PUBLIC));
  const keys = source.keys();
  const all = await Promise.all(Array.from({ length: 20 }, () => keys.current()));
  assert.equal(source.asked, 1);
  assert.ok(all.every((found) => found.size === 1));
});

test("without keys there is an attempt each second", async () => {
  const source = new Source(new Error("down"), jwks(PUBLIC));
  const keys = source.keys();
  for (const _ of [1, 2, 3]) await assert.rejects(keys.current(), after(FIRST_FETCH_FLOOR));
  assert.equal(source.asked, 1);
  source.now += FIRST_FETCH_FLOOR;
  assert.equal((await keys.current()).size, 1);
});

test("unknown ids cause a fetch every ten seconds at most", async () => {
  const source = new Source(jwks(PUBLIC));
  const keys = source.keys();
  const first = await keys.current();
  for (let count = 0; count < 50; count += 1) assert.equal(await keys.newerThan(first), undefined);
  assert.equal(source.asked, 1);
  source.now += REFRESH_FLOOR;
  source.answers = [jwks(PUBLIC, NEW)];
  assert.ok((await keys.newerThan(first))?.has("new"));
  assert.equal(source.asked, 2);
});

test("a fetch that fails leaves the keys, and says when to come back", async () => {
  const source = new Source(jwks(PUBLIC));
  const keys = source.keys();
  const first = await keys.current();
  source.answers = [new Error("down")];
  source.now += REFRESH_FLOOR;
  await assert.rejects(keys.newerThan(first), after(REFRESH_FLOOR));
  assert.equal(await keys.current(), first);
});

test("keys that are too old are fetched before they are used, and an empty set withdraws nothing", async () => {
  const source = new Source(jwks(PUBLIC));
  const keys = source.keys();
  await keys.current();
  source.now += MAX_AGE + 1;
  source.answers = [jwks(NEW)];
  assert.deepEqual([...(await keys.current()).keys()], ["new"]);
  source.now += MAX_AGE + 1;
  source.answers = [jwks()];
  assert.deepEqual([...(await keys.current()).keys()], ["new"]);
});

test("what is no set of keys is refused, and keys of other kinds are passed over", async () => {
  for (const bad of ["", "[]", '{"keys": 1}', jwks(), jwks({ kty: "RSA" }), jwks(PUBLIC, PUBLIC), jwks({ ...PUBLIC, kid: "a b" })]) {
    await assert.rejects(parse(bad), bad);
  }
  const others = [{ kty: "RSA", kid: "rsa" }, { ...NEW, use: "enc" }, { ...NEW, alg: "ES256" }, { ...NEW, crv: "X25519" }, null];
  assert.deepEqual([...(await parse(jwks(...others, PUBLIC))).keys()], [PUBLIC["kid"]]);
});
