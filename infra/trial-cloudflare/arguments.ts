import { parseArgs } from "node:util";
import { COMMON_OPTIONS, commonArguments, count, list, minutes, type CommonArguments } from "../trial/options.ts";
import { STEPS } from "./steps.ts";

export interface CloudflareArguments extends CommonArguments {
  /** Vantage points, and a file of them. */
  readonly via: readonly string[];
  readonly viaFile: string | undefined;
  readonly streamMinutes: number;
  readonly watchMinutes: number;
  readonly rotationMinutes: number;
  readonly aborts: number;
  readonly calls: number;
  /** An origin that refuses connections, beside the one whose name does not resolve. */
  readonly refusedOrigin: string | undefined;
  /** Whether the Worker is deleted before the first push, its keys are kept. */
  readonly deleteWorker: boolean;
  /** Whether the edge is taken away in the end. */
  readonly remove: boolean;
}

export const USAGE = `usage: trial-cloudflare.ts --deployment NAME [OPTIONS]
OPTIONS: --via PLACE,PLACE       vantage points: http://PROXY:PORT, ssh:HOST; each asks the location nearest to it
         --via-file FILE         the same, one a line
         --delete-worker         delete a Worker that is there, to see its first push; keys and secrets are kept
         --remove                take the edge and its keys away in the end
         --skip STEP,STEP        leave steps out
         --again STEP,STEP       run steps again that have passed
         --stream-minutes N      how long a stream is kept open; by default 30
         --watch-minutes N       how long every location is watched after a step of a rotation; by default 6
         --rotation-minutes N    how long a new key waits before it signs; by default 21
         --aborts N              requests that are cut short; by default 5000
         --calls N               calls whose cost is measured; by default 1000
         --refused-origin URL    an https origin that refuses connections
         --deployments DIR       where NAME.json is; by default infra/deployments
         --report DIR            where the report goes; by default target/trial-cloudflare/NAME`;

/** @throws Error that says what is wrong with the command line. */
export function parseCloudflareArguments(words: readonly string[]): CloudflareArguments {
  const word = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({
    args: [...words],
    options: {
      ...COMMON_OPTIONS,
      via: word,
      "via-file": word,
      "delete-worker": flag,
      remove: flag,
      "stream-minutes": word,
      "watch-minutes": word,
      "rotation-minutes": word,
      aborts: word,
      calls: word,
      "refused-origin": word,
    },
  });
  const watchMinutes = minutes(values["watch-minutes"], 6);
  if (watchMinutes < LEAST_WATCH) throw new Error(`--watch-minutes is at least ${LEAST_WATCH}: a change may take five to reach every location`);
  return {
    ...commonArguments(values, STEPS, "trial-cloudflare"),
    via: list(values.via),
    viaFile: values["via-file"],
    streamMinutes: minutes(values["stream-minutes"], 30),
    watchMinutes,
    rotationMinutes: minutes(values["rotation-minutes"], 21),
    aborts: count(values.aborts, 5000, "requests", 1_000_000),
    calls: count(values.calls, 1000, "calls", 100_000),
    refusedOrigin: values["refused-origin"],
    deleteWorker: values["delete-worker"],
    remove: values.remove,
  };
}

const LEAST_WATCH = 6;
