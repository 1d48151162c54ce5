import { tool } from "../lib/deploy/programs.ts";
import type { Job } from "../lib/deploy/job.ts";
import type { Outside } from "./outside.ts";

export type Rotated = "signing" | "sealing" | "client-secret";

/** Does the step of a rotation that is due; the tool's exit status. */
export function rotate(job: Job, outside: Outside, what: Rotated, ...words: string[]): Promise<number> {
  return outside.programs.run(tool(job, outside.variables, "rotate", ...words, what));
}
