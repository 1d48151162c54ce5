import { wranglerProgram } from "../../lib/deploy/programs.ts";
import { failed, judged } from "../../trial/step.ts";
import { watchAvailability, type Availability } from "../probes.ts";
import { hostOf, push } from "../push.ts";
import { until, type CloudflareStep, type CloudflareTrial } from "../trial.ts";

/** How long a new name may take to have an address and a certificate. */
const PATIENCE = 15 * 60_000;
const AFTERWARDS = 60_000;

export const deploy: CloudflareStep = {
  name: "deploy",
  what: "push the edge while requests go on",
  async run(trial) {
    const { job, outside, given, cloudflare } = trial;
    if (!(await outside.aws.parameter(job.region, job.names.edgeParameter("origin-url")))) {
      return failed(`the deployment ${job.deployment} has no parameters yet: run \`make deploy DEPLOYMENT=${job.deployment}\` first, and create a user`);
    }
    if (given.deleteWorker && (await cloudflare.isServed(hostOf(trial)))) {
      const status = await outside.programs.run(deletion(trial));
      if (status !== 0) return failed(`the Worker could not be deleted: \`wrangler delete\` ended with status ${status}`);
    }
    const isFirst = !(await cloudflare.isServed(hostOf(trial)));
    return isFirst ? firstPush(trial) : anotherPush(trial);
  },
};

/** Between the moment when Cloudflare has a name and the one when all of its name servers do. */
const PUBLICATION = 10_000;

/** The name is asked when it is published, and not before: resolvers remember for half an hour that there was none. */
async function firstPush(trial: CloudflareTrial) {
  const { outside, cloudflare, background } = trial;
  const began = outside.now();
  const watched: { current?: ReturnType<typeof watchAvailability> } = {};
  const watch = async () => {
    await until(outside, outside.now() + PUBLICATION);
    return (watched.current = watchAvailability(trial));
  };
  const stop = background.repeat(1000, async () => {
    if (!watched.current && (await cloudflare.isServed(hostOf(trial)).catch(() => false))) await watch();
  });
  const status = await push(trial);
  const pushed = outside.now();
  await stop();
  if (status !== 0 && !watched.current) return failed(`the first push ended with status ${status}, and Cloudflare has no such name yet, so it was not asked`);
  const current = watched.current ?? (await watch());
  while (status === 0 && current.seen.firstGood === undefined && outside.now() < pushed + PATIENCE) await outside.pause();
  await until(outside, outside.now() + AFTERWARDS);
  const seen = await current.stop();
  const seconds = (time: number) => Math.round((time - began) / 1000);
  const first = seen.firstGood;
  return judged(
    status === 0 && first !== undefined && seen.failures.size === 0,
    `the first push ended with status ${status} after ${seconds(pushed)} s`,
    first === undefined ? "WRONG: no good answer came" : `the first good answer came ${seconds(first)} s after the beginning`,
    `before that: ${seen.before}`,
    failures(seen),
  );
}

async function anotherPush(trial: CloudflareTrial) {
  const { outside } = trial;
  const watch = watchAvailability(trial);
  const status = await push(trial);
  await until(outside, outside.now() + AFTERWARDS);
  const seen = await watch.stop();
  return judged(
    status === 0 && seen.firstGood !== undefined && seen.failures.size === 0 && seen.before.size === 0,
    "the first push was not seen, as the Worker is there; --delete-worker deletes it first",
    `the push ended with status ${status}`,
    ...(seen.before.size === 0 ? [] : [`WRONG: before any good answer: ${seen.before}`]),
    failures(seen),
  );
}

const failures = ({ good, failures }: Availability) => `${failures.size === 0 ? "ok" : "WRONG"}: ${good} good answers, failures: ${failures}`;

function deletion({ job, outside }: CloudflareTrial): string[] {
  // The name is taken as it is, whatever the environment; without --force it would ask.
  return [wranglerProgram(outside.variables), "delete", "--config", "../edge/cloudflare/wrangler.toml", "--name", job.worker, "--env=", "--force"];
}
