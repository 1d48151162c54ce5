import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { settingsText, synthesizeFile, synthesizeOnce, type Templates } from "../templates.ts";
import { RULES } from "./rules.ts";

const folder = new URL("../../deployments/", import.meta.url);
const deployments = readdirSync(folder).map((file) => file.replace(/\.json$/, ""));

/** What contradicts AWS in a deployment, with the rule's name in front. */
const problems = (templates: Templates) =>
  RULES.flatMap(({ name, broken }) => broken(templates).map((problem) => `${name}: ${problem}`));

describe("reality rules", () => {
  test.each(deployments)("hold for the deployment %s", (deployment) => {
    expect(problems(synthesizeFile(deployment, readFileSync(new URL(`${deployment}.json`, folder), "utf8")))).toEqual([]);
  });

  test("have names and sources of their own", () => {
    expect(new Set(RULES.map(({ name }) => name)).size).toBe(RULES.length);
    for (const { source } of RULES) expect(source).toMatch(/https:\/\/|botocore/);
  });

  describe.each(RULES)("$name", ({ name, settings = {}, mutate }) => {
    test("is broken by its mutation, which no other rule notices", () => {
      const templates = structuredClone(synthesizeOnce("test", settingsText(settings)));
      expect(problems(templates)).toEqual([]);
      mutate(templates);
      expect(RULES.filter(({ broken }) => broken(templates).length > 0).map((rule) => rule.name)).toEqual([name]);
    });
  });
});
