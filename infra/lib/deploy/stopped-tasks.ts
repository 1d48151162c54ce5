import type { StoppedTask } from "./aws.ts";
import type { Job } from "./job.ts";
import type { World } from "./world.ts";

/** Runs something, and collects the tasks that stop meanwhile: when CloudFormation has rolled back, their cluster is gone. */
export async function collectingStoppedTasks<T>(job: Job, world: World, run: () => Promise<T>): Promise<[T, StoppedTask[]]> {
  const seen = new Map<string, StoppedTask>();
  let isOver = false;
  const look = async () => {
    try {
      for (const task of await world.aws.stoppedTasks(job.region, job.names.of("cluster"))) seen.set(task.id, task);
    } catch {
      // They are only for an explanation; what fails, says so by itself.
    }
  };
  const looking = async () => {
    while (!isOver) {
      await look();
      await world.pause();
    }
  };
  void looking();
  const result = await run();
  isOver = true;
  await look();
  return [result, [...seen.values()]];
}

/** Why tasks stopped, each reason once. */
export function reasonsOf(tasks: readonly StoppedTask[]): string[] {
  const texts = tasks.map(({ reason, containers }) => {
    const ended = containers.map(({ name, reason, exitCode }) =>
      [`container ${name}`, ...(exitCode === undefined ? [] : [`exit code ${exitCode}`]), ...(reason ? [reason] : [])].join(", "),
    );
    return [reason, ...ended].join("; ");
  });
  return [...new Set(texts)];
}
