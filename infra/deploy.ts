// From an account at AWS and one at Cloudflare to a working Edgeward, and back: `make deploy` and `make destroy`.

import { run } from "./lib/deploy/run.ts";
import { thisMachine } from "./lib/deploy/this-machine.ts";

process.exitCode = await run(process.argv.slice(2), thisMachine);
