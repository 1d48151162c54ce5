import { resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseArguments } from "../../lib/deploy/arguments.ts";
import { run } from "../../lib/deploy/run.ts";
import { FakeWorld } from "./world.ts";

describe("the command line", () => {
  test("has absolute folders, as programs are run elsewhere", () => {
    expect(parseArguments(["deploy", "prod", "--bootstrap", "--assembly", "out"])).toEqual({
      action: "deploy",
      deployment: "prod",
      bootstrap: true,
      dryRun: false,
      yes: false,
      deployments: undefined,
      assembly: resolve("out"),
      stacksOnly: false,
      leaked: undefined,
    });
  });

  test.each([
    [[], "say what to do: deploy or destroy"],
    [["undo", "prod"], "say what to do: deploy or destroy"],
    [["deploy"], "name one deployment"],
    [["deploy", "prod", "dev"], "name one deployment"],
    [["deploy", "prod", "--yes"], "--yes is for destroy"],
    [["destroy", "prod", "--dry-run"], "--bootstrap and --dry-run are for deploy"],
    [["deploy", "prod", "--force"], "--force"],
    [["deploy", "prod", "--leaked", "signing"], "--leaked is for origin-secret"],
    [["destroy", "prod", "--leaked", "origin-secret"], "--leaked is for deploy"],
    [["deploy", "prod", "--leaked", "origin-secret", "--assembly", "out"], "which --assembly does not read"],
  ])("%j is wrong usage", async (words, message) => {
    const world = new FakeWorld();
    expect(await run(words, world)).toBe(2);
    expect(world.text).toContain(message);
    expect(world.text).toContain("usage: deploy.ts deploy DEPLOYMENT");
    expect(world.ran).toEqual([]);
  });
});
