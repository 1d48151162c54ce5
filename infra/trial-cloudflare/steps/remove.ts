import { tool } from "../../lib/deploy/programs.ts";
import { judged, skipped } from "../../trial/step.ts";
import { hostOf } from "../push.ts";
import type { CloudflareStep } from "../trial.ts";

export const remove: CloudflareStep = {
  name: "remove",
  what: "take the edge and its keys away, if --remove asks for it",
  async run(trial) {
    const { given, job, outside, cloudflare } = trial;
    if (!given.remove) return skipped(`the edge stands; \`make destroy DEPLOYMENT=${job.deployment} YES=yes\` takes all of it away`);
    const status = await outside.programs.run(tool(job, outside.variables, "remove", "--yes"));
    const isServed = await cloudflare.isServed(hostOf(trial));
    return judged(status === 0 && !isServed, `it ended with status ${status}`, isServed ? "WRONG: the host still leads to the Worker" : "ok: the host leads to no Worker");
  },
};
