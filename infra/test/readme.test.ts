import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { RULES } from "./reality/rules.ts";
import { IMMUTABLE } from "./updates/immutable.ts";
import { UPDATES } from "./updates/changes.ts";
import { QUESTIONS } from "../trial/questions/questions.ts";
import { STEPS } from "../trial/steps.ts";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const section = (title: string) => readme.split(`\n## ${title}\n`)[1]?.split("\n## ")[0] ?? "";
/** Cells of a table's rows, without its head. */
const rows = (text: string) =>
  text
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(1)
    .map((line) => line.slice(2, -2).split(" | "));

describe("the README's table of findings", () => {
  const findings = rows(section("What the checks know of AWS"));
  const known = new Set([...RULES.map(({ name }) => name), ...IMMUTABLE.map(({ fact }) => fact)]);

  test.each(findings)("%s: has a source, and checks that exist", (_, source = "", checks = "") => {
    expect(source).not.toBe("");
    const [named, files] = [checks.matchAll(/\*([^*]+)\*/g), checks.matchAll(/`([^` ]+\.(?:ts|rs))`/g)].map((found) => [...found].map(([, text = ""]) => text));
    expect((named ?? []).filter((name) => !known.has(name))).toEqual([]);
    expect((files ?? []).filter((file) => !existsSync(new URL(`../${file}`, import.meta.url)))).toEqual([]);
  });

  test("are all of them", () => expect(findings.length).toBeGreaterThan(30));

  test("and the number of updates is right", () => expect(section("What the checks know of AWS")).toContain(`${UPDATES.length} changes of settings`));
});

const trial = section("Trying it in an account").split("\n### Questions that only a real pool answers\n");

test("the README names the steps of a trial", () => {
  expect(rows(trial[0] ?? "").map(([name]) => name)).toEqual(STEPS.map(({ name }) => `\`${name}\``));
});

test("the local Cognito's README names questions of a trial that exist", () => {
  const cognito = readFileSync(new URL("../../tests/cognito/README.md", import.meta.url), "utf8");
  const bullets = cognito.split("\n## Questions only a real pool can answer\n")[1] ?? "";
  const named = [...bullets.matchAll(/\(`([a-z]+(?:-[a-z]+)*)`\)/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(5);
  const known = new Set(QUESTIONS.map(({ name }) => name));
  expect(named.filter((name = "") => !known.has(name))).toEqual([]);
});

test("the README names the questions of a trial, and the modes of the local Cognito that answer them", () => {
  const questions = rows(trial[1] ?? "");
  expect(questions.map(([name]) => name)).toEqual(QUESTIONS.map(({ name }) => `\`${name}\``));
  const modes = questions.map((cells) => /mode `(\w+)`/.exec(cells.at(-1) ?? "")?.[1]);
  expect(modes).toEqual(QUESTIONS.map(({ model }) => /^mode (\w+),/.exec(model)?.[1]));
});
