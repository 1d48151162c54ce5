import { isAccountRight } from "./account.ts";
import { parseTrialArguments, USAGE, type TrialArguments } from "./arguments.ts";
import type { Outside } from "./outside.ts";
import { prepareCopy } from "./prepare.ts";
import { Redactor } from "./redact.ts";
import { Report } from "./report.ts";
import { runSteps } from "./run-steps.ts";
import type { Trial } from "./step.ts";
import { STEPS } from "./steps.ts";

/** The whole command; its exit status: 0 when every step passed or was skipped, 1 when one failed or the account is another one, 2 for wrong usage. */
export async function runTrial(words: readonly string[], outside: Outside): Promise<number> {
  let given: TrialArguments;
  let trial: Trial;
  const redactor = new Redactor();
  try {
    given = parseTrialArguments(words);
    trial = { ...prepareCopy(given, outside, redactor, "destroys"), given, outside, redactor };
  } catch (error) {
    outside.say(`edgeward: ${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  if (!(await isAccountRight(trial.job, outside))) return 1;
  trial.copySettings();
  return runSteps(STEPS, trial, given, outside, new Report(given.report, outside, redactor), redactor);
}
