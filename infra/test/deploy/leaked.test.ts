import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { setOriginSecret } from "../../lib/deploy/leaked.ts";
import { run } from "../../lib/deploy/run.ts";
import { FakeWorld, runWith } from "./world.ts";

const set = (text: string, generation: number) => {
  const file = join(mkdtempSync(join(tmpdir(), "leaked-")), "prod.json");
  writeFileSync(file, text);
  setOriginSecret(file, generation);
  return readFileSync(file, "utf8");
};

/** A world in which the stacks stand, with this generation; without one, stacks that do not say it. */
function standing(generation?: number): FakeWorld {
  const world = new FakeWorld();
  world.aws.stand("prod");
  if (generation) deployed(world, generation);
  return world;
}

function deployed(world: FakeWorld, generation: number) {
  const outputs = { OriginSecretGeneration: `${generation}` };
  world.aws.stacks.set("eu-west-1 edgeward-prod-server", { status: "UPDATE_COMPLETE", isProtected: false, outputs });
}

const LEAKED = ["deploy", "prod", "--leaked", "origin-secret"];
const image = "example/origin";
const generationIn = (folder: string) => JSON.parse(readFileSync(join(folder, "prod.json"), "utf8")).server.originSecretGeneration;
const deploys = (world: FakeWorld) => world.commands.some((line) => line.startsWith("node_modules/.bin/cdk deploy --all"));

describe("the origin's secret after a leak", () => {
  test.each([
    ['{\n  "server": { "originSecretGeneration": 3, "cpu": 512 }\n}\n', 4, '{\n  "server": { "originSecretGeneration": 4, "cpu": 512 }\n}\n'],
    ['{\n  "server": {\n    "cpu": 512\n  }\n}\n', 2, '{\n  "server": {\n    "originSecretGeneration": 2,\n    "cpu": 512\n  }\n}\n'],
    ['{"account":"1"}', 2, '{\n  "account": "1",\n  "server": {\n    "originSecretGeneration": 2\n  }\n}\n'],
    ['{"server":{}}', 2, '{\n  "server": {\n    "originSecretGeneration": 2\n  }\n}\n'],
  ])("of %j is set to %i, and the rest stays as it is", (before, generation, after) => {
    expect(set(before, generation)).toEqual(after);
  });

  test("is replaced by one command, which says first what that costs", async () => {
    const world = standing(1);
    const { status, folder } = await runWith(world, LEAKED);
    expect(status).toBe(0);
    expect(world.text).toContain("nobody has to sign in again");
    expect(generationIn(folder)).toBe(2);
    expect(deploys(world)).toBe(true);
  });

  test("is not touched by a dry run", async () => {
    const world = standing(1);
    const { status, folder } = await runWith(world, [...LEAKED, "--dry-run"]);
    expect(status).toBe(0);
    expect(world.text).toContain("nobody has to sign in again");
    expect(world.text).toContain("would set server.originSecretGeneration of prod to 2, as 1 is deployed");
    expect(generationIn(folder)).toBeUndefined();
    expect(world.commands).toEqual([]);
  });

  test("is replaced once by two runs, if the first does not deploy the stacks", async () => {
    const world = standing(1);
    world.failing = ["node_modules/.bin/cdk deploy"];
    const { status, folder } = await runWith(world, LEAKED);
    expect([status, generationIn(folder)]).toEqual([1, 2]);
    expect(world.text).toContain("The origin's secret is not replaced yet: the next run replaces it once, with LEAKED=origin-secret or without it.");

    const again = standing(1);
    expect(await run([...LEAKED, "--deployments", folder], again)).toBe(0);
    expect(again.text).toContain("is 2 already, and 1 is deployed:");
    expect(again.text).toContain("finishes that run, and replaces nothing twice");
    expect([generationIn(folder), deploys(again)]).toEqual([2, true]);

    // Now that one is finished, the next replaces the next.
    const next = standing(2);
    expect(await run([...LEAKED, "--deployments", folder], next)).toBe(0);
    expect(generationIn(folder)).toBe(3);
  });

  test.each(["edgeward push", "edgeward check"])("is replaced already when `%s` fails, which is said", async (failing) => {
    const world = standing(1);
    world.failing = [failing];
    world.effect = (argv) => argv.includes("--all") && deployed(world, 2);
    expect((await runWith(world, LEAKED)).status).toBe(1);
    expect(world.said.at(-1)).toBe("The origin's secret is replaced: go on without LEAKED=origin-secret, which would replace the new one, too.");
  });

  test("is not replaced while stacks of an older version do not say which is deployed", async () => {
    const world = standing();
    const { status, folder } = await runWith(world, LEAKED);
    expect([status, generationIn(folder), world.commands]).toEqual([1, undefined, []]);
    expect(world.text).toContain("deploy without LEAKED, and do this again");
  });

  test("follows the one that is deployed when the settings are behind it", async () => {
    const { status, folder } = await runWith(standing(4), LEAKED, { server: { image, originSecretGeneration: 2 } });
    expect([status, generationIn(folder)]).toEqual([0, 5]);
  });

  test("is not skipped: the firewall takes the next one only", async () => {
    const world = standing(1);
    const { status, folder } = await runWith(world, LEAKED, { server: { image, originSecretGeneration: 3 } });
    expect([status, generationIn(folder), world.commands]).toEqual([1, 3, []]);
    expect(world.text).toContain("set it to 2, and do this again");
  });

  test("is made by the first deployment, and cannot leak before", async () => {
    const world = new FakeWorld();
    const { status, folder } = await runWith(world, LEAKED);
    expect([status, generationIn(folder), world.commands]).toEqual([1, undefined, []]);
    expect(world.text).toContain("deploy without LEAKED");
  });
});
