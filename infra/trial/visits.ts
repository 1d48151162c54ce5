/** Visits of a browser, each of which is taken once and in order. */
export class Visits {
  private readonly untaken: URLSearchParams[] = [];
  private arrived: (() => void) | undefined;

  add(query: URLSearchParams): void {
    this.untaken.push(query);
    this.arrived?.();
  }

  /** Waits for one; nothing if none comes in that many milliseconds. One caller at a time. */
  async next(within: number): Promise<URLSearchParams | undefined> {
    if (this.untaken.length === 0) {
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, within);
        this.arrived = () => {
          clearTimeout(late);
          resolve();
        };
      });
      this.arrived = undefined;
    }
    return this.untaken.shift();
  }
}
