import { run } from "../../lib/deploy/run.ts";
import { judged, type Step } from "../step.ts";

/** Looks at everything first: what is missing is named, and nothing is done. */
export const deploy: Step = {
  name: "deploy",
  what: "look at what is needed, deploy the stacks and the edge",
  async run({ given, outside, deployments }) {
    const began = outside.now();
    const status = await run(["deploy", given.deployment, "--deployments", deployments, ...(given.bootstrap ? ["--bootstrap"] : [])], outside);
    const minutes = Math.round((outside.now() - began) / 60_000);
    return judged(status === 0, `the deployment ended with status ${status} after ${minutes} minutes`);
  },
};
