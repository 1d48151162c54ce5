import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Job } from "../lib/deploy/job.ts";
import { parseSettings, type Settings } from "../lib/settings.ts";
import { Background } from "./background.ts";
import type { CommonArguments } from "./options.ts";
import type { Outside } from "./outside.ts";
import type { Redactor } from "./redact.ts";
import { Session } from "./session.ts";
import type { ChangingTrial, CommonTrial } from "./step.ts";

const DEPLOYMENTS = fileURLToPath(new URL("../deployments", import.meta.url));

type Given = CommonArguments & { readonly bootstrap?: boolean };

/**
 * For a trial that takes the settings as they are.
 *
 * @param harm What a trial does to its deployment.
 * @throws Error when there are no settings, or they are of a deployment that is to be kept.
 */
export function prepare(given: Given, outside: Outside, redactor: Redactor, harm: string): CommonTrial {
  const folder = folderOf(given);
  const original = expendable(given, folder, outside, harm);
  if (!original) throw new Error(`there is no ${fileIn(folder, given)}`);
  return common(original.settings, folder, given, outside, redactor);
}

/**
 * For a trial that changes a copy of the settings. An earlier run's copy is used again, as AWS has what it says;
 * the settings themselves are looked at all the same, for the deployment may have become one that is to be kept.
 *
 * @param harm What a trial does to its deployment.
 * @throws Error when there are no settings, or they or the copy are of a deployment that is to be kept.
 */
export function prepareCopy(given: Given, outside: Outside, redactor: Redactor, harm: string): CommonTrial & ChangingTrial {
  const folder = folderOf(given);
  const deployments = join(given.report, "deployments");
  const original = expendable(given, folder, outside, harm);
  const used = expendable(given, deployments, outside, harm) ?? original;
  if (!used) throw new Error(`there is no ${fileIn(folder, given)}`);
  const copy = fileIn(deployments, given);
  return {
    ...common(used.settings, deployments, given, outside, redactor),
    deployments,
    copySettings: () => outside.write(copy, used.text),
    change(edit) {
      const changed = JSON.parse(outside.read(copy) ?? used.text);
      edit(changed);
      outside.write(copy, JSON.stringify(changed, null, 2));
    },
  };
}

const folderOf = ({ deployments }: Given) => deployments ?? DEPLOYMENTS;
const fileIn = (folder: string, { deployment }: Given) => join(folder, `${deployment}.json`);

/** The settings in a folder, if they are there; those of a deployment that is to be kept are an error. */
function expendable(given: Given, folder: string, outside: Outside, harm: string): { text: string; settings: Settings } | undefined {
  const file = fileIn(folder, given);
  const text = outside.read(file);
  if (text === undefined) return undefined;
  const settings = parseSettings(given.deployment, text, file);
  if (settings.userPool.retain) {
    throw new Error(`a trial ${harm} its deployment: make one of its own, with userPool.retain set to false; ${file} has it true`);
  }
  return { text, settings };
}

function common(settings: Settings, deployments: string, { bootstrap = false }: Given, outside: Outside, redactor: Redactor): CommonTrial {
  const { deployment, publicUrl, edge } = settings;
  const path = edge.resources?.[0]?.path ?? "/mcp";
  return {
    job: new Job(settings, { action: "deploy", deployment, deployments, bootstrap, dryRun: false, yes: false, assembly: undefined, stacksOnly: false, leaked: undefined }),
    session: new Session(outside, redactor, publicUrl, `${publicUrl}${path}`),
    background: new Background(outside),
  };
}
