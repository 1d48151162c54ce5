import { judged } from "../../trial/step.ts";
import { callsAndRefreshes } from "../calls.ts";
import { CUTS, type CloudflareOutside, type Cut } from "../outside.ts";
import { settled } from "../settled.ts";
import { Tally, until, type CloudflareStep, type CloudflareTrial } from "../trial.ts";

/** Under the limit of one address, 6,000 a minute: the good client has the same address. */
const A_MINUTE = 3000;
const AT_ONCE = 50;
const AFTERWARDS = 60_000;
/** Of the good client's calls during the storm: a full isolate may turn one away. */
const TOLERATED = 0.01;

/** The invocation did what it could. */
const GOOD = ["success", "clientDisconnected", "responseStreamDisconnected", "canceled"];

export const aborts: CloudflareStep = {
  name: "aborts",
  what: "begin thousands of requests and leave, while a good client goes on",
  async run(trial) {
    const { outside, given, cloudflare } = trial;
    const from = outside.now();
    const good = await callsAndRefreshes(trial);
    const answered = await storm(trial, given.aborts);
    const during = { calls: good.seen.calls, failures: good.seen.failures.total };
    const duringFailures = `${good.seen.failures}`;
    good.seen.failures.clear();
    await until(outside, outside.now() + AFTERWARDS);
    const after = await good.stop();
    const share = during.failures / Math.max(1, during.calls + during.failures);
    const held = during.calls > 0 && share <= TOLERATED && after.failures.size === 0 && after.calls > during.calls;

    const invocations = await settled(outside, () => cloudflare.invocations({ from, to: outside.now() }), (found) => found.reduce((sum, { requests }) => sum + requests, 0), after.calls);
    const bad = invocations.filter(({ status }) => !GOOD.includes(status));
    const memory = await cloudflare.memory({ from, to: outside.now() }).then(
      ({ p50, p99 }) => `memory: ${p50.toFixed(1)} MiB at the median, ${p99.toFixed(1)} MiB at the 99th percentile, as Cloudflare counts it`,
      (error: Error) => error.message,
    );
    return judged(
      held && bad.length === 0 && invocations.length > 0,
      `${given.aborts} requests were cut short; answered before that: ${answered}`,
      `${share <= TOLERATED ? "ok" : "WRONG"}: the good client during that: ${during.calls} good calls, failures: ${duringFailures}`,
      `${after.failures.size === 0 ? "ok" : "WRONG"}: in the minute after: ${after.calls - during.calls} good calls, failures: ${after.failures}`,
      ...(invocations.length === 0 ? ["WRONG: Cloudflare counts no invocations"] : []),
      ...invocations.map(
        ({ status, requests, cpuP50, cpuP99 }) =>
          `${GOOD.includes(status) ? "ok" : "WRONG"}: ${requests} invocations with the outcome ${status}; CPU ${cpuP50.toFixed(2)} ms at the median, ${cpuP99.toFixed(2)} ms at the 99th percentile`,
      ),
      memory,
    );
  },
};

/** The statuses of requests that were answered before they were cut short. */
async function storm(trial: CloudflareTrial, total: number): Promise<Tally> {
  const { outside } = trial;
  const answered = new Tally();
  const targets = await targetsOf(trial);
  let next = 0;
  const one = async () => {
    while (next < total) {
      const index = next++;
      const target = targets[index % targets.length] as Target;
      const cut = CUTS[Math.floor(index / targets.length) % CUTS.length] as Cut;
      const status = await outside.cutShort(target, cut).catch((error: Error) => error.message);
      if (status !== undefined) answered.add(`${status}`);
      await outside.wait((AT_ONCE * 60_000) / A_MINUTE);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
  return answered;
}

type Target = Parameters<CloudflareOutside["cutShort"]>[0];

/** Every endpoint that reads a body, and the gate. */
async function targetsOf({ job, session }: CloudflareTrial): Promise<Target[]> {
  const form = { "Content-Type": "application/x-www-form-urlencoded" };
  const json = { "Content-Type": "application/json", Accept: "application/json, text/event-stream" };
  const filler = "x".repeat(16 * 1024);
  const to = (path: string, headers: Record<string, string>, body: string): Target => ({
    method: "POST",
    url: new URL(path, job.settings.publicUrl).href,
    headers: { "User-Agent": "edgeward-trial", ...headers },
    body,
  });
  const call = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "whoami", arguments: { filler } } });
  return [
    to("/register", json, JSON.stringify({ client_name: filler, redirect_uris: ["http://127.0.0.1/callback"] })),
    to("/token", form, `grant_type=authorization_code&code=${filler}`),
    to("/revoke", form, `token=${filler}`),
    to("/authorize", form, `decision=${filler}`),
    to("/logout", form, `state=${filler}`),
    to(session.resource, json, call),
    to(session.resource, { ...json, Authorization: `Bearer ${await session.accessToken()}` }, call),
  ];
}
