import type { Settings } from "../settings.ts";
import type { Arguments } from "./arguments.ts";
import { looking, problem, type Finding } from "./finding.ts";
import { Job } from "./job.ts";
import { account, credentials } from "./preflight/account.ts";
import { bootstrap } from "./preflight/bootstrap.ts";
import { domain } from "./preflight/domain.ts";
import { address, cloudflare } from "./preflight/edge.ts";
import { email } from "./preflight/email.ts";
import { engine, image } from "./preflight/image.ts";
import { replaced, userPool, withDomain } from "./preflight/existing.ts";
import { leftOver } from "./preflight/left-over.ts";
import { operatorsTool } from "./preflight/tool.ts";
import { zones } from "./preflight/zones.ts";
import { look, type Standing } from "./standing.ts";
import type { World } from "./world.ts";

/** A job that nothing is known to stand in the way of, and what stands of it. */
export interface Ready {
  readonly job: Job;
  readonly standing: Standing;
}

/**
 * Looks at everything that a run needs, and writes nothing. All that is wrong is said at once.
 *
 * @param settings Reads the settings, or says what is wrong with them.
 */
export async function preflight(given: Arguments, settings: () => Settings, world: World): Promise<Ready | undefined> {
  let job: Job | undefined;
  const findings: Finding[] = [];
  try {
    job = new Job(settings(), given);
  } catch (error) {
    findings.push(problem((error as Error).message));
  }
  findings.push(...(await operatorsTool(world)));
  if (!given.stacksOnly) findings.push(...(await cloudflare(world)));
  if (job) findings.push(...address(job));
  if (job && given.action === "deploy") findings.push(...(await engine(job, world)));

  let unusable = await credentials(world);
  if (job && unusable.length === 0) unusable = await account(job, world);
  findings.push(...unusable);
  let standing: Standing | undefined;
  // Another account's answers would only mislead.
  if (job && unusable.length === 0) {
    const here = job;
    findings.push(
      ...(await looking("what stands of the deployment", async () => {
        standing = await look(here, world);
        return given.action === "deploy" ? leftOver(here, world, standing) : [];
      })),
    );
    if (given.action === "deploy") {
      findings.push(...(await looking("whether the CDK is bootstrapped", () => bootstrap(here, world))));
      findings.push(...(await looking("what the deployment has made before", async () => (standing ? replaced(here, world, standing) : []))));
      findings.push(...(await looking("the user pool", () => userPool(here, world))));
      findings.push(...(await looking("the login pages' domain", () => domain(here, world))));
      findings.push(...(await looking("how the user pool sends mails", () => email(here, world))));
      findings.push(...(await looking("the availability zones", () => zones(here, world))));
      findings.push(...(await image(here, world)));
    }
  }

  for (const { kind, text } of findings) if (kind === "note") world.say(`edgeward: note: ${text}`);
  const problems = findings.filter(({ kind }) => kind === "problem");
  if (job && standing && problems.length === 0) return { job: await withDomain(job, world), standing };
  world.say(`edgeward: nothing was done, for ${problems.length === 1 ? "a reason" : `${problems.length} reasons`}:`);
  for (const { text } of problems) world.say(`  - ${text}`);
  return undefined;
}
