import type { Part } from "../names.ts";
import type { Stack } from "./aws.ts";
import type { Job } from "./job.ts";
import type { World } from "./world.ts";

/** What stands of a deployment. */
export interface Standing {
  readonly stacks: readonly {
    readonly part: Part;
    readonly name: string;
    readonly region: string;
    readonly stack: Stack | undefined;
  }[];
  /** Parameters with private keys that are not there. */
  readonly missingKeys: readonly string[];
}

export async function look(job: Job, { aws }: World): Promise<Standing> {
  const stacks = job.parts.map(async (part) => {
    const [name, region] = [job.names.of(part), job.regionOf(part)];
    return { part, name, region, stack: await aws.stack(region, name) };
  });
  const missing = job.keysParameters.map(async (name) => ((await aws.hasParameter(job.region, name)) ? [] : [name]));
  return { stacks: await Promise.all(stacks), missingKeys: (await Promise.all(missing)).flat() };
}

/** A stack that failed when it was made, or never was: nothing of it is in use. */
const UNMADE = /^(ROLLBACK_|CREATE_FAILED|REVIEW_IN_PROGRESS|DELETE_)/;

/** The parts that are yet to be made. */
export function creating({ stacks }: Pick<Standing, "stacks">): Part[] {
  return stacks.filter(({ stack }) => !stack || UNMADE.test(stack.status)).map(({ part }) => part);
}

/** Says what stands, for somebody who must decide how to go on. */
export function describeStanding(job: Job, { stacks, missingKeys }: Standing): string[] {
  const stackLines = stacks.map(({ name, region, stack }) => {
    const after = /^ROLLBACK_(COMPLETE|FAILED)$/.test(stack?.status ?? "") ? "; the next deployment deletes it before it makes it anew" : "";
    return `  stack ${name} in ${region}: ${stack ? `${stack.status}${after}` : "not there"}`;
  });
  const keyLines = job.keysParameters.map(
    (name) => `  keys ${name} in ${job.region}: ${missingKeys.includes(name) ? "not there" : "there"}`,
  );
  return [...stackLines, ...keyLines];
}
