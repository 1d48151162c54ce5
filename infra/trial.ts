// Tries a deployment in a real account, once: deploy, sign in, measure, rotate, destroy. README.md says how.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { thisMachine } from "./lib/deploy/this-machine.ts";
import { TrialAwsSdk } from "./trial/aws-sdk.ts";
import { http, listen } from "./trial/http.ts";
import { runTrial } from "./trial/run.ts";

process.exitCode = await runTrial(process.argv.slice(2), {
  ...thisMachine,
  aws: new TrialAwsSdk(),
  http,
  listen,
  now: Date.now,
  wait: (milliseconds) => setTimeout(milliseconds),
  read(file) {
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  },
  write(file, text) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  },
});
