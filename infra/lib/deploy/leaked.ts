import { readFileSync, writeFileSync } from "node:fs";

/** What a leak of the origin's secret costs, said before anything happens. */
export const COST = [
  "edgeward: nobody has to sign in again for the origin's secret, and no request is refused: CloudFront sends the next secret,",
  "  which the firewall takes already, then the firewall lets go of the leaked one, then CloudFormation deletes it",
];

/**
 * Raises `server.originSecretGeneration` by one in a settings file, and leaves the rest of its text as it is.
 *
 * One and not two: the firewall takes this generation's secret and the next one's.
 *
 * @returns the generation that CloudFront sends from the next deployment on.
 */
export function raiseOriginSecret(file: string): number {
  const before = readFileSync(file, "utf8");
  const settings = JSON.parse(before) as { server?: { originSecretGeneration?: number } };
  const generation = (settings.server?.originSecretGeneration ?? 1) + 1;
  settings.server = { ...settings.server, originSecretGeneration: generation };
  const wanted = JSON.stringify(settings);
  const edited = [
    before.replace(/("originSecretGeneration"\s*:\s*)\d+/, `$1${generation}`),
    before.replace(/^(\s*)("server"\s*:\s*\{)/m, `$1$2\n$1$1"originSecretGeneration": ${generation},`),
  ].find((text) => sorted(text) === sorted(wanted));
  writeFileSync(file, edited ?? `${JSON.stringify(settings, null, 2)}\n`);
  return generation;
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
