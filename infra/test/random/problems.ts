import { Preflight } from "cdk-preflight";
import { PARTS, regionOf } from "../../lib/names.ts";
import { typesMissing } from "../cloudformation-schemas.ts";
import { RULES } from "../reality/rules.ts";
import { synthesizeFile } from "../templates.ts";

/** A deployment and its settings as they stand in a file. */
export interface Drawn {
  readonly deployment: string;
  readonly settings: Record<string, any>;
}

/**
 * What AWS would refuse, or what is not as safe as it must be, in a deployment.
 *
 * @throws Error when the settings are refused, or when cdk-preflight finds something, which it prints.
 */
export function problems({ deployment, settings }: Drawn): string[] {
  const templates = synthesizeFile(deployment, JSON.stringify(settings), [], (app) => Preflight.apply(app, { strict: true }));
  const missing = PARTS.flatMap((part) => {
    const region = regionOf(part, settings["region"]);
    const types = Object.values(templates[part].Resources).map(({ Type }) => Type);
    return typesMissing(region, types).map((type) => `${region} has no ${type}`);
  });
  return [
    ...missing,
    ...RULES.flatMap(({ name, broken }) => broken(templates).map((problem) => `${name}: ${problem}`)),
  ];
}
