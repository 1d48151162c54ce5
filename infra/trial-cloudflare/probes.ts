// Requests that anybody may make, whether or not somebody has signed in.

import { text, type HttpRequest } from "../trial/outside.ts";
import { inShort, locationOf, Tally, type CloudflareTrial } from "./trial.ts";

interface Probe {
  readonly what: string;
  readonly request: HttpRequest;
  readonly expected: number;
}

export function probes({ job, session }: CloudflareTrial): Probe[] {
  const get = (path: string): Probe => ({ what: path, request: { url: `${job.settings.publicUrl}${path}`, headers: NAMED }, expected: 200 });
  const call: HttpRequest = {
    method: "POST",
    url: session.resource,
    headers: { ...NAMED, "Content-Type": "application/json", Accept: "application/json, text/event-stream" },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
  };
  return [
    get("/.well-known/oauth-authorization-server"),
    get("/.well-known/jwks.json"),
    { what: "a call without credentials", request: call, expected: 401 },
  ];
}

export interface Availability {
  /** When the first answer was good. */
  readonly firstGood: number | undefined;
  readonly good: number;
  /** Answers that were not, from then on; and before that, if the edge itself gave them. */
  readonly failures: Tally;
  /** What came before the edge was there. */
  readonly before: Tally;
}

/** Asks all the time, until told to stop. */
export function watchAvailability(trial: CloudflareTrial): { seen: Availability; stop: () => Promise<Availability> } {
  const { outside, background } = trial;
  const seen = { firstGood: undefined as number | undefined, good: 0, failures: new Tally(), before: new Tally() };
  const stop = background.repeat(BETWEEN, async () => {
    for (const { what, request, expected } of probes(trial)) {
      let status: number | undefined;
      let said: string;
      try {
        const answer = await outside.http(request);
        status = answer.status;
        said = `${inShort(status, await text(answer))} at ${locationOf(answer)}`;
      } catch (error) {
        said = (error as Error).message;
      }
      if (status === expected) {
        seen.firstGood ??= outside.now();
        seen.good++;
        continue;
      }
      // Before it is there Cloudflare answers, or nobody. A 500 is the edge's: it has code, and settings are missing.
      const isFailure = seen.firstGood !== undefined || status === 500;
      (isFailure ? seen.failures : seen.before).add(`${what}: ${said}`);
    }
  });
  return {
    seen,
    async stop() {
      await stop();
      return seen;
    },
  };
}

const NAMED = { "User-Agent": "edgeward-trial" };
const BETWEEN = 500;
