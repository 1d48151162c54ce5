import { problem, type Finding } from "../finding.ts";
import { toolProgram } from "../programs.ts";
import type { World } from "../world.ts";

/** Whether the operator's tool runs. */
export async function operatorsTool({ programs, variables }: World): Promise<Finding[]> {
  const program = toolProgram(variables);
  if (await programs.succeeds([program, "--version"])) return [];
  return [problem(`${program} does not run: \`cargo install --locked --path infra/edgeward\`, or name it in EDGEWARD_TOOL`)];
}
