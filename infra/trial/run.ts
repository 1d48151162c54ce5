import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Job } from "../lib/deploy/job.ts";
import { parseSettings } from "../lib/settings.ts";
import { parseTrialArguments, USAGE, type TrialArguments } from "./arguments.ts";
import type { Outside } from "./outside.ts";
import { Redactor } from "./redact.ts";
import { Report } from "./report.ts";
import { Session } from "./session.ts";
import { failed, type Outcome, type Step, type Trial } from "./step.ts";
import { STEPS } from "./steps.ts";

const DEPLOYMENTS = fileURLToPath(new URL("../deployments", import.meta.url));

/** The whole command; its exit status: 0 when every step passed or was skipped, 1 when one failed, 2 for wrong usage. */
export async function runTrial(words: readonly string[], outside: Outside): Promise<number> {
  let given: TrialArguments;
  let trial: Trial;
  const redactor = new Redactor();
  try {
    given = parseTrialArguments(words);
    trial = prepare(given, outside, redactor);
  } catch (error) {
    outside.say(`edgeward: ${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const report = new Report(given.report, outside, redactor);
  for (const [index, step] of STEPS.entries()) {
    const { name, what } = step;
    const title = `edgeward: trial ${index + 1}/${STEPS.length}, ${name}: ${what}`;
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

async function attempt(step: Step, trial: Trial): Promise<Outcome> {
  try {
    return await step.run(trial);
  } catch (error) {
    return failed(`it could not be done: ${(error as Error).message}`);
  }
}

/** Copies the settings, as a trial changes them. */
function prepare(given: TrialArguments, outside: Outside, redactor: Redactor): Trial {
  const { deployment } = given;
  const original = join(given.deployments ?? DEPLOYMENTS, `${deployment}.json`);
  const deployments = join(given.report, "deployments");
  const copy = join(deployments, `${deployment}.json`);
  const text = outside.read(copy) ?? outside.read(original);
  if (text === undefined) throw new Error(`there is no ${original}`);
  const settings = parseSettings(deployment, text, copy);
  if (settings.userPool.retain) throw new Error("a trial destroys its deployment: make one of its own, with userPool.retain set to false");
  outside.write(copy, text);
  const path = settings.edge.resources?.[0]?.path ?? "/mcp";
  return {
    given,
    outside,
    deployments,
    job: new Job(settings, {
      action: "deploy",
      deployment,
      deployments,
      bootstrap: given.bootstrap,
      dryRun: false,
      yes: false,
      assembly: undefined,
      stacksOnly: false,
    }),
    session: new Session(outside, redactor, settings.publicUrl, `${settings.publicUrl}${path}`),
    change(edit) {
      const changed = JSON.parse(outside.read(copy) ?? text);
      edit(changed);
      outside.write(copy, JSON.stringify(changed, null, 2));
    },
  };
}
