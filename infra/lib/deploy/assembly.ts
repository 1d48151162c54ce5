import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Whether deploying a cloud assembly builds an image.
 *
 * @throws Error when the folder is no cloud assembly.
 */
export function buildsImage(assembly: string): boolean {
  let files: string[];
  try {
    files = readdirSync(assembly);
  } catch {
    files = [];
  }
  if (!files.includes("manifest.json")) throw new Error(`${assembly} is no cloud assembly: make one with \`cdk synth --output\``);
  return files
    .filter((name) => name.endsWith(".assets.json"))
    .some((name) => Object.keys(JSON.parse(readFileSync(join(assembly, name), "utf8")).dockerImages ?? {}).length > 0);
}
