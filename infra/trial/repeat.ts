import type { Outside } from "./outside.ts";

/** Does something again and again, in the background, until the function that comes back is called. */
export function repeat(outside: Pick<Outside, "wait">, every: number, act: () => Promise<void>): () => Promise<void> {
  let isOver = false;
  const go = async () => {
    while (!isOver) {
      await act();
      await outside.wait(every);
    }
  };
  const going = go();
  // It is awaited at the end; until then nobody listens.
  going.catch(() => {});
  return async () => {
    isOver = true;
    await going;
  };
}
