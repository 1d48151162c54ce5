import { connect } from "../../trial/mcp.ts";
import { text } from "../../trial/outside.ts";
import { judged } from "../../trial/step.ts";
import type { Invocations, Span } from "../cloudflare-api.ts";
import { costOfMillion } from "../prices.ts";
import { settled } from "../settled.ts";
import { Tally, until, type CloudflareStep, type CloudflareTrial } from "../trial.ts";

/** No figure of before belongs to what is measured: Cloudflare's times are whole seconds. */
const QUIET = 5000;
/** What one authenticated call may use. One that passes leaves no record in the logs. */
const MOST = { requests: 1.05, cpuMilliseconds: 10, logRecords: 0.05, dataPoints: 1.05 };

export const cost: CloudflareStep = {
  name: "cost",
  what: "measure what authenticated calls cost",
  async run(trial) {
    const { outside, given, session, cloudflare, job } = trial;
    const mcp = await connect(outside, session);
    await until(outside, outside.now() + QUIET);
    const from = outside.now();
    const statuses = new Tally();
    for (let call = 0; call < given.calls; call++) {
      const answer = await mcp.call("whoami", {});
      await text(answer);
      statuses.add(`${answer.status}`);
    }
    const span = { from, to: outside.now() + QUIET };
    // Small figures are exact; a share of them may still be on its way.
    const invocations = await settled(outside, () => cloudflare.invocations(span), requestsOf, given.calls);
    const { lines, invocations: records } = await cloudflare.logRecords(span);
    const { metricsDataset } = job.settings.edge;
    const points = metricsDataset ? await cloudflare.dataPoints(span, metricsDataset) : 0;

    const each = (sum: number) => sum / given.calls;
    const used = {
      requests: each(requestsOf(invocations)),
      cpuMilliseconds: each(cpuOf(invocations)),
      logRecords: each(lines + records),
      dataPoints: each(points),
    };
    const tooMuch = (Object.keys(MOST) as (keyof typeof MOST)[]).filter((kind) => used[kind] > MOST[kind]);
    const isMeasured = used.requests > 0.5 && used.cpuMilliseconds > 0;
    return judged(
      isMeasured && tooMuch.length === 0 && statuses.get("200") === given.calls,
      `${given.calls} calls, answered ${statuses}`,
      ...(isMeasured ? [] : [`WRONG: Cloudflare counts ${requestsOf(invocations)} of their requests`]),
      ...tooMuch.map((kind) => `WRONG: ${kind} of a call: ${used[kind].toFixed(2)}, and not ${MOST[kind]} at the most`),
      ...invocations.map(({ status, cpuP50, cpuP99 }) => `${status}: CPU ${cpuP50.toFixed(2)} ms at the median, ${cpuP99.toFixed(2)} ms at the 99th percentile`),
      `${lines} lines and ${records} records of invocations in the logs; ${metricsDataset ? `${points} data points` : "no data points, as edge.metricsDataset is not set"}`,
      ...costOfMillion(used),
      await soFar(trial, { from: trial.began(), to: span.to }),
    );
  },
};

const requestsOf = (invocations: readonly Invocations[]) => invocations.reduce((sum, { requests }) => sum + requests, 0);
const cpuOf = (invocations: readonly Invocations[]) => invocations.reduce((sum, { cpuMilliseconds }) => sum + cpuMilliseconds, 0);

async function soFar({ cloudflare }: CloudflareTrial, span: Span): Promise<string> {
  const all = await cloudflare.invocations(span);
  const subrequests = all.reduce((sum, row) => sum + row.subrequests, 0);
  return `the whole trial so far: ${requestsOf(all)} requests, ${Math.round(cpuOf(all))} ms of CPU, ${subrequests} requests of the edge's own`;
}
