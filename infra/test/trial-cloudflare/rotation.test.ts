import { describe, expect, test } from "vitest";
import { answer } from "../trial/outside.ts";
import type { FakeCloudflare } from "./outside.ts";
import { failing, isJwks, isMcp, isToken, passing, standing } from "./trial.ts";

describe("rotation", () => {
  const everywhere = ["--via", "http://127.0.0.1:3128,ssh:saopaulo"];

  test("tells when each location answered with the new keys", async () => {
    const facts = await passing(standing(), "rotation", ...everywhere);
    for (const location of ["DUB", "NRT", "GRU"]) {
      expect(facts).toMatch(new RegExp(`ok ${location}: the edge's public keys, the new answer after \\d+ s`));
      expect(facts).toMatch(new RegExp(`ok ${location}: the key that signs, the new answer after \\d+ s`));
      expect(facts).toMatch(new RegExp(`ok ${location}: calls with a token of the key that goes, the new answer after \\d+ s`));
    }
    expect(await passing(standing(), "rotation")).toContain("only the nearest location was seen");
  });

  /** Answers in turns with the keys of before and those of now, for so many seconds after a change. */
  function stale(outside: FakeCloudflare, location: string, seconds: number) {
    let [old, since, turn] = [outside.keys, 0, 0];
    outside.during = (argv, when) => {
      if (argv.includes("signing") && when === "begins") old = outside.keys;
      if (argv.includes("signing") && when === "ends") since = outside.now();
    };
    outside.instead = (request, from) => {
      const isStale = isJwks(request) && from === location && outside.now() < since + seconds * 1000 && turn++ % 2 === 1;
      return isStale ? answer(200, { keys: old.map((kid) => ({ kid })) }) : undefined;
    };
  }

  test("tells of instances with old settings, and lets them be for five minutes", async () => {
    const outside = standing();
    stale(outside, "NRT", 60);
    expect(await passing(outside, "rotation", ...everywhere)).toMatch(/ok NRT: the edge's public keys, .*, in turns: some instances/);
  });

  test("fails when an instance keeps its old settings", async () => {
    const outside = standing();
    stale(outside, "NRT", 3600);
    const facts = await failing(outside, "rotation", ...everywhere);
    expect(facts).toMatch(/WRONG NRT: the edge's public keys, .*, the old one until 3\d\d s, in turns/);
    expect(facts).toMatch(/ok DUB: the edge's public keys/);
  });

  test("fails when a location never sees the new keys", async () => {
    const outside = standing();
    outside.instead = (request, location) => (isJwks(request) && location === "GRU" ? answer(200, { keys: [{ kid: "key-a" }] }) : undefined);
    expect(await failing(outside, "rotation", ...everywhere)).toMatch(/WRONG GRU: the edge's public keys, never the new answer/);
  });

  test.each([
    [401, "WRONG NRT: calls with a new token, \\d+ times, among them \\d+ times 401"],
    [500, "WRONG NRT: calls with a new token, \\d+ times, among them \\d+ times 500"],
  ])("fails when a good token gets %d somewhere", async (status, message) => {
    const outside = standing();
    let changed = 0;
    outside.during = (_, when) => void (when === "ends" && (changed = outside.now()));
    outside.instead = (request, location) => {
      const isHit = changed > 0 && location === "NRT" && isMcp(request) && outside.now() < changed + 30_000;
      return isHit ? answer(status) : undefined;
    };
    expect(await failing(outside, "rotation", ...everywhere)).toMatch(new RegExp(message));
  });

  test("fails when a removed key's token is still taken", async () => {
    const outside = standing();
    let isRemoved = false;
    outside.during = (argv) => void (isRemoved ||= argv.includes("--force-remove"));
    outside.instead = (request) => (isRemoved && isMcp(request) ? answer(200, "username") : undefined);
    expect(await failing(outside, "rotation")).toMatch(/WRONG DUB: calls with a token of the key that goes, never the new answer/);
  });

  test("fails when tokens of the old key are refused while it still verifies", async () => {
    const outside = standing();
    const old = outside.token().split(".")[0] ?? "";
    // The new key signs, and the old one is refused although it is not removed.
    outside.instead = (request) => {
      const isOld = request.headers?.["Authorization"]?.startsWith(`Bearer ${old}.`);
      return isMcp(request) && isOld && outside.keys.length === 2 && outside.keys[1] === "key-a" ? answer(401) : undefined;
    };
    expect(await failing(outside, "rotation")).toMatch(/WRONG DUB: calls with a token of the key that goes, \d+ times, among them \d+ times 401/);
  });

  test("fails when keys change with the client secret", async () => {
    const outside = standing();
    outside.during = (argv, when) => void (argv.includes("client-secret") && when === "ends" && (outside.keys = outside.keys.toReversed()));
    expect(await failing(outside, "rotation")).toMatch(/WRONG DUB: the edge's public keys, \d+ times, among them/);
  });

  test("says so when tokens end before it is known whether the removed key's are taken", async () => {
    const outside = standing();
    outside.tokenSeconds = 400;
    expect(await passing(outside, "rotation")).toContain("tokens end too soon");
  });

  test("fails when the edge cannot refresh with the other client secret", async () => {
    const outside = standing();
    let isRotated = false;
    outside.during = (argv) => void (isRotated ||= argv.includes("client-secret"));
    outside.instead = (request) => (isRotated && isToken(request) ? answer(400, '{"error":"invalid_client"}') : undefined);
    expect(await failing(outside, "rotation")).toMatch(/WRONG DUB: refreshes, \d+ times, among them .*\/token answers 400/);
  });

  test("fails when nothing changes, and says what may be under way", async () => {
    const outside = standing();
    outside.during = (_, when) => void (when === "ends" && (outside.keys = ["key-a"]));
    expect(await failing(outside, "rotation")).toContain("an earlier rotation is under way");
  });

  test("fails when the tool does", async () => {
    const outside = standing();
    outside.failing = ["rotate"];
    expect(await failing(outside, "rotation")).toContain("a new signing key is added: status 1");
  });

  test("goes on without a vantage point that is out of reach", async () => {
    const outside = standing();
    let asked = 0;
    const http = outside.http.bind(outside);
    outside.http = (request) => {
      asked += Number(request.via !== undefined && isToken(request));
      return http(request);
    };
    expect(await passing(outside, "rotation", "--via", "ssh:dead")).toMatch(/out of reach: \d+ times ssh dead/);
    // It would only hold up the refreshes of the others.
    expect(asked).toBe(0);
  });
});
