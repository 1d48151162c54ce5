import { tool } from "../lib/deploy/programs.ts";
import type { CloudflareTrial } from "./trial.ts";

/** Pushes the edge; the tool's exit status. */
export const push = ({ job, outside }: CloudflareTrial): Promise<number> => outside.programs.run(tool(job, outside.variables, "push"));

/** The host that clients know. */
export const hostOf = ({ job }: CloudflareTrial): string => new URL(job.settings.publicUrl).hostname;
