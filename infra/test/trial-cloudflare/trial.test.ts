import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { STEPS } from "../../trial-cloudflare/steps.ts";
import { TOKEN } from "../deploy/world.ts";
import { SECRETS } from "../trial/outside.ts";
import { API_ACCOUNT } from "./outside.ts";
import { isMcp, only, report, standing, trial, verdicts, world } from "./trial.ts";

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
