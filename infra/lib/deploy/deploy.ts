import { diagnose, eventsBefore, type Before } from "./diagnosis.ts";
import type { StoppedTask } from "./aws.ts";
import { dnsRecords } from "./dns-records.ts";
import type { Job } from "./job.ts";
import { deployedOriginSecret } from "./leaked.ts";
import { removeLogBuckets } from "./log-buckets.ts";
import type { Ready } from "./preflight.ts";
import { unbootstrapped } from "./preflight/bootstrap.ts";
import { cdk, compileOrigin, tool } from "./programs.ts";
import { creating, describeStanding, look, type Standing } from "./standing.ts";
import { collectingStoppedTasks } from "./stopped-tasks.ts";
import type { World } from "./world.ts";

/** One program that is run. */
interface Step {
  readonly what: string;
  readonly argv: readonly string[];
  readonly kind: "tool" | "stacks" | "edge";
}

/** The longest wait for the name, the certificate and the settings of an edge that was just deployed. */
const WAIT_SECONDS = "600";

const DEPLOY = ["deploy", "--all", "--require-approval", "never"];

/** What a deployment runs, in this order. */
export async function steps({ job, standing }: Ready, world: World): Promise<Step[]> {
  const { variables } = world;
  const { given, settings } = job;
  const step = (kind: Step["kind"], what: string, argv: readonly string[]): Step => ({ kind, what, argv });
  const bare = given.bootstrap ? await unbootstrapped(job, world) : [];
  const environments = bare.map((region) => `aws://${settings.account}/${region}`);
  const fresh = settings.userPool.retain && !given.assembly ? creating(standing) : [];
  return [
    ...(compilesOrigin(job) ? [step("tool", "compile the origin", compileOrigin(job))] : []),
    ...(bare.length > 0 ? [step("tool", `bootstrap the CDK in ${bare.join(" and ")}`, cdk(job, ["bootstrap", ...environments]))] : []),
    ...(standing.missingKeys.length > 0 ? [step("tool", "make keys", tool(job, variables, "keygen"))] : []),
    // Before the tasks, which read them when they start. Another server reads them at the edge.
    ...(settings.server.existing ? [] : [step("tool", "publish the public keys to the origin", tool(job, variables, "publish-jwks"))]),
    step("stacks", "deploy the stacks", cdk(job, DEPLOY, fresh)),
    ...(fresh.length > 0 ? [step("stacks", "protect what was made from deletion", cdk(job, DEPLOY))] : []),
    ...(given.stacksOnly
      ? []
      : [
          step("edge", "deploy the edge", tool(job, variables, "push")),
          // First, because it waits before it looks up the name: a resolver remembers for long that there is none yet.
          step("tool", "wait for the running edge and compare it with its settings", tool(job, variables, "drift", "--wait", WAIT_SECONDS)),
          step("tool", "check the deployment", tool(job, variables, "check")),
        ]),
  ];
}

/** Whether the stacks build the origin's image out of this checkout. */
const compilesOrigin = ({ given, settings }: Job) => !given.assembly && !settings.server.image && !settings.server.existing;

/** Deploys; the exit status. */
export async function deploy(ready: Ready, world: World): Promise<number> {
  const { job, standing } = ready;
  const { aws, programs, say } = world;
  const all = await steps(ready, world);
  const before = await eventsBefore(job, world);
  let edge: Edge = "not touched";
  for (const [index, { what, argv, kind }] of all.entries()) {
    say(`edgeward: ${index + 1}/${all.length} ${what}`);
    if (kind === "edge") edge = "begun: it may be the older one";
    const run = () => programs.run(argv);
    const [status, tasks] = kind === "stacks" ? await collectingStoppedTasks(job, world, run) : [await run(), []];
    if (status !== 0) {
      say(`edgeward: that failed (to ${what}); the message of the program is above`);
      await explain(job, world, before, tasks, kind, edge);
      if (job.given.leaked) say(await afterLeak(job, world, standing));
      return 1;
    }
    if (kind === "edge") edge = "deployed";
  }
  const pool = await aws.parameter(job.region, job.names.edgeParameter("cognito-user-pool-id"));
  [...lastWords(job, pool ?? "POOL"), ...(await dnsRecords(job, world))].forEach(say);
  return 0;
}

