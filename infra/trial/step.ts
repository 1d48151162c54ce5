import type { Session } from "./session.ts";
import type { Job } from "../lib/deploy/job.ts";
import type { TrialArguments } from "./arguments.ts";
import type { Outside } from "./outside.ts";

/** What the steps of every trial have. */
export interface CommonTrial {
  readonly job: Job;
  /** The person who signs in, as a client of the MCP server. */
  readonly session: Session;
  /** Folder of the trial's own copy of the settings. */
  readonly deployments: string;
  /** Changes the trial's copy of the settings. */
  change(edit: (settings: Record<string, any>) => void): void;
}

export interface Trial extends CommonTrial {
  readonly given: TrialArguments;
  readonly outside: Outside;
}

export interface Outcome {
  readonly verdict: "passed" | "failed" | "skipped";
  /** What was seen, a line each. */
  readonly facts: readonly string[];
}

export interface Step<T = Trial> {
  readonly name: string;
  readonly what: string;
  run(trial: T): Promise<Outcome>;
}

export const passed = (...facts: string[]): Outcome => ({ verdict: "passed", facts });
export const failed = (...facts: string[]): Outcome => ({ verdict: "failed", facts });
export const skipped = (...facts: string[]): Outcome => ({ verdict: "skipped", facts });
/** Passed, if everything that was looked at is as it should be. */
export const judged = (good: boolean, ...facts: string[]): Outcome => ({ verdict: good ? "passed" : "failed", facts });
