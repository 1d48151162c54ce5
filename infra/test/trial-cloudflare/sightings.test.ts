import { describe, expect, test } from "vitest";
import { Sightings } from "../../trial-cloudflare/sightings.ts";

const CHANGE = { before: "old", after: "new", since: 1000, within: 300_000 };

/** What locations answered, and when: in seconds after the change. */
function seen(answers: readonly [location: string, second: number, what: string][]): Sightings {
  const sightings = new Sightings();
  for (const [location, second, what] of answers) sightings.note("keys", location, what, CHANGE.since + second * 1000);
  return sightings;
}

describe("a change is followed", () => {
  test.each<[string, [string, number, string][], boolean, string]>([
    ["at once", [["FRA", 2, "new"]], true, "ok FRA: keys, the new answer after 2 s"],
    ["after a while", [["FRA", 2, "old"], ["FRA", 9, "new"]], true, "ok FRA: keys, the new answer after 9 s, the old one until 2 s"],
    ["in turns, in time", [["FRA", 2, "new"], ["FRA", 299, "old"], ["FRA", 320, "new"]], true, "the old one until 299 s, in turns"],
    ["in turns, for too long", [["FRA", 2, "new"], ["FRA", 301, "old"]], false, "WRONG FRA: keys, the new answer after 2 s, the old one until 301 s, in turns"],
    ["too late", [["FRA", 301, "old"], ["FRA", 302, "new"]], false, "WRONG FRA: keys, the new answer after 302 s"],
    ["never", [["FRA", 301, "old"]], false, "WRONG FRA: keys, never the new answer"],
    ["by something else", [["FRA", 2, "new"], ["FRA", 3, "500"]], false, "and 1 times 500"],
    ["by nobody who was asked for long enough", [["FRA", 20, "old"]], false, "FRA: keys, not asked for long enough: for 20 s"],
    ["by nobody", [], false, "WRONG keys: no location was asked for long enough"],
    ["before the change", [["FRA", -5, "old"], ["FRA", 1, "new"]], true, "ok FRA: keys, the new answer after 1 s"],
  ])("%s", (_, answers, good, fact) => {
    const judgement = seen(answers).followed("keys", CHANGE);
    expect(judgement.good).toBe(good);
    expect(judgement.facts.join("\n")).toContain(fact);
  });

  test("by one location and not by another", () => {
    const { good, facts } = seen([["NRT", 301, "old"], ["FRA", 1, "new"], ["GRU", 5, "old"]]).followed("keys", CHANGE);
    expect(good).toBe(false);
    expect(facts.map((fact) => fact.slice(0, 10))).toEqual(["ok FRA: ke", "GRU: keys,", "WRONG NRT:"]);
  });
});

describe("answers are steady", () => {
  test.each<[string, [string, number, string][], boolean, string]>([
    ["when all are the same", [["FRA", 1, "200"], ["FRA", 2, "200"]], true, "ok FRA: keys, 2 times"],
    ["not when one is not", [["FRA", 1, "200"], ["FRA", 2, "401"], ["FRA", 3, "200"]], false, "WRONG FRA: keys, 3 times, among them 1 times 401"],
    ["not when nobody was asked", [], false, "WRONG keys: nobody was asked"],
  ])("%s", (_, answers, good, fact) => {
    const judgement = seen(answers).steady("keys", "200");
    expect([judgement.good, judgement.facts]).toEqual([good, [fact]]);
  });
});
