import { run } from "../../lib/deploy/run.ts";
import { tool } from "../../lib/deploy/programs.ts";
import { connect } from "../mcp.ts";
import { text } from "../outside.ts";
import { judged, type Step, type Trial } from "../step.ts";

const BETWEEN = 2000;

/** Calls a tool again and again, and now and then refreshes, until told to stop. */
function traffic({ outside, session }: Trial) {
  const seen = { calls: 0, refreshes: 0, failures: [] as string[] };
  let isOver = false;
  const go = async () => {
    const mcp = await connect(outside, session);
    while (!isOver) {
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
      await outside.wait(BETWEEN);
    }
  };
  const going = go().catch((error: Error) => seen.failures.push(error.message));
  return async () => {
    isOver = true;
    await going;
    return seen;
  };
}

export const rotation: Step = {
  name: "rotation",
  what: "rotate keys, the app client's secret and the origin's secret while requests go on",
  async run(trial) {
    const { given, job, outside, deployments } = trial;
    const stop = traffic(trial);
    const facts: string[] = [];
    let good = true;
    const rotate = async () => {
      for (const what of ["signing", "sealing", "client-secret"]) {
        const status = await outside.programs.run(tool(job, outside.variables, "rotate", what));
        good &&= status === 0;
        facts.push(`rotate ${what}: status ${status}`);
      }
    };
    try {
      await rotate();
      await outside.wait(given.rotationMinutes * 60_000);
      await rotate();
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
