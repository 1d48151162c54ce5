// The hostile inputs that the verifiers of all languages are held to.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { Gate } from "../src/index.ts";
import { parse } from "../src/keys.ts";
import { Source } from "./edge.ts";

const document = JSON.parse(readFileSync(new URL("../../../shared/tests/vectors/hostile.json", import.meta.url), "utf8"));

for (const { name, values } of document.accepted) {
  test(`accepted: ${name}`, async () => {
    const verdict = await new Gate(new Source(document.jwks).options()).admit(values);
    assert.ok("caller" in verdict, JSON.stringify(verdict));
  });
}

for (const { name, values, errors } of document.refused) {
  test(`refused: ${name}`, async () => {
    const verdict = await new Gate(new Source(document.jwks).options()).admit(values);
    assert.ok("refusal" in verdict);
    assert.equal(verdict.refusal.status, 401);
    assert.ok(errors.includes(JSON.parse(verdict.refusal.body).error), verdict.refusal.body);
  });
}

for (const { name, document: keys, key_ids: ids } of document.key_sets) {
  test(`keys: ${name}`, async () => {
    if (ids === null) await assert.rejects(parse(keys));
    else assert.deepEqual([...(await parse(keys)).keys()], ids);
  });
}

for (const { name, steps } of document.sequences) {
  test(`sequence: ${name}`, async () => {
    const source = new Source(new Error("down"));
    const gate = new Gate(source.options());
    for (const { at, assertion, times, status, fetches, source: published } of steps) {
      if (published !== undefined) source.answers = [published === "down" ? new Error("down") : published];
      source.now = document.now + at;
      for (let time = 0; time < times; time += 1) {
        const verdict = await gate.admit([assertion]);
        assert.equal("caller" in verdict ? 200 : verdict.refusal.status, status, `at ${at}`);
      }
      assert.equal(source.asked, fetches, `at ${at}`);
    }
  });
}
