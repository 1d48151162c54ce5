// Why stacks failed, from what happened to them during a run.

import { PARTS, type Part } from "../names.ts";
import type { StackEvent, StoppedTask } from "./aws.ts";
import { advise } from "./causes.ts";
import type { Job } from "./job.ts";
import { reasonsOf } from "./stopped-tasks.ts";
import type { World } from "./world.ts";

/** The newest event of each stack when a run begins. */
export type Before = ReadonlyMap<Part, string | undefined>;

export async function eventsBefore(job: Job, { aws }: World): Promise<Before> {
  const newest = PARTS.map(async (part) => [part, (await aws.events(job.regionOf(part), job.names.of(part)))[0]?.id] as const);
  return new Map(await Promise.all(newest));
}

/**
 * What has happened to a stack since, the oldest first. By identity and not by time: no two clocks agree, and a stack that
 * was made anew has none of the old one's events.
 */
export async function eventsSince(before: Before, part: Part, job: Job, { aws }: World): Promise<StackEvent[]> {
  const events = await aws.events(job.regionOf(part), job.names.of(part));
  const last = events.findIndex(({ id }) => id === before.get(part));
  return (last < 0 ? events : events.slice(0, last)).toReversed();
}

/** Those that say why: what fails because something else has failed is left out, and so is the stack that sums it up. */
export function failures(events: readonly StackEvent[]): StackEvent[] {
  const failed = events.filter(({ status, reason }) => status.endsWith("_FAILED") && !/^Resource .*cancell?ed/i.test(reason));
  const resources = failed.filter(({ type }) => type !== "AWS::CloudFormation::Stack");
  return resources.length > 0 ? resources : failed;
}

/** Says what has failed, and what to do. */
export async function diagnose(job: Job, world: World, before: Before, tasks: readonly StoppedTask[]): Promise<string[]> {
  const lines: string[] = [];
  const advice = new Set<string>();
  const explain = (reason: string) => {
    const known = advise(reason);
    if (known) advice.add(known);
  };
  for (const part of PARTS) {
    const stack = await world.aws.stack(job.regionOf(part), job.names.of(part));
    lines.push(`${job.names.of(part)} in ${job.regionOf(part)}: ${stack?.status ?? "not there"}`);
    const failed = failures(await eventsSince(before, part, job, world));
    for (const { resource, type, reason, status } of failed) {
      lines.push(`  ${resource} (${type}): ${oneLine(reason || status)}`);
      explain(reason);
    }
    if (failed.some(({ type }) => type === "AWS::ECS::Service")) {
      for (const reason of reasonsOf(tasks)) {
        lines.push(`  a task stopped: ${reason}`);
        explain(reason);
      }
    }
  }
  return [...lines, ...[...advice].map((text) => `what to do: ${text}`)];
}

/** Some reasons are whole stack traces. */
function oneLine(reason: string): string {
  const text = reason.replaceAll(/\s+/g, " ");
  return text.length > 400 ? `${text.slice(0, 400)}…` : text;
}
