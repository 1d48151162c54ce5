import { run } from "../../lib/deploy/run.ts";
import { judged, type Step } from "../step.ts";

export const destroy: Step = {
  name: "destroy",
  what: "take the deployment away",
  async run({ given, outside, deployments }) {
    const status = await run(["destroy", given.deployment, "--yes", "--deployments", deployments], outside);
    return judged(status === 0, `it ended with status ${status}`);
  },
};
