import { judged } from "../../trial/step.ts";
import { callsAndRefreshes } from "../calls.ts";
import { watchAvailability } from "../probes.ts";
import { push } from "../push.ts";
import { Tally, until, type CloudflareStep } from "../trial.ts";

const AFTERWARDS = 60_000;

export const secondPush: CloudflareStep = {
  name: "push",
  what: "push again while somebody calls, refreshes and asks for documents",
  async run(trial) {
    const calls = await callsAndRefreshes(trial);
    const watch = watchAvailability(trial);
    const status = await push(trial);
    await until(trial.outside, trial.outside.now() + AFTERWARDS);
    const [anonymous, caller] = [await watch.stop(), await calls.stop()];
    const failures = new Tally([...anonymous.before, ...anonymous.failures, ...caller.failures]);
    return judged(
      status === 0 && failures.size === 0 && anonymous.good > 0 && caller.calls > 0,
      `the push ended with status ${status}`,
      `${caller.calls} calls, ${caller.refreshes} refreshes and ${anonymous.good} requests without credentials were answered meanwhile`,
      `${failures.size === 0 ? "ok" : "WRONG"}: failures: ${failures}`,
    );
  },
};
