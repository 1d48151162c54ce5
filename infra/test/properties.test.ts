import { describe, expect, test } from "vitest";
import { PROPERTIES } from "./properties.ts";
import { synthesize } from "./templates.ts";

const templates = synthesize();
const failing = (t: typeof templates) => PROPERTIES.filter((property) => !property.holds(t)).map(({ name }) => name);

describe.each(PROPERTIES)("$name", ({ name, holds, mutate }) => {
  test("holds", () => expect(holds(templates)).toBe(true));

  test("and a change that breaks it is seen, by this alone", () => {
    const changed = structuredClone(templates);
    mutate(changed);
    expect(failing(changed)).toEqual([name]);
  });
});
