// From an account at AWS and one at Cloudflare to a working Edgeward, and back: `make deploy` and `make destroy`.

import { setTimeout } from "node:timers/promises";
import { AwsSdk } from "./lib/deploy/aws-sdk.ts";
import { dns } from "./lib/deploy/dns.ts";
import { run } from "./lib/deploy/run.ts";
import { shell } from "./lib/deploy/shell.ts";

process.exitCode = await run(process.argv.slice(2), {
  aws: new AwsSdk(),
  dns,
  programs: shell,
  variables: process.env,
  say: (line) => console.log(line),
  pause: () => setTimeout(15_000, undefined, { ref: false }),
});
