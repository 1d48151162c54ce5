// CloudFormation's schemas of resource types, as cfn-lint ships them: `.ci/setup infra` installs it.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { regionProblem } from "../lib/regions.ts";

interface Schema {
  /** JSON pointers to the properties whose change is a replacement. */
  readonly createOnlyProperties?: readonly string[];
  /** Those whose change may be one. */
  readonly conditionalCreateOnlyProperties?: readonly string[];
}

const libraries = fileURLToPath(new URL("../../target/python/lib", import.meta.url));
if (!existsSync(libraries)) throw new Error("cfn-lint is not installed, whose schemas are read here: run `.ci/setup infra`");
const [python = ""] = readdirSync(libraries);
const folder = join(libraries, python, "site-packages/cfnlint/data/schemas");
const read = (...path: string[]) => JSON.parse(readFileSync(join(folder, ...path), "utf8"));

/** Regions that a deployment may have. */
export const regions: readonly string[] = readdirSync(join(folder, "providers"))
  .map((name) => name.replace(/\.json$/, ""))
  .filter((name) => /-\d$/.test(name) && regionProblem(name) === undefined);

const listings = new Map<string, Record<string, string>>();
function listing(region: string): Record<string, string> {
  const known = listings.get(region) ?? (read("providers", `${region}.json`) as Record<string, string>);
  listings.set(region, known);
  return known;
}

/** Resource types that a region does not have. Custom resources are the template's own. */
export function typesMissing(region: string, types: Iterable<string>): string[] {
  return [...new Set(types)].filter((type) => !type.startsWith("Custom::") && !(type in listing(region)));
}

/** What CloudFormation's documentation marks "Update requires: Replacement", as paths of property names. */
export function createOnly(type: string): string[][] {
  if (type.startsWith("Custom::")) return [["ServiceToken"]];
  const name = listing("us-east-1")[type];
  if (!name) throw new Error(`CloudFormation has no type ${type}`);
  const { createOnlyProperties = [], conditionalCreateOnlyProperties = [] } = read("resources", `${name}.json`) as Schema;
  // One that may be a replacement is taken for one.
  return [...createOnlyProperties, ...conditionalCreateOnlyProperties].map((pointer) => pointer.split("/").slice(2));
}
