import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout } from "node:timers/promises";
import { thisMachine } from "../lib/deploy/this-machine.ts";
import { TrialAwsSdk } from "./aws-sdk.ts";
import { http, listen } from "./http.ts";
import type { Outside } from "./outside.ts";

/** The world as it is. */
export const machine = {
  ...thisMachine,
  aws: new TrialAwsSdk(),
  http,
  listen,
  now: Date.now,
  // A deployment's own pause does not keep the process alive, and nothing else does while a trial waits for figures.
  pause: (milliseconds = 15_000) => setTimeout(milliseconds),
  wait: (milliseconds: number) => setTimeout(milliseconds),
  read(file: string) {
    try {
      return readFileSync(file, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    }
  },
  write(file: string, text: string) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  },
} satisfies Outside;
