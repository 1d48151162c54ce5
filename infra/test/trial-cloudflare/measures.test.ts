import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { CUTS } from "../../trial-cloudflare/outside.ts";
import { PRICES } from "../../trial-cloudflare/prices.ts";
import { answer } from "../trial/outside.ts";
import { type FakeCloudflare, ORIGIN, ORIGIN_PARAMETER } from "./outside.ts";
import { factsOf, failing, isMcp, only, passing, standing, trial } from "./trial.ts";

describe("aborts", () => {
  test("leaves in every way at every endpoint, while a good client goes on", async () => {
    const outside = standing();
    const facts = await passing(outside, "aborts");
    const paths = ["/register", "/token", "/revoke", "/authorize", "/logout", "/mcp"];
    for (const cut of CUTS) expect(new Set(outside.cuts.filter((one) => one.cut === cut).map(({ url }) => new URL(url).pathname))).toEqual(new Set(paths));
    expect(outside.cuts).toHaveLength(56);
    expect(facts).toContain("memory: 12.0 MiB at the median, 20.0 MiB");
  });

  test("counts what was answered before it left", async () => {
    const outside = standing();
    outside.cutShort = async () => 429;
    expect(await passing(outside, "aborts")).toContain("answered before that: 56 times 429");
  });

  test("fails when the good client is turned away", async () => {
    const outside = standing();
    outside.instead = (request) => (outside.cuts.length > 0 && isMcp(request) ? answer(503, "error code: 1102") : undefined);
    expect(await failing(outside, "aborts")).toMatch(/WRONG: the good client during that: .*503 with Cloudflare's error 1102/);
  });

  test("fails when the good client is turned away during the storm only", async () => {
    const outside = standing();
    outside.instead = (request) => (outside.cuts.length > 0 && outside.cuts.length < 1000 && isMcp(request) ? answer(503) : undefined);
    const facts = await failing(outside, "aborts", "--aborts", "1000");
    expect(facts).toMatch(/WRONG: the good client during that: .*503/);
    expect(facts).toMatch(/ok: in the minute after: \d+ good calls, failures: none/);
  });

  test("fails when the edge does not recover", async () => {
    const outside = standing();
    let calls = 0;
    outside.instead = (request) => (outside.cuts.length === 56 && isMcp(request) && calls++ % 2 === 1 ? answer(503) : undefined);
    expect(await failing(outside, "aborts")).toMatch(/WRONG: in the minute after: .*503/);
  });

  test.each(["exceededResources", "exceededMemory", "exceededCpu", "scriptThrewException", "loadShed"])("fails when an invocation ends with %s", async (status) => {
    const outside = standing();
    outside.outcomes = { clientDisconnected: 50, [status]: 1 };
    expect(await failing(outside, "aborts")).toContain(`WRONG: 1 invocations with the outcome ${status}`);
  });

  test("goes without figures of memory, but not without those of invocations", async () => {
    const outside = standing();
    outside.refused = ["Memory"];
    expect(await passing(outside, "aborts")).toContain("memory cannot be read from Cloudflare");
    const blind = standing();
    blind.refused = ["Invocations"];
    expect(await failing(blind, "aborts")).toContain("Account Analytics / Read");
  });
});

describe("origin", () => {
  const kept = (outside: FakeCloudflare) => outside.read(join(outside.report, "origin-url"));
  const parameter = (outside: FakeCloudflare) => outside.aws.parameters.get(ORIGIN_PARAMETER);

  test("expects the edge's 502, and puts the right origin back", async () => {
    const outside = standing();
    const facts = await passing(outside, "origin", "--refused-origin", "https://refuses.example.com");
    expect(facts).toContain("ok: origin.edgeward.invalid: push ended with status 0; calls were answered 20 times 502");
    expect(facts).toContain("ok: refuses.example.com");
    expect([parameter(outside), outside.origin, kept(outside)]).toEqual([ORIGIN, ORIGIN, ""]);
  });

  test("fails when Cloudflare's page comes instead, and puts the right origin back all the same", async () => {
    const outside = standing();
    outside.instead = (request) => (isMcp(request) && outside.origin !== ORIGIN ? answer(530, "error code: 1016") : undefined);
    expect(await failing(outside, "origin")).toContain("WRONG: origin.edgeward.invalid: push ended with status 0; calls were answered 20 times 530");
    expect([parameter(outside), outside.origin]).toEqual([ORIGIN, ORIGIN]);
  });

  test("fails when the old origin stays in use", async () => {
    const outside = standing();
    outside.instead = (request) => (isMcp(request) && request.body?.includes("whoami") ? answer(200) : undefined);
    expect(await failing(outside, "origin")).toMatch(/WRONG: origin.edgeward.invalid: .*calls were answered \d+ times 200/);
  });

  test("puts the right origin back when something breaks, and fails", async () => {
    const outside = standing();
    outside.instead = (request) => {
      if (isMcp(request) && outside.origin !== ORIGIN) throw new Error("socket hang up");
      return undefined;
    };
    expect(await failing(outside, "origin")).toContain("socket hang up");
    expect([parameter(outside), outside.origin]).toEqual([ORIGIN, ORIGIN]);
  });

  test("repairs what a run has left that was killed", async () => {
    const outside = standing();
    outside.write(join(outside.report, "origin-url"), ORIGIN);
    outside.aws.parameters.set(ORIGIN_PARAMETER, "https://origin.edgeward.invalid");
    outside.origin = "https://origin.edgeward.invalid";
    expect(await failing(outside, "origin")).toContain("the right origin is put back");
    expect([parameter(outside), outside.origin, kept(outside)]).toEqual([ORIGIN, ORIGIN, ""]);
    expect(await passing(outside, "origin")).toContain("the right origin is back");
  });

  test("keeps the right origin in mind while it cannot be pushed", async () => {
    const outside = standing();
    outside.failing = ["push"];
    await failing(outside, "origin");
    expect(kept(outside)).toBe(ORIGIN);
  });
});

describe("logs", () => {
  test("passes when no record holds a callback's query", async () => {
    const outside = standing();
    expect(await trial(outside, ...only("sign-in", "logs"))).toBe(0);
    expect(factsOf(outside, "logs").join("\n")).toMatch(/^\d+ lines of the Worker, 0 records of invocations\nok: 0 records/);
  });

  test.each([
    ["a record holds one", { leaked: 1 }, "WRONG: 1 records hold a URL of /callback with its query"],
    ["there are no lines", { linesEach: 0 }, "WRONG: no line of the Worker"],
    ["invocations are recorded", { invocationsEach: 1 }, "WRONG: invocations are recorded, with their URLs"],
    ["they cannot be read", { refused: ["logs"] }, "Workers Observability / Edit"],
  ])("fails when %s", async (_, changes, message) => {
    const outside = Object.assign(standing(), changes);
    expect(await trial(outside, ...only("sign-in", "logs"))).toBe(1);
    expect(factsOf(outside, "logs").join("\n")).toContain(message);
  });

  test("fails when nobody has signed in", async () => {
    expect(await failing(standing(), "logs")).toContain("nobody has signed in yet");
  });
});

describe("cost", () => {
  test("says what a million calls cost", async () => {
    const facts = await passing(standing(), "cost");
    expect(facts).toContain("a million calls: 1.00 million requests at 0.3 USD a million: 0.30 USD");
    expect(facts).toContain("a million calls: 1.50 million ms of CPU at 0.02 USD a million: 0.03 USD");
    expect(facts).toContain("a million calls: 0.00 million records of logs at 0.27 USD a million: 0.00 USD");
    expect(facts).toContain("a million calls, together: 0.58 USD");
    expect(facts).toContain("the whole trial so far");
  });

  test("takes the README's prices", () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    // Such a request leaves one line.
    const [requests, , logs] = /^\| 1 million refused requests of strangers \| (.*) \|$/m.exec(readme)?.[1]?.split(" | ").map(Number) ?? [];
    expect({ requests, logs }).toEqual({ requests: PRICES.requests, logs: PRICES.logRecords });
  });

  test("counts no data points without a dataset", async () => {
    const facts = await passing(standing({ edge: { environment: "dev" } }), "cost");
    expect(facts).toContain("no data points, as edge.metricsDataset is not set");
    expect(facts).toContain("0.00 million data points");
  });

  test.each([
    ["CPU", { cpuEach: 12 }, "WRONG: cpuMilliseconds of a call: 12.00, and not 10 at the most"],
    ["lines in the logs", { linesOfCall: 1 }, "WRONG: logRecords of a call: 1.00, and not 0.05 at the most"],
    ["records of invocations", { invocationsEach: 1 }, "WRONG: logRecords of a call: 1.00, and not 0.05 at the most"],
    ["data points", { pointsEach: 2 }, "WRONG: dataPoints of a call: 2.00"],
    ["requests", { outcomes: { success2: 20 } }, "WRONG: requests of a call: 2.00"],
  ])("fails when a call uses too much: %s", async (_, changes, message) => {
    expect(await failing(Object.assign(standing(), changes), "cost")).toContain(message);
  });

  test("waits for figures that are on their way", async () => {
    const outside = standing();
    let looks = 0;
    outside.pause = async () => void looks++;
    // The last ones come late, after figures that seemed to grow no more.
    outside.late = () => (looks < 10 ? 15 : 0);
    expect(await passing(outside, "cost")).toContain("1.00 million requests");
    expect(looks).toBeGreaterThanOrEqual(10);
  });

  test("fails when a call is not answered well", async () => {
    const outside = standing();
    let calls = 0;
    outside.instead = ({ body = "" }) => (body.includes("whoami") && calls++ === 0 ? answer(503) : undefined);
    expect(await failing(outside, "cost")).toContain("20 calls, answered 1 times 503, 19 times 200");
  });

  test("fails when Cloudflare has counted nothing, or says nothing", async () => {
    const outside = standing();
    outside.served.push = () => 0;
    expect(await failing(outside, "cost")).toContain("WRONG: Cloudflare counts 0 of their requests");
    const unknown = standing();
    unknown.variables = {};
    expect(await failing(unknown, "cost")).toContain("set CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID");
  });
});

describe("remove", () => {
  test("takes the edge away", async () => {
    expect(await passing(standing(), "remove", "--remove")).toContain("the host leads to no Worker");
  });

  test("fails when the tool does, or the host still leads to it", async () => {
    const outside = standing();
    outside.failing = ["remove"];
    const facts = await failing(outside, "remove", "--remove");
    expect(facts).toContain("it ended with status 1");
    expect(facts).toContain("WRONG: the host still leads to the Worker");
  });
});
