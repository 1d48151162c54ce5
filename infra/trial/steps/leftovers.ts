import { judged, type Step } from "../step.ts";

export const leftovers: Step = {
  name: "leftovers",
  what: "look for what the deployment has left behind",
  async run({ job, outside }) {
    const found: string[] = [];
    for (const region of job.regions) {
      const tagged = await outside.aws.tagged(region, "edgeward:deployment", job.deployment);
      const groups = await outside.aws.logGroups(region, job.names.of(""));
      found.push(...tagged.map((arn) => `${region}: ${arn}`), ...groups.map((name) => `${region}: log group ${name}`));
    }
    // AWS lists what is deleted for a while.
    return judged(found.length === 0, ...(found.length === 0 ? ["nothing is left"] : found));
  },
};
