import { ENVIRONMENTS, isLocal } from "../../settings.ts";
import { problem, type Finding } from "../finding.ts";
import type { Job } from "../job.ts";
import { wranglerProgram } from "../programs.ts";
import type { World } from "../world.ts";

const TOKEN =
  "an API token with the permissions Account / Workers Scripts / Edit and, for the zone of the public URL, Zone / Workers Routes / " +
  'Edit (the template "Edit Cloudflare Workers" has both)';

/** Whether wrangler runs, and may deploy. */
export async function cloudflare({ programs, variables }: World): Promise<Finding[]> {
  const wrangler = wranglerProgram(variables);
  if (!(await programs.succeeds([wrangler, "--version"]))) {
    return [problem(`${wrangler} does not run: \`.ci/setup edge\` installs it and \`. .ci/env\` finds it, or name it in EDGEWARD_WRANGLER`)];
  }
  const missing = ["CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID"].filter((name) => !variables[name]);
  // A token that may deploy need not be able to say whose it is, so it is taken as it is.
  if (missing.length === 0) return [];
  if (missing.length === 1) return [problem(`${missing[0]} is not set: Cloudflare needs both, ${TOKEN}, and the account's id`)];
  if (await programs.succeeds([wrangler, "whoami", "--json"])) return [];
  return [
    problem(
      `there are no credentials of Cloudflare: set CLOUDFLARE_API_TOKEN, ${TOKEN}, and CLOUDFLARE_ACCOUNT_ID; or run \`wrangler login\``,
    ),
  ];
}

/** Whether the edge can be where the settings say. */
export function address({ settings, given, environment, deployment }: Job): Finding[] {
  if (given.stacksOnly) return [];
  const { hostname, port } = new URL(settings.publicUrl);
  const own = environment ?? deployment;
  if (!environment && !ENVIRONMENTS.some((name) => name === deployment)) {
    return [
      problem(
        `edge.environment is missing in the settings: set it to dev, staging or prod, the environment of edge/cloudflare/wrangler.toml ` +
          `that ${deployment} belongs to`,
      ),
    ];
  }
  if (isLocal(settings.publicUrl)) {
    return [problem("publicUrl leads to this machine, and the edge goes to Cloudflare: give an https URL, or try it out with `make deploy-local`")];
  }
  if (port) return [problem(`publicUrl has the port ${port}, and Cloudflare serves none but 443: leave it out`)];
  if (hostname.endsWith(".workers.dev") && own !== "dev") {
    return [problem(`publicUrl is a workers.dev address, which only the environment dev has: give a domain of your own, or set edge.environment to dev`)];
  }
  return [];
}
