import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Job } from "../lib/deploy/job.ts";
import { parseSettings } from "../lib/settings.ts";
import type { CommonArguments } from "./options.ts";
import type { Outside } from "./outside.ts";
import type { Redactor } from "./redact.ts";
import { Session } from "./session.ts";
import type { CommonTrial } from "./step.ts";

const DEPLOYMENTS = fileURLToPath(new URL("../deployments", import.meta.url));

/**
 * Copies the settings, as a trial changes them.
 *
 * @param harm What a trial does to its deployment.
 * @throws Error when there are no settings, or they are of a deployment that is to be kept.
 */
export function prepare(given: CommonArguments & { readonly bootstrap?: boolean }, outside: Outside, redactor: Redactor, harm: string): CommonTrial {
  const { deployment } = given;
  const original = join(given.deployments ?? DEPLOYMENTS, `${deployment}.json`);
  const deployments = join(given.report, "deployments");
  const copy = join(deployments, `${deployment}.json`);
  const text = outside.read(copy) ?? outside.read(original);
  if (text === undefined) throw new Error(`there is no ${original}`);
  const settings = parseSettings(deployment, text, copy);
  if (settings.userPool.retain) throw new Error(`a trial ${harm} its deployment: make one of its own, with userPool.retain set to false`);
  outside.write(copy, text);
  const path = settings.edge.resources?.[0]?.path ?? "/mcp";
  return {
    deployments,
    job: new Job(settings, {
      action: "deploy",
      deployment,
      deployments,
      bootstrap: given.bootstrap ?? false,
      dryRun: false,
      yes: false,
      assembly: undefined,
      stacksOnly: false,
    }),
    session: new Session(outside, redactor, settings.publicUrl, `${settings.publicUrl}${path}`),
    change(edit) {
      const changed = JSON.parse(outside.read(copy) ?? text);
      edit(changed);
      outside.write(copy, JSON.stringify(changed, null, 2));
    },
  };
}
