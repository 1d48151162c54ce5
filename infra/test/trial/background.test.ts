import { expect, test } from "vitest";
import { Background } from "../../trial/background.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const turns = async () => {
  for (let count = 0; count < 10; count++) await turn();
};
const background = () => new Background({ wait: turn });

test("what goes on beside a step goes on until it is stopped", async () => {
  let times = 0;
  const stop = background().repeat(1, async () => void times++);
  await turns();
  expect(times).toBeGreaterThan(5);
  await stop();
  const before = times;
  await turns();
  expect(times).toBe(before);
});

test("whoever stops it is told what went wrong; the end of the step is not held up by it", async () => {
  const begin = () => {
    const beside = background();
    const stop = beside.repeat(1, async () => {
      throw new Error("gone");
    });
    return { beside, stop };
  };
  await expect(begin().stop()).rejects.toThrow("gone");
  await begin().beside.stop();
});

test("what begins while the step ends is stopped as well", async () => {
  const beside = background();
  let times = 0;
  beside.repeat(1, async () => {
    await turns();
    beside.repeat(1, async () => void times++);
  });
  await beside.stop();
  const before = times;
  await turns();
  expect([before > 0, times]).toEqual([true, before]);
});
