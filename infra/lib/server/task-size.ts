/** What Fargate gives a task: CPU units, of which a vCPU has 1024, and memory. */
interface TaskSize {
  readonly cpu: 256 | 512 | 1024 | 2048;
  /** In MiB. @default the least that Fargate has for this `cpu` */
  readonly memoryMiB?: number | undefined;
}

/** The only pairs (https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size). */
export const FARGATE_MEMORY: Readonly<Record<TaskSize["cpu"], readonly number[]>> = {
  256: [512, 1024, 2048],
  512: eachGiB(1, 4),
  1024: eachGiB(2, 8),
  2048: eachGiB(4, 16),
};

function eachGiB(least: number, most: number): number[] {
  return Array.from({ length: most - least + 1 }, (_, index) => (least + index) * 1024);
}

/** Memory of a task in MiB. */
export const memoryOf = ({ cpu, memoryMiB }: TaskSize) => memoryMiB ?? 2 * cpu;

/** Why Fargate has no such tasks; nothing if it has. */
export function memoryProblem(size: TaskSize): string | undefined {
  const possible = FARGATE_MEMORY[size.cpu];
  if (possible.includes(memoryOf(size))) return undefined;
  return `Fargate has no tasks with cpu ${size.cpu} and this memory; choose one of ${possible.join(", ")}`;
}
