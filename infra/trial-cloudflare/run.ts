import { isAccountRight } from "../trial/account.ts";
import { prepare } from "../trial/prepare.ts";
import { Redactor } from "../trial/redact.ts";
import { Report } from "../trial/report.ts";
import { runSteps } from "../trial/run-steps.ts";
import { parseCloudflareArguments, USAGE, type CloudflareArguments } from "./arguments.ts";
import { CloudflareApi } from "./cloudflare-api.ts";
import type { CloudflareOutside } from "./outside.ts";
import { STEPS } from "./steps.ts";
import { Vantage, type CloudflareTrial } from "./trial.ts";
import { parseVia, viaLines, type Via } from "./via.ts";

/** The whole command; its exit status: 0 when every step passed or was skipped, 1 when one failed or the AWS account is another one, 2 for wrong usage. */
export async function runCloudflareTrial(words: readonly string[], outside: CloudflareOutside): Promise<number> {
  const redactor = new Redactor();
  let given: CloudflareArguments;
  let trial: CloudflareTrial;
  let report: Report;
  try {
    given = parseCloudflareArguments(words);
    const common = prepare(given, outside, redactor, "interrupts");
    report = new Report(given.report, outside, redactor);
    const known = report;
    trial = {
      ...common,
      given,
      outside,
      cloudflare: new CloudflareApi(outside, redactor, common.job.worker),
      vantages: [new Vantage(outside, undefined), ...places(given, outside).map((via) => new Vantage(outside, via))],
      began: () => known.began ?? outside.now(),
      spanOf: (step) => known.spanOf(step),
    };
  } catch (error) {
    outside.say(`edgeward: ${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  if (!(await isAccountRight(trial.job, outside))) return 1;
  return runSteps(STEPS, trial, given, outside, report, redactor);
}

function places({ via, viaFile }: CloudflareArguments, outside: CloudflareOutside): Via[] {
  const listed = viaFile === undefined ? "" : outside.read(viaFile);
  if (listed === undefined) throw new Error(`there is no ${viaFile}`);
  return [...via, ...viaLines(listed)].map(parseVia);
}
