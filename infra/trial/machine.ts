import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { thisMachine } from "../lib/deploy/this-machine.ts";
import { TrialAwsSdk } from "./aws-sdk.ts";
import { http, listen } from "./http.ts";
import type { Outside } from "./outside.ts";

/** The world as it is. */
export const machine: Outside = {
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
};
