// Tries a deployment in a real account, once: deploy, sign in, measure, rotate, destroy. README.md says how.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { dns } from "./lib/deploy/dns.ts";
import { shell } from "./lib/deploy/shell.ts";
import { TrialAwsSdk } from "./trial/aws-sdk.ts";
import { http, listen } from "./trial/http.ts";
import { runTrial } from "./trial/run.ts";

process.exitCode = await runTrial(process.argv.slice(2), {
  aws: new TrialAwsSdk(),
  dns,
  programs: shell,
  variables: process.env,
  say: (line) => console.log(line),
  pause: () => setTimeout(15_000, undefined, { ref: false }),
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
