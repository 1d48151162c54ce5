import { join } from "node:path";
import { connect, type McpConnection } from "../../trial/mcp.ts";
import { text } from "../../trial/outside.ts";
import { failed, judged } from "../../trial/step.ts";
import { push } from "../push.ts";
import { inShort, ROLLOUT, Tally, type CloudflareStep, type CloudflareTrial } from "../trial.ts";

/** No name below `invalid` ever resolves (RFC 6761). */
const UNRESOLVABLE = "https://origin.edgeward.invalid";
const BETWEEN = 1000;
/** Answers with the new settings that are judged. */
const ENOUGH = 20;

export const origin: CloudflareStep = {
  name: "origin",
  what: "give the edge an origin that cannot be reached, expect the edge's 502, put the right one back",
  async run(trial) {
    const { job, outside, given, session } = trial;
    const name = job.names.edgeParameter("origin-url");
    const kept = join(given.report, "origin-url");
    // A run that was killed has left a wrong one.
    const right = outside.read(kept) || (await outside.aws.parameter(job.region, name));
    if (!right) return failed(`there is no parameter ${name}`);
    const mcp = await connect(outside, session).catch(() => undefined);
    const facts: string[] = [];
    let good = true;
    outside.write(kept, right);
    try {
      if (!mcp) return failed("nobody can call as things are; the right origin is put back, so repeat this step");
      for (const wrong of [UNRESOLVABLE, ...(given.refusedOrigin ? [given.refusedOrigin] : [])]) {
        await outside.aws.changeParameter(job.region, name, wrong);
        const status = await push(trial);
        const { isGood, fact } = await callUntil(trial, mcp, (said) => said !== "200");
        const all = status === 0 && isGood;
        good &&= all;
        facts.push(`${all ? "ok" : "WRONG"}: ${new URL(wrong).host}: push ended with status ${status}; ${fact}`);
      }
      if (!given.refusedOrigin) facts.push("a refused connection was not tried: --refused-origin names an https origin that refuses");
    } finally {
      await outside.aws.changeParameter(job.region, name, right);
      const status = await push(trial);
      good &&= status === 0;
      facts.push(`the right origin is back: push ended with status ${status}`);
      if (status === 0) outside.write(kept, "");
    }
    const { isGood, fact } = await callUntil(trial, mcp, (said) => said === "200");
    return judged(good && isGood, ...facts, `${isGood ? "ok" : "WRONG"}: ${fact}`);
  },
};

/** Calls until the change has arrived and some more; every answer is a good one or the edge's 502. */
async function callUntil({ outside }: CloudflareTrial, mcp: McpConnection, hasArrived: (said: string) => boolean) {
  const answers = new Tally();
  const began = outside.now();
  let arrived = 0;
  let last = "";
  while (arrived < ENOUGH && outside.now() < began + ROLLOUT) {
    const answer = await mcp.call("whoami", {});
    last = inShort(answer.status, await text(answer));
    answers.add(last);
    if (hasArrived(last)) arrived++;
    await outside.wait(BETWEEN);
  }
  const others = [...answers.keys()].filter((said) => said !== "200" && said !== "502");
  return { isGood: arrived > 0 && hasArrived(last) && others.length === 0, fact: `calls were answered ${answers}` };
}
