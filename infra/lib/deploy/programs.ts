// How the programs are called that do the work.

import { resolve } from "node:path";
import type { Part } from "../names.ts";
import { DOCKER_ARCHITECTURE } from "../server/architecture.ts";
import type { Job } from "./job.ts";
import type { World } from "./world.ts";

type Variables = World["variables"];

/** The program: a path is one from where we are, as the programs are run in another folder. */
const program = (given: string | undefined, usual: string) => (given?.includes("/") ? resolve(given) : given || usual);

export const toolProgram = (variables: Variables) => program(variables["EDGEWARD_TOOL"], "edgeward");
export const wranglerProgram = (variables: Variables) => program(variables["EDGEWARD_WRANGLER"], "wrangler");

export type ToolCommand = "keygen" | "publish-jwks" | "push" | "check" | "drift" | "rotate" | "remove";

/** Those that must know the Worker's environment where the deployment's name does not tell. */
const REACHES_THE_WORKER: readonly ToolCommand[] = ["push", "check", "rotate", "remove"];

/** The operator's tool. */
export function tool(job: Job, variables: Variables, command: ToolCommand, ...words: string[]): string[] {
  const { deployment, region, environment } = job;
  const argv = [toolProgram(variables), command, "--deployment", deployment, "--region", region];
  if (environment && REACHES_THE_WORKER.includes(command)) argv.push("--env", environment);
  return [...argv, ...words];
}

/** The CDK's command line, with the app of this folder or an assembly that was given. */
export function cdk(job: Job, words: string[], creating: readonly Part[] = []): string[] {
  const { assembly, deployments } = job.given;
  const argv = ["node_modules/.bin/cdk", ...words];
  if (assembly) return [...argv, "--app", assembly];
  argv.push("-c", `deployment=${job.deployment}`);
  if (deployments) argv.push("-c", `deployments=${deployments}`);
  const domain = job.settings.userPool.existing?.domain;
  if (domain) argv.push("-c", `userPoolDomain=${domain}`);
  if (creating.length > 0) argv.push("-c", `creating=${creating.join(",")}`);
  return argv;
}

/** Compiles what is in the origin's image. */
export function compileOrigin({ settings }: Job): string[] {
  return ["make", "--no-print-directory", "-C", "..", "origin", `ARCHITECTURE=${DOCKER_ARCHITECTURE[settings.server.architecture]}`];
}

/** The same, for people. */
export function bootstrapCommand(job: Job, region: string): string {
  const [, ...words] = cdk(job, ["bootstrap", `aws://${job.settings.account}/${region}`]);
  const quoted = words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`));
  return `cd infra && npx cdk ${quoted.join(" ")}`;
}
