import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { raiseOriginSecret } from "../../lib/deploy/leaked.ts";
import { FakeWorld, runWith } from "./world.ts";

const raised = (text: string) => {
  const file = join(mkdtempSync(join(tmpdir(), "leaked-")), "prod.json");
  writeFileSync(file, text);
  return [raiseOriginSecret(file), readFileSync(file, "utf8")];
};

describe("the origin's secret after a leak", () => {
  test.each([
    ['{\n  "server": { "originSecretGeneration": 3, "cpu": 512 }\n}\n', 4, '{\n  "server": { "originSecretGeneration": 4, "cpu": 512 }\n}\n'],
    ['{\n  "server": {\n    "cpu": 512\n  }\n}\n', 2, '{\n  "server": {\n    "originSecretGeneration": 2,\n    "cpu": 512\n  }\n}\n'],
    ['{"account":"1"}', 2, '{\n  "account": "1",\n  "server": {\n    "originSecretGeneration": 2\n  }\n}\n'],
    ['{"server":{}}', 2, '{\n  "server": {\n    "originSecretGeneration": 2\n  }\n}\n'],
  ])("is the next generation's, and the rest of %j stays as it is", (before, generation, after) => {
    expect(raised(before)).toEqual([generation, after]);
  });

  test("is replaced by one command, which says first what that costs", async () => {
    const world = new FakeWorld();
    world.aws.stand("prod");
    const { status, folder } = await runWith(world, ["deploy", "prod", "--leaked", "origin-secret"]);
    expect(status).toBe(0);
    expect(world.text).toContain("nobody has to sign in again");
    expect(JSON.parse(readFileSync(join(folder, "prod.json"), "utf8")).server.originSecretGeneration).toBe(2);
    expect(world.commands.some((line) => line.startsWith("node_modules/.bin/cdk deploy --all"))).toBe(true);
  });

  test("is not touched by a dry run", async () => {
    const world = new FakeWorld();
    world.aws.stand("prod");
    const { status, folder } = await runWith(world, ["deploy", "prod", "--leaked", "origin-secret", "--dry-run"]);
    expect(status).toBe(0);
    expect(world.text).toContain("nobody has to sign in again");
    expect(JSON.parse(readFileSync(join(folder, "prod.json"), "utf8")).server.originSecretGeneration).toBeUndefined();
    expect(world.commands).toEqual([]);
  });
});
