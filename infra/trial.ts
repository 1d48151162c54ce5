// Tries a deployment in a real account, once: deploy, sign in, measure, rotate, destroy. README.md says how.

import { machine } from "./trial/machine.ts";
import { runTrial } from "./trial/run.ts";

process.exitCode = await runTrial(process.argv.slice(2), machine);
