import { fileURLToPath } from "node:url";
import { readSettings } from "../settings.ts";
import { parseArguments, USAGE, type Arguments } from "./arguments.ts";
import { deploy, dryRun } from "./deploy.ts";
import { destroy } from "./destroy.ts";
import { replaceOriginSecret } from "./leaked.ts";
import { preflight } from "./preflight.ts";
import type { World } from "./world.ts";

const DEPLOYMENTS = fileURLToPath(new URL("../../deployments", import.meta.url));

/** The whole command; its exit status: 0 is good, 1 a problem or refusal, 2 wrong usage. */
export async function run(words: readonly string[], world: World): Promise<number> {
  let given: Arguments;
  try {
    given = parseArguments(words);
  } catch (error) {
    world.say(`edgeward: ${(error as Error).message}\n${USAGE}`);
    return 2;
  }
  const folder = given.deployments ?? DEPLOYMENTS;
  const ready = await preflight(given, () => readSettings(given.deployment, folder), world);
  if (!ready) return 1;
  if (given.leaked) {
    if (!replaceOriginSecret(ready, `${folder}/${given.deployment}.json`, world)) return 1;
    if (given.dryRun) return 0;
  }
  try {
    if (given.action === "destroy") return await destroy(ready, world);
    return await (given.dryRun ? dryRun(ready, world) : deploy(ready, world));
  } catch (error) {
    const { name, message } = error as Error;
    world.say(`edgeward: AWS refused something: ${name}, ${message}; mend that and do this again`);
    return 1;
  }
}
