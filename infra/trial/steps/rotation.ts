import { run } from "../../lib/deploy/run.ts";
import { connect } from "../mcp.ts";
import { text } from "../outside.ts";
import { rotate } from "../rotate.ts";
import { judged, type Step, type Trial } from "../step.ts";

const BETWEEN = 2000;

/** Calls a tool again and again, and now and then refreshes, until told to stop. */
async function traffic({ outside, session, background }: Trial) {
  const seen = { calls: 0, refreshes: 0, failures: [] as string[] };
  const mcp = await connect(outside, session);
  const stop = background.repeat(BETWEEN, async () => {
    try {
      if (seen.calls % 30 === 29) {
        await session.refresh();
        seen.refreshes++;
      }
      const answer = await mcp.call("whoami", {});
      await text(answer);
      seen.calls++;
      if (answer.status !== 200) seen.failures.push(`a call was answered with ${answer.status}`);
    } catch (error) {
      seen.failures.push((error as Error).message);
    }
  });
  return async () => {
    await stop();
    return seen;
  };
}

export const rotation: Step = {
  name: "rotation",
  what: "rotate keys, the app client's secret and the origin's secret while requests go on",
  async run(trial) {
    const { given, job, outside, deployments } = trial;
    const stop = await traffic(trial);
    const facts: string[] = [];
    let good = true;
    const rotateAll = async () => {
      for (const what of ["signing", "sealing", "client-secret"] as const) {
        const status = await rotate(job, outside, what);
        good &&= status === 0;
        facts.push(`rotate ${what}: status ${status}`);
      }
    };
    try {
      await rotateAll();
      await outside.wait(given.rotationMinutes * 60_000);
      await rotateAll();
      trial.change((settings) => {
        settings["server"] = { ...settings["server"], originSecretGeneration: (settings["server"]?.originSecretGeneration ?? 1) + 1 };
      });
      const status = await run(["deploy", given.deployment, "--deployments", deployments], outside);
      good &&= status === 0;
      facts.push(`the next generation of the origin's secret: status ${status}`);
    } finally {
      const { calls, refreshes, failures } = await stop();
      good &&= failures.length === 0 && calls > 0;
      facts.push(`${calls} calls and ${refreshes} refreshes meanwhile, ${failures.length} failures`, ...new Set(failures));
    }
    return judged(good, ...facts);
  },
};
