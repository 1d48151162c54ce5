import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Programs } from "./world.ts";

/** The folder of the CDK app; the tool finds the edge's from it, too. */
export const INFRA = fileURLToPath(new URL("../..", import.meta.url));

/** Programs of this machine. */
export const shell: Programs = {
  run: (argv) => start(argv, "inherit"),
  succeeds: async (argv) => (await start(argv, "ignore")) === 0,
};

function start([program = "", ...words]: readonly string[], output: "inherit" | "ignore"): Promise<number> {
  const child = spawn(program, words, { cwd: INFRA, stdio: output });
  return new Promise((resolve) => {
    child.on("error", (error) => {
      if (output === "inherit") console.error(`edgeward: ${program} cannot be run: ${error.message}`);
      resolve(127);
    });
    child.on("close", (status) => resolve(status ?? 1));
  });
}
