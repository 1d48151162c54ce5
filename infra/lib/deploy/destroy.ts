import { diagnose, eventsBefore } from "./diagnosis.ts";
import type { Job } from "./job.ts";
import { removeLogBuckets } from "./log-buckets.ts";
import type { Ready } from "./preflight.ts";
import { cdk, tool } from "./programs.ts";
import { look, type Standing } from "./standing.ts";
import type { World } from "./world.ts";

/** Takes a deployment away; the exit status. */
export async function destroy({ job, standing }: Ready, world: World): Promise<number> {
  const { aws, programs, say, variables } = world;
  const refusal = refuse(job, standing);
  if (refusal) {
    say(`edgeward: nothing was removed: ${refusal}`);
    return 1;
  }
  if (!job.given.yes) {
    say("edgeward: nothing was removed. With --yes (`make destroy DEPLOYMENT=… YES=yes`) this is removed, and cannot be had back:");
    (await removable(job, world, standing)).forEach((line) => say(`  ${line}`));
    return 1;
  }
  const ours = !job.settings.userPool.existing;
  const pool = ours ? await aws.parameter(job.region, job.names.edgeParameter("cognito-user-pool-id")) : undefined;

  if (!job.given.stacksOnly) {
    say("edgeward: remove the edge and its keys");
    if ((await programs.run(tool(job, variables, "remove", "--yes"))) !== 0) {
      say("edgeward: that failed, and the stacks still stand: mend the cause and do this again; the message of the tool is above");
      return 1;
    }
  }
  say("edgeward: destroy the stacks");
  const before = await eventsBefore(job, world);
  const destroyStacks = () => programs.run(cdk(job, ["destroy", "--all", "--force"]));
  let status = await destroyStacks();
  if (status !== 0) {
    // Only now does nothing write logs any more.
    const removed = await removeLogBuckets(job, world, before, "ever");
    for (const bucket of removed) say(`edgeward: removed the bucket ${bucket} with its logs, which had kept its stack from going`);
    if (removed.length > 0) status = await destroyStacks();
  }
  if (status !== 0) (await diagnose(job, world, before, [])).forEach((line) => say(`  ${line}`));

  const left = await remains(job, world, pool);
  if (left.length === 0 && status === 0) {
    say(`edgeward: nothing is left of the deployment ${job.deployment}`);
    staying(job).forEach((line) => say(`edgeward: ${line}`));
    return 0;
  }
  say(`edgeward: ${left.length > 0 ? "this is left:" : "the stacks were not destroyed"}`);
  left.forEach((line) => say(`  ${line}`));
  say(`Mend the cause and go on:  make destroy DEPLOYMENT=${job.deployment} YES=yes`);
  return 1;
}

/** What was there before the deployment, and stays. */
function staying({ settings: { userPool, server } }: Job): string[] {
  return [
    ...(userPool.existing ? [`the user pool ${userPool.existing.id} stays, with all its users`] : []),
    ...(userPool.existing?.clientId ? [`its app client ${userPool.existing.clientId} stays`] : []),
    ...(server.existing ? [`the MCP server at ${server.existing.url} stays`] : []),
  ];
}

function refuse({ settings, deployment }: Job, { stacks }: Standing): string | undefined {
  const remedy =
    `set userPool.retain to false and \`make deploy DEPLOYMENT=${deployment}\` first, after which nothing is kept; or use ` +
    "`cdk destroy` by hand, which keeps the user pool and the logs";
  if (settings.userPool.retain) {
    const what = settings.userPool.existing ? "the stacks are kept" : "users outlive the stacks";
    return `userPool.retain says that ${what}, which are protected from deletion. If all is to go, ${remedy}`;
  }
  const guarded = stacks.filter(({ stack }) => stack?.isProtected).map(({ name }) => name);
  if (guarded.length > 0) return `${guarded.join(", ")}: protected from deletion, as userPool.retain was true when last deployed. If all is to go, ${remedy}`;
  return undefined;
}

async function removable(job: Job, world: World, { stacks }: Standing): Promise<string[]> {
  const standing = stacks.filter(({ stack }) => stack).map(({ name, region, stack }) => `the stack ${name} in ${region} (${stack?.status})`);
  const parameters = await world.aws.parametersBelow(job.region, job.names.parameterRoot);
  return [
    ...(job.given.stacksOnly ? [] : [`the Worker ${job.worker}`]),
    ...(parameters.length > 0 ? [`${parameters.length} parameters below ${job.names.parameterRoot} in ${job.region}, the edge's keys among them`] : []),
    ...standing,
    job.settings.userPool.existing ? "with them the logs" : "with them the user pool and all its users, and the logs",
    ...staying(job).map((line) => `(${line})`),
  ];
}

/** What should be gone and is not. */
async function remains(job: Job, world: World, pool: string | undefined): Promise<string[]> {
  const { aws } = world;
  const left: string[] = [];
  for (const { name, region, stack } of (await look(job, world)).stacks) {
    if (stack && stack.status !== "DELETE_COMPLETE") left.push(`the stack ${name} in ${region}: ${stack.status}`);
  }
  for (const region of job.regions) {
    const names = await aws.parametersBelow(region, job.names.parameterRoot);
    left.push(...names.map((name) => `the parameter ${name} in ${region}: \`aws ssm delete-parameter --name ${name} --region ${region}\``));
  }
  if (pool && (await aws.hasUserPool(job.region, pool))) {
    left.push(`the user pool ${pool}: \`aws cognito-idp delete-user-pool --user-pool-id ${pool} --region ${job.region}\``);
  }
  for (const bucket of job.logBuckets) {
    if (await aws.hasBucket(job.region, bucket)) left.push(`the bucket ${bucket}: \`aws s3 rb s3://${bucket} --force\``);
  }
  return left;
}
