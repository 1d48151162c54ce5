// The report: one JSON file, written after every step, in which nothing is secret.

import { join } from "node:path";
import type { Outside } from "./outside.ts";
import type { Redactor } from "./redact.ts";
import type { Outcome } from "./step.ts";

type Entry = Outcome & { readonly step: string; readonly began: string; readonly seconds: number };

export class Report {
  readonly file: string;
  private entries: Entry[];

  constructor(
    folder: string,
    private readonly outside: Outside,
    private readonly redactor: Redactor,
  ) {
    this.file = join(folder, "report.json");
    const text = outside.read(this.file);
    this.entries = text === undefined ? [] : JSON.parse(text).steps;
  }

  /** Whether a step has passed, in this run or in an earlier one. */
  hasPassed(step: string): boolean {
    return this.entries.some((entry) => entry.step === step && entry.verdict === "passed");
  }

  /** When the first step began, of those that are known. */
  get began(): number | undefined {
    return this.entries.length === 0 ? undefined : Math.min(...this.entries.map(({ began }) => Date.parse(began)));
  }

  /** When a step began and ended, in milliseconds; nothing if it has not been run. */
  spanOf(step: string): { from: number; to: number } | undefined {
    const entry = this.entries.find((entry) => entry.step === step);
    const from = entry && Date.parse(entry.began);
    return from === undefined ? undefined : { from, to: from + (entry?.seconds ?? 0) * 1000 };
  }

  /** Replaces what was known of the step. */
  add(entry: Entry): void {
    this.entries = [...this.entries.filter(({ step }) => step !== entry.step), { ...entry, facts: entry.facts.map((fact) => this.redactor.redact(fact)) }];
    this.outside.write(this.file, `${JSON.stringify({ steps: this.entries }, null, 1)}\n`);
  }
}
