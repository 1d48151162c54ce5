import type { CommonArguments } from "./options.ts";
import type { Outside } from "./outside.ts";
import type { Redactor } from "./redact.ts";
import type { Report } from "./report.ts";
import { failed, type CommonTrial, type Outcome, type Step } from "./step.ts";

/** Runs the steps until one fails; the exit status: 0 when every step passed or was skipped, 1 when one failed. */
export async function runSteps<T extends CommonTrial>(
  steps: readonly Step<T>[],
  trial: T,
  given: CommonArguments,
  outside: Outside,
  report: Report,
  redactor: Redactor,
): Promise<number> {
  for (const [index, step] of steps.entries()) {
    const { name, what } = step;
    const title = `edgeward: trial ${index + 1}/${steps.length}, ${name}: ${what}`;
    if (given.skip.includes(name)) {
      outside.say(`${title}: left out`);
      continue;
    }
    if (report.hasPassed(name) && !given.again.includes(name)) {
      outside.say(`${title}: has passed already`);
      continue;
    }
    outside.say(title);
    const began = outside.now();
    const outcome = await attempt(step, trial);
    report.add({ step: name, began: new Date(began).toISOString(), seconds: Math.round((outside.now() - began) / 1000), ...outcome });
    for (const fact of outcome.facts) outside.say(`  ${redactor.redact(fact)}`);
    outside.say(`edgeward: ${name} ${outcome.verdict}; the report is ${report.file}`);
    if (outcome.verdict === "failed") {
      outside.say("edgeward: the deployment stands as it is; the same command goes on from here, and --skip leaves a step out");
      return 1;
    }
  }
  return 0;
}

async function attempt<T extends CommonTrial>(step: Step<T>, trial: T): Promise<Outcome> {
  try {
    return await step.run(trial);
  } catch (error) {
    return failed(`it could not be done: ${(error as Error).message}`);
  } finally {
    await trial.background.stop();
  }
}
