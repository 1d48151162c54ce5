// What each location answered, and when it changed its mind.

/** The same answer from the same location, several times in a row. */
interface Stretch {
  readonly what: string;
  readonly first: number;
  last: number;
  times: number;
}

/** A change that every location is to follow. */
export interface Change {
  readonly before: string;
  readonly after: string;
  /** When it was made. */
  readonly since: number;
  /** Milliseconds within which every location must have followed. */
  readonly within: number;
}

export interface Judgement {
  readonly good: boolean;
  readonly facts: readonly string[];
}

export class Sightings {
  private readonly stretches = new Map<string, Map<string, Stretch[]>>();

  /** @param subject What was asked. */
  note(subject: string, location: string, what: string, at: number): void {
    const ofSubject = this.stretches.get(subject) ?? new Map<string, Stretch[]>();
    this.stretches.set(subject, ofSubject);
    const ofLocation = ofSubject.get(location) ?? [];
    ofSubject.set(location, ofLocation);
    const last = ofLocation.at(-1);
    if (last?.what === what) {
      last.last = at;
      last.times++;
    } else {
      ofLocation.push({ what, first: at, last: at, times: 1 });
    }
  }

  /** Whether every location answered as expected, always. */
  steady(subject: string, expected: string): Judgement {
    const facts: string[] = [];
    let good = true;
    for (const [location, stretches] of this.locations(subject)) {
      const others = stretches.filter(({ what }) => what !== expected);
      const times = stretches.reduce((sum, stretch) => sum + stretch.times, 0);
      good &&= others.length === 0;
      facts.push(`${mark(others.length === 0)} ${location}: ${subject}, ${times} times${others.length === 0 ? "" : `, among them ${counted(others)}`}`);
    }
    if (facts.length === 0) return { good: false, facts: [`WRONG ${subject}: nobody was asked`] };
    return { good, facts };
  }

  /** Whether every location followed the change in time, and answered nothing else. */
  followed(subject: string, { before, after, since, within }: Change): Judgement {
    const facts: string[] = [];
    let good = true;
    let judged = 0;
    for (const [location, stretches] of this.locations(subject)) {
      const seconds = (time: number) => Math.max(0, Math.round((time - since) / 1000));
      const asked = stretches.at(-1)?.last ?? 0;
      const first = stretches.find(({ what }) => what === after)?.first;
      const old = stretches.findLast(({ what }) => what === before)?.last;
      const others = stretches.filter(({ what }) => what !== before && what !== after);
      const isLate = old !== undefined && old - since > within;
      if (first === undefined && !isLate && others.length === 0) {
        facts.push(`${location}: ${subject}, not asked for long enough: for ${seconds(asked)} s`);
        continue;
      }
      judged++;
      const isGood = first !== undefined && !isLate && others.length === 0;
      good &&= isGood;
      const flaps = first !== undefined && old !== undefined && old > first;
      facts.push(
        `${mark(isGood)} ${location}: ${subject}, ${first === undefined ? "never the new answer" : `the new answer after ${seconds(first)} s`}` +
          `${old === undefined || old < since ? "" : `, the old one until ${seconds(old)} s`}` +
          `${flaps ? ", in turns: some instances had the old settings still" : ""}` +
          `${others.length === 0 ? "" : `, and ${counted(others)}`}`,
      );
    }
    if (judged === 0) return { good: false, facts: [...facts, `WRONG ${subject}: no location was asked for long enough`] };
    return { good, facts };
  }

  private locations(subject: string): [string, Stretch[]][] {
    return [...(this.stretches.get(subject) ?? [])].toSorted(([a], [b]) => a.localeCompare(b));
  }
}

const mark = (good: boolean) => (good ? "ok" : "WRONG");

function counted(stretches: readonly Stretch[]): string {
  const times = new Map<string, number>();
  for (const stretch of stretches) times.set(stretch.what, (times.get(stretch.what) ?? 0) + stretch.times);
  return [...times].map(([what, count]) => `${count} times ${what}`).join(", ");
}
