import { expect, test } from "vitest";
import { greaterThan } from "../../lib/firewall/greater-than.ts";

test.each([1, 8, 9, 10, 89, 99, 100, 1999, 4_194_304, 8_999_999, 9_999_999])("numbers greater than %d match, and no other", (limit) => {
  const pattern = new RegExp(greaterThan(limit));
  const near = Array.from({ length: 2000 }, (_, index) => limit - 1000 + index).filter((number) => number >= 0);
  const far = [0, limit * 2, limit * 10, limit * 11, limit ** 2 + 1, 10 ** 15].filter((number) => number <= Number.MAX_SAFE_INTEGER);
  for (const number of [...near, ...far]) {
    expect(pattern.test(`${number}`), `${number}`).toBe(number > limit);
    expect(pattern.test(`000${number}`), `000${number}`).toBe(number > limit);
  }
});

test.each(["", "-5", "+99", "99 ", "0x99", "9e9", "99,1"])("%j is no number", (text) => {
  expect(new RegExp(greaterThan(10)).test(text)).toBe(false);
});

test.each([0, -1, 1.5, 2 ** 53])("%d is no limit", (limit) => {
  expect(() => greaterThan(limit)).toThrow("positive whole number");
});
