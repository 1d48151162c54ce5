import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSettings } from "../../lib/settings.ts";
import { drawn, root, type Node } from "./arbitrary.ts";
import { problems, type Drawn } from "./problems.ts";

/** The same draws on every run where `FUZZ_SEED` is set, others elsewhere; a failure names its seed. */
const SEED = Number(process.env["FUZZ_SEED"] ?? Date.now() % 1_000_000);
const DRAWS = 25;

const accepted = ({ deployment, settings }: Drawn) => {
  try {
    parseSettings(deployment, JSON.stringify(settings));
    return true;
  } catch {
    return false;
  }
};

/** Every setting of the schema, as its path. */
function settingsOf(node: Node, path = ""): string[] {
  const below = [...(node.anyOf ?? node.oneOf ?? []), ...(node.items ? [node.items] : [])];
  const named = Object.entries(node.properties ?? {}).flatMap(([key, value]) => {
    const here = path === "" ? key : `${path}.${key}`;
    return [here, ...settingsOf(value, here)];
  });
  const free = typeof node.additionalProperties === "object" ? settingsOf(node.additionalProperties, `${path}.*`) : [];
  return [...new Set([...named, ...free, ...below.flatMap((one) => settingsOf(one, path))])];
}

/** Paths of the schema that a value uses. */
function used(value: unknown, known: ReadonlySet<string>, path = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((item) => used(item, known, path));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    const named = path === "" ? key : `${path}.${key}`;
    const here = known.has(named) ? named : `${path}.*`;
    return [here, ...used(inner, known, here)];
  });
}

describe("settings at random", () => {
  test("use every setting there is, and are mostly taken", () => {
    const known = new Set(settingsOf(root));
    const sample = fc.sample(drawn, { numRuns: 600, seed: SEED }).filter(accepted);
    const seen = new Set(sample.flatMap(({ settings }) => used(settings, known)));
    expect([...known].filter((path) => !seen.has(path))).toEqual([]);
    expect(sample.length).toBeGreaterThan(300);
    expect(sample.some(({ deployment }) => deployment.length === 16)).toBe(true);
  });

  test("contradict nothing that is known of AWS", { timeout: 300_000 }, () => {
    fc.assert(
      fc.property(drawn.filter(accepted), (one) => {
        expect(problems(one)).toEqual([]);
      }),
      // Making a failure smaller takes a synthesis each time.
      { seed: SEED, numRuns: DRAWS, interruptAfterTimeLimit: 250_000, markInterruptAsFailure: true },
    );
  });
});
