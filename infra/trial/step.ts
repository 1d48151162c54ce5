import type { Job } from "../lib/deploy/job.ts";
import type { TrialArguments } from "./arguments.ts";
import type { Background } from "./background.ts";
import type { Outside } from "./outside.ts";
import type { Redactor } from "./redact.ts";
import type { Session } from "./session.ts";

/** What the steps of every trial have. */
export interface CommonTrial {
  readonly job: Job;
  /** The person who signs in, as a client of the MCP server. */
  readonly session: Session;
  readonly background: Background;
}

/** What the steps of a trial have that changes settings. */
export interface ChangingTrial {
  /** Folder of the trial's own copy of the settings. */
  readonly deployments: string;
  /** Writes the copy; before the first step. */
  copySettings(): void;
  /** Changes the trial's copy of the settings. */
  change(edit: (settings: Record<string, any>) => void): void;
}

export interface Trial extends CommonTrial, ChangingTrial {
  readonly given: TrialArguments;
  readonly outside: Outside;
  readonly redactor: Redactor;
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