/** Says what would change. */
export async function dryRun({ job, standing }: Ready, world: World): Promise<number> {
  const fresh = creating(standing);
  const bare = job.given.bootstrap ? await unbootstrapped(job, world) : [];
  for (const region of bare) world.say(`edgeward: would bootstrap the CDK in ${region}`);
  for (const name of standing.missingKeys) world.say(`edgeward: would make the keys ${name}`);
  if (compilesOrigin(job)) {
    world.say("edgeward: compiling the origin, to see whether its image would change");
    if ((await world.programs.run(compileOrigin(job))) !== 0) {
      world.say("edgeward: the origin could not be compiled; the message is above");
      return 1;
    }
  }
  // A change set would be something written.
  const diff = cdk(job, ["diff", "--method=template"], job.settings.userPool.retain ? fresh : []);
  if ((await world.programs.run(diff)) !== 0) return 1;
  if (fresh.length > 0 || standing.missingKeys.length > 0) {
    world.say("edgeward: the deployment does not stand yet, so what the edge would be told is not known");
    return 0;
  }
  return (await world.programs.run(tool(job, world.variables, "push", "--dry-run"))) === 0 ? 0 : 1;
}

type Edge = "not touched" | "begun: it may be the older one" | "deployed";

async function explain(job: Job, world: World, before: Before, tasks: StoppedTask[], kind: Step["kind"], edge: Edge): Promise<void> {
  const { say } = world;
  try {
    if (kind === "stacks") {
      (await diagnose(job, world, before, tasks)).forEach((line) => say(`  ${line}`));
      for (const bucket of await removeLogBuckets(job, world, before, "in this run")) {
        say(`  removed the bucket ${bucket}, which this run had made: its name would be in the way of the next`);
      }
    }
    say("What stands now:");
    describeStanding(job, await look(job, world)).forEach(say);
    (await dnsRecords(job, world)).forEach(say);
  } catch (error) {
    say(`What stands now cannot be read from AWS: ${(error as Error).message}`);
  }
  say(`  the Worker ${job.worker}: ${edge}`);
  say(`Mend the cause and go on:  make deploy DEPLOYMENT=${job.deployment}`);
  say(`Or take all of it away:    make destroy DEPLOYMENT=${job.deployment} YES=yes`);
}

/** Whether the next run needs `LEAKED`: a run that finds the next secret deployed takes that one for the leaked one. */
async function afterLeak(job: Job, world: World, before: Standing): Promise<string> {
  const now = await look(job, world).catch(() => undefined);
  const deployed = now && deployedOriginSecret(now);
  if (deployed === undefined) {
    return "Go on without LEAKED=origin-secret: AWS does not say which secret is deployed, and LEAKED might replace it twice.";
  }
  return deployed === deployedOriginSecret(before)
    ? "The origin's secret is not replaced yet: the next run replaces it once, with LEAKED=origin-secret or without it."
    : "The origin's secret is replaced: go on without LEAKED=origin-secret, which would replace the new one, too.";
}

/** Where it is, and how somebody gets in. */
function lastWords({ settings, region, given }: Job, pool: string): string[] {
  const next = "edgeward: the edge was left alone; `edgeward push` deploys it";
  const urls = (settings.edge.resources ?? [{ path: "/mcp" }]).map(({ path }) => `${settings.publicUrl}${path}`);
  return [
    given.stacksOnly ? next : `edgeward: the MCP server is at ${urls.join(" and ")}`,
    ...(settings.userPool.existing ? [] : firstUser(region, pool)),
  ];
}

function firstUser(region: string, pool: string): string[] {
  return [
    "edgeward: a first user, who is sent a password:",
    `  aws cognito-idp admin-create-user --region ${region} --user-pool-id ${pool} --username NAME ` +
      "--user-attributes Name=email,Value=ADDRESS Name=email_verified,Value=true --desired-delivery-mediums EMAIL",
  ];
}
