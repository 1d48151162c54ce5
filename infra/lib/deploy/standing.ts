import { PARTS, type Part } from "../names.ts";
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
  /** Whether the edge has keys. */
  readonly hasKeys: boolean;
}

export async function look(job: Job, { aws }: World): Promise<Standing> {
  const stacks = PARTS.map(async (part) => {
    const [name, region] = [job.names.of(part), job.regionOf(part)];
    return { part, name, region, stack: await aws.stack(region, name) };
  });
  return { stacks: await Promise.all(stacks), hasKeys: await aws.hasParameter(job.region, job.keysParameter) };
}

/** A stack that failed when it was made, or never was: nothing of it is in use. */
const UNMADE = /^(ROLLBACK_|CREATE_FAILED|REVIEW_IN_PROGRESS|DELETE_)/;

/** The parts that are yet to be made. */
export function creating({ stacks }: Pick<Standing, "stacks">): Part[] {
  return stacks.filter(({ stack }) => !stack || UNMADE.test(stack.status)).map(({ part }) => part);
}

/** Says what stands, for somebody who must decide how to go on. */
export function describeStanding(job: Job, { stacks, hasKeys }: Standing): string[] {
  const stackLines = stacks.map(({ name, region, stack }) => {
    const after = /^ROLLBACK_(COMPLETE|FAILED)$/.test(stack?.status ?? "") ? "; the next deployment deletes it before it makes it anew" : "";
    return `  stack ${name} in ${region}: ${stack ? `${stack.status}${after}` : "not there"}`;
  });
  return [...stackLines, `  keys ${job.keysParameter} in ${job.region}: ${hasKeys ? "there" : "not there"}`];
}
