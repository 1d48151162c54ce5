import type { Outside } from "./outside.ts";

/** What goes on beside a step. It ends with the step at the latest: the process would never end otherwise. */
export class Background {
  private readonly stops = new Set<() => Promise<void>>();

  constructor(private readonly outside: Pick<Outside, "wait">) {}

  /** Does something again and again until the function that comes back is called, or the step is over. */
  repeat(every: number, act: () => Promise<void>): () => Promise<void> {
    let isOver = false;
    const go = async () => {
      while (!isOver) {
        await act();
        await this.outside.wait(every);
      }
    };
    const going = go();
    // It is awaited at the end; until then nobody listens.
    going.catch(() => {});
    const stop = async () => {
      isOver = true;
      this.stops.delete(stop);
      await going;
    };
    this.stops.add(stop);
    return stop;
  }

  /** Stops whatever goes on still. The errors of that are dropped: the step has an outcome already. */
  async stop(): Promise<void> {
    // What is stopped may begin something else before it has ended.
    while (this.stops.size > 0) await Promise.allSettled([...this.stops].map((stop) => stop()));
  }
}
