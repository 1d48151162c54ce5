import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { STEPS } from "../../trial-cloudflare/steps.ts";
import { TOKEN } from "../deploy/world.ts";
import { ISSUER, SECRETS } from "../trial/outside.ts";
import { API_ACCOUNT, type FakeCloudflare } from "./outside.ts";
import { failing, isMcp, only, report, standing, trial, verdicts, world } from "./trial.ts";

describe("a trial at Cloudflare", () => {
  test("goes through every step, and reports each", async () => {
    const outside = world();
    const status = await trial(outside, "--remove");
    expect(report(outside).flatMap(({ facts }: any) => facts.filter((fact: string) => fact.startsWith("WRONG")))).toEqual([]);
    expect(status).toBe(0);
    expect(verdicts(outside)).toEqual(Object.fromEntries(STEPS.map(({ name }) => [name, "passed"])));
    for (const program of [/edgeward push .*--env dev/, /edgeward drift/, /edgeward rotate .*--env dev signing$/, /client-secret$/, /--force-remove signing$/, /edgeward remove .*--yes/]) {
      expect(outside.commands).toContainEqual(expect.stringMatching(program));
    }
  });

  test("keeps the edge, unless it is asked to take it away", async () => {
    const outside = standing();
    expect(await trial(outside, ...only("remove"))).toBe(0);
    expect(verdicts(outside)).toEqual({ remove: "skipped" });
    expect(outside.commands).toEqual([]);
  });

  test("writes no secret into its report, and says none", async () => {
    const outside = standing();
    outside.variables["CLOUDFLARE_API_TOKEN"] = TOKEN;
    const token = outside.token();
    outside.instead = (request) => {
      if (isMcp(request) && request.body?.includes("whoami")) throw new Error(`refused: Authorization: Bearer ${token}, refresh_token=${SECRETS.refresh}, ${TOKEN}, ${API_ACCOUNT}, of alice@example.com`);
      return undefined;
    };
    await trial(outside, ...only("push"), "--via", "http://someone:hunter2hunter2@127.0.0.1:3128");
    const text = `${outside.read(join(outside.report, "report.json"))}${outside.text.replaceAll(/\S*\/authorize\?\S*/g, "")}`;
    expect(text).toContain("refused");
    for (const secret of [...Object.values(SECRETS), token, TOKEN, API_ACCOUNT, "alice@example.com", "hunter2"]) expect(text).not.toContain(secret);
  });

  test("stops at a step that fails, goes on from there, and repeats what it is told to", async () => {
    const outside = standing();
    outside.failing = ["drift"];
    expect(await trial(outside, ...only("sign-in", "zone"))).toBe(1);
    expect(verdicts(outside)).toEqual({ "sign-in": "passed", zone: "failed" });
    outside.failing = [];
    expect(await trial(outside, ...only("sign-in", "zone"))).toBe(0);
    expect(outside.said).toContainEqual(expect.stringMatching(/sign-in: .*has passed already/));
    const before = outside.requests.length;
    await trial(outside, ...only("sign-in"), "--again", "sign-in");
    expect(outside.requests.length).toBeGreaterThan(before);
  });

  test("of a deployment that keeps its users is refused", async () => {
    const outside = world({ userPool: { retain: true } });
    expect(await trial(outside)).toBe(2);
    expect(outside.text).toContain("a trial interrupts its deployment");
    expect(outside.commands).toEqual([]);
  });

  test("of a deployment that has come to keep its users is refused, whatever an earlier run has left", async () => {
    const outside = standing();
    expect(await trial(outside, ...only("sign-in"))).toBe(0);
    const file = join(outside.settings, "trial.json");
    const settings = outside.read(file) ?? "";
    outside.write(join(outside.report, "deployments/trial.json"), settings);
    outside.write(file, settings.replace('"retain":false', '"retain":true'));
    const before = outside.requests.length;
    expect(await trial(outside, ...only("sign-in"), "--again", "sign-in")).toBe(2);
    expect([outside.requests.length, outside.commands]).toEqual([before, []]);
  });

  test("takes the settings as they are, and not what an earlier run has left", async () => {
    const outside = standing();
    const settings = outside.read(join(outside.settings, "trial.json")) ?? "";
    outside.write(join(outside.report, "deployments/trial.json"), settings.replaceAll(ISSUER, "https://other.example.com"));
    expect(await trial(outside, ...only("sign-in"))).toBe(0);
    expect(outside.requests.filter(({ url }) => url.includes("other.example.com"))).toEqual([]);
  });

  test.each([
    ["are of another account", { kind: "known", account: "999999999999" }, "the credentials are of the account 999999999999"],
    ["have expired", { kind: "expired", message: "" }, "the AWS credentials have expired"],
  ] as const)("is refused when AWS's credentials %s", async (_, identity, message) => {
    const outside = standing();
    outside.aws.identities.set("us-east-1", identity).set("eu-west-1", identity);
    expect(await trial(outside)).toBe(1);
    expect(outside.text).toContain(message);
    expect([outside.commands, outside.requests, report(outside)]).toEqual([[], [], []]);
  });

  const broken = () => {
    throw new Error("spawn ENOMEM");
  };
  const without = (outside: FakeCloudflare) => Object.assign(outside, { during: broken });
  /** Cloudflare has the name before the push has ended. */
  const watched = () => {
    const outside = world();
    outside.during = (_, when) => {
      outside.isServed = true;
      if (when === "ends") broken();
    };
    return outside;
  };
  test.each([
    ["deploy", "a first push", () => without(world())],
    ["deploy", "a first push that is watched", watched],
    ["deploy", "another push", () => without(standing())],
    ["push", "the push", () => without(standing())],
    ["rotation", "the tool", () => without(standing())],
    ["aborts", "the storm", () => Object.assign(standing(), { cutShort: broken })],
  ] as const)("ends what goes on beside the step %s when %s breaks", async (step, _, begin) => {
    const outside = begin();
    expect(await failing(outside, step)).toContain("it could not be done: spawn ENOMEM");
    const before = outside.requests.length;
    for (let turn = 0; turn < 100; turn++) await outside.wait(1000);
    expect(outside.requests.length).toBe(before);
  });

  test.each([
    [["--skip", "everything"], "there is no step everything"],
    [["--watch-minutes", "5"], "--watch-minutes is at least 6"],
    [["--aborts", "0"], '"0" is no number of requests'],
    [["--via", "socks://127.0.0.1:1"], "a vantage point is http://PROXY:PORT"],
    [["--via", "ssh:-oProxyCommand=x"], "names no host"],
    [["--via-file", "/nowhere"], "there is no /nowhere"],
  ])("with %j says what is wrong", async (words, message) => {
    const outside = world();
    expect(await trial(outside, ...words)).toBe(2);
    expect(outside.text).toContain(message);
  });

  test("is described by the README", () => {
    const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
    const section = readme.split("\n## Trying the edge at Cloudflare\n")[1]?.split("\n## ")[0] ?? "";
    const rows = section.split("\n").filter((line) => line.startsWith("| `"));
    expect(rows.map((row) => row.split(" | ")[0])).toEqual(STEPS.map(({ name }) => `| \`${name}\``));
    expect(section).toContain("Nobody has run this yet");
  });
});

test("every step has a file of its own", () => {
  expect(STEPS.map(({ name }) => name).filter((name) => !existsSync(new URL(`../../trial-cloudflare/steps/${name}.ts`, import.meta.url)))).toEqual([]);
});
