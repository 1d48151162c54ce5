import { readFileSync, writeFileSync } from "node:fs";
import { ORIGIN_SECRET_GENERATION } from "../names.ts";
import type { Ready } from "./preflight.ts";
import { creating, type Standing } from "./standing.ts";
import type { World } from "./world.ts";

/** What a leak of the origin's secret costs, said before anything happens. */
const COST = [
  "edgeward: nobody has to sign in again for the origin's secret, and no request is refused: CloudFront sends the next secret,",
  "  which the firewall takes already, then the firewall lets go of the leaked one, then CloudFormation deletes it",
];

/**
 * Sets the generation that follows the leaked one in a settings file, and says so.
 *
 * The stacks say which generation is deployed. If the settings are one ahead, an earlier run has set it and was not finished: this run
 * finishes that one, and sets nothing. Once the stacks are deployed, nothing tells a run that failed afterwards from one that did not.
 *
 * @returns whether the deployment is to go on.
 */
export function replaceOriginSecret({ job, standing }: Ready, file: string, world: World): boolean {
  const named = job.settings.server.originSecretGeneration;
  const { dryRun } = job.given;
  const refuse = (why: string) => {
    world.say(`edgeward: nothing was done: ${why}`);
    return false;
  };
  if (job.settings.server.existing) {
    return refuse("the stacks make no origin here (server.existing), so there is no secret of CloudFront's");
  }
  if (creating(standing).includes("server")) {
    return refuse("the origin has no secret yet, as its stack is not deployed; deploy without LEAKED");
  }
  const deployed = deployedOriginSecret(standing);
  if (deployed === undefined) {
    return refuse("the stacks do not say which secret is deployed, as they are of an older version; deploy without LEAKED, and do this again");
  }
  // One and not two: the firewall takes this generation's secret and the next one's.
  const generation = deployed + 1;
  if (named > generation) {
    return refuse(
      `server.originSecretGeneration of ${job.deployment} is ${named}, and ${deployed} is deployed: CloudFront would send a secret ` +
        `that the firewall does not take yet; set it to ${generation}, and do this again`,
    );
  }
  COST.forEach((line) => world.say(line));
  if (named === generation) {
    world.say(`edgeward: server.originSecretGeneration of ${job.deployment} is ${generation} already, and ${deployed} is deployed:`);
    world.say("  an earlier run raised it and did not deploy it; this one finishes that run, and replaces nothing twice");
    return true;
  }
  if (!dryRun) setOriginSecret(file, generation);
  const setting = `server.originSecretGeneration of ${job.deployment}`;
  world.say(
    dryRun
      ? `edgeward: would set ${setting} to ${generation}, as ${deployed} is deployed`
      : `edgeward: ${setting} is ${generation} now, as ${deployed} is deployed: keep that change of its settings`,
  );
  return true;
}

/** Which of the origin's secrets CloudFront sends; nothing if its stack does not stand, or is too old to say it. */
export function deployedOriginSecret({ stacks }: Pick<Standing, "stacks">): number | undefined {
  const generation = Number(stacks.find(({ part }) => part === "server")?.stack?.outputs?.[ORIGIN_SECRET_GENERATION]);
  return Number.isInteger(generation) ? generation : undefined;
}

/** Sets `server.originSecretGeneration` in a settings file, and leaves the rest of its text as it is. */
export function setOriginSecret(file: string, generation: number): void {
  const before = readFileSync(file, "utf8");
  const settings = JSON.parse(before) as { server?: { originSecretGeneration?: number } };
  settings.server = { ...settings.server, originSecretGeneration: generation };
  const wanted = JSON.stringify(settings);
  const edited = [
    before.replace(/("originSecretGeneration"\s*:\s*)\d+/, `$1${generation}`),
    before.replace(/^(\s*)("server"\s*:\s*\{)/m, `$1$2\n$1$1"originSecretGeneration": ${generation},`),
  ].find((text) => sorted(text) === sorted(wanted));
  writeFileSync(file, edited ?? `${JSON.stringify(settings, null, 2)}\n`);
}

/** The same for settings that differ in the order of members and in spaces only; nothing for what is no JSON. */
function sorted(text: string): string | undefined {
  const order = (_: string, value: unknown) =>
    value && typeof value === "object" && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort()) : value;
  try {
    return JSON.stringify(JSON.parse(text), order);
  } catch {
    return undefined;
  }
}
