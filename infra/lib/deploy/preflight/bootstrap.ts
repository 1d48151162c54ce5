import { readFileSync } from "node:fs";
import { problem, type Finding } from "../finding.ts";
import type { Job } from "../job.ts";
import { bootstrapCommand } from "../programs.ts";
import type { World } from "../world.ts";

const { context } = JSON.parse(readFileSync(new URL("../../../cdk.json", import.meta.url), "utf8"));

/** Parameter that bootstrapping leaves behind. */
export const BOOTSTRAP_PARAMETER = `/cdk-bootstrap/${context["@aws-cdk/core:bootstrapQualifier"]}/version`;

/** Regions of the deployment that the CDK has not been bootstrapped in. */
export async function unbootstrapped(job: Job, { aws }: World): Promise<string[]> {
  const asked = job.regions.map(async (region) => ((await aws.hasParameter(region, BOOTSTRAP_PARAMETER)) ? [] : [region]));
  return (await Promise.all(asked)).flat();
}

export async function bootstrap(job: Job, world: World): Promise<Finding[]> {
  if (job.given.bootstrap) return [];
  return (await unbootstrapped(job, world)).map((region) =>
    problem(
      `the CDK is not bootstrapped in ${region} (no parameter ${BOOTSTRAP_PARAMETER}): ` +
        `\`make deploy DEPLOYMENT=${job.deployment} BOOTSTRAP=yes\` does it, or \`${bootstrapCommand(job, region)}\``,
    ),
  );
}
