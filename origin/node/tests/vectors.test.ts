// The golden vectors: what a server takes and what it refuses.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { AssertionInvalid, Verifier } from "../src/index.ts";
import { parse } from "../src/keys.ts";

const read = (name: string) => JSON.parse(readFileSync(new URL(`../../../shared/tests/vectors/${name}`, import.meta.url), "utf8"));
const { d: _, ...key } = read("accepted.json").key;
const keys = await parse(JSON.stringify({ keys: [key] }));

for (const { name, assertion, now, identity } of read("accepted.json").vectors) {
  test(`accepted: ${name}`, async () => {
    const caller = await new Verifier("https://edge.example", "https://origin.example").verify(assertion, keys, now);
    const { iss, aud, sub, kind = "user", client_id, scope, groups = [], grant_id } = identity;
    const { unverified_email: unverifiedEmail, auth_time: authTime, username, email } = identity;
    const optional = Object.entries({ username, email, unverifiedEmail, authTime }).filter(([, value]) => value !== undefined);
    const scopes = scope.split(" ").filter(Boolean);
    const rest = { issuer: iss, audience: aud, subject: sub, kind, clientId: client_id, scopes, groups, grantId: grant_id };
    assert.deepEqual(caller, { ...rest, ...Object.fromEntries(optional) });
  });
}

for (const { name, error, assertion, twin, now } of read("refused.json").vectors) {
  test(`refused: ${name}`, async () => {
    const verifier = new Verifier("https://edge.example", "https://origin.example");
    const refused = (thrown: unknown) => {
      assert.ok(thrown instanceof AssertionInvalid, `${thrown}`);
      assert.equal(`identity assertion: ${thrown.message}`, error);
      return true;
    };
    await assert.rejects(verifier.verify(assertion, keys, now), refused);
    await verifier.verify(twin, keys, now);
  });
}
