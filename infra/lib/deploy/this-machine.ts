import { setTimeout } from "node:timers/promises";
import { AwsSdk } from "./aws-sdk.ts";
import { dns } from "./dns.ts";
import { shell } from "./shell.ts";
import type { World } from "./world.ts";

/** The world as it is: AWS, this machine's programs and its terminal. */
export const thisMachine: World = {
  aws: new AwsSdk(),
  dns,
  programs: shell,
  variables: process.env,
  setVariable: (name, value) => void (process.env[name] = value),
  say: (line) => console.log(line),
  pause: () => setTimeout(15_000, undefined, { ref: false }),
};
