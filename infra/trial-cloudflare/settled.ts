import type { Outside } from "../trial/outside.ts";

/** Cloudflare's figures come some minutes late. */
const LOOKS = 40;
const SAME = 3;

/** Reads figures until they are large enough and do not grow any more, or for long enough. */
export async function settled<T>(outside: Outside, read: () => Promise<T>, size: (figures: T) => number, least: number): Promise<T> {
  let figures = await read();
  for (let look = 0, same = 0; look < LOOKS && !(same >= SAME && size(figures) >= least); look++) {
    await outside.pause();
    const newer = await read();
    same = size(newer) === size(figures) ? same + 1 : 0;
    figures = newer;
  }
  return figures;
}
