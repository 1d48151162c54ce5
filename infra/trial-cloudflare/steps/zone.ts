import { tool } from "../../lib/deploy/programs.ts";
import { text } from "../../trial/outside.ts";
import { judged } from "../../trial/step.ts";
import { hostOf } from "../push.ts";
import { inShort, locationOf, type CloudflareStep, type CloudflareTrial, type Vantage } from "../trial.ts";

/** Who calls MCP servers, by their `User-Agent`, as for `edgeward drift`; settings of a zone take some of them for bad bots. */
const AGENTS: readonly (string | undefined)[] = [
  "Claude-User",
  "openai-mcp/1.0.0",
  "python-httpx/0.28.1",
  "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0 Safari/537.36",
  undefined,
];

interface Look {
  readonly isGood: boolean;
  readonly fact: string;
}

export const zone: CloudflareStep = {
  name: "zone",
  what: "look whether the zone lets clients through, and refuses plain http",
  async run(trial) {
    const { job, outside, vantages } = trial;
    const looks: Look[] = [];
    const status = await outside.programs.run(tool(job, outside.variables, "drift"));
    looks.push({ isGood: status === 0, fact: `edgeward drift: status ${status}` });
    for (const vantage of vantages) for (const agent of AGENTS) looks.push(await asAgent(trial, vantage, agent));
    looks.push(await overPlainHttp(trial), await hsts(trial));
    return judged(
      looks.every(({ isGood }) => isGood),
      ...looks.map(({ isGood, fact }) => `${isGood ? "ok" : "WRONG"}: ${fact}`),
    );
  },
};

/** The edge itself asks for a token; whatever else is answered, something before the edge answers. */
async function asAgent({ session, vantages }: CloudflareTrial, vantage: Vantage, agent: string | undefined): Promise<Look> {
  const what = `${agent ?? "no User-Agent"}, from ${vantage.name}`;
  try {
    const answer = await vantage.http({
      method: "POST",
      url: session.resource,
      headers: { "Content-Type": "application/json", Accept: "application/json, text/event-stream", ...(agent ? { "User-Agent": agent } : {}) },
      body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "ping" }),
    });
    const body = await text(answer);
    const isGood = answer.status === 401 && "www-authenticate" in answer.headers;
    return { isGood, fact: `${what}: ${inShort(answer.status, body)} at ${locationOf(answer)}${isGood ? "" : ", and not the edge's 401: look at Security in the zone's settings"}` };
  } catch (error) {
    // Another vantage point may be out of reach itself.
    return { isGood: vantage !== vantages[0], fact: `${what}: out of reach: ${(error as Error).message}` };
  }
}

async function overPlainHttp(trial: CloudflareTrial): Promise<Look> {
  const url = `http://${hostOf(trial)}/.well-known/oauth-authorization-server`;
  try {
    const answer = await trial.outside.http({ url, headers: { "User-Agent": "edgeward-trial" } });
    await text(answer);
    const { location } = answer.headers;
    const leadsToTls = typeof location === "string" && location.startsWith("https://");
    const isGood = answer.status >= 300 && (answer.status >= 400 || leadsToTls);
    return { isGood, fact: `plain http: ${answer.status}${isGood ? "" : ", which serves it"}` };
  } catch (error) {
    return { isGood: true, fact: `plain http: ${(error as Error).message}` };
  }
}

async function hsts({ job, outside }: CloudflareTrial): Promise<Look> {
  const answer = await outside.http({ url: `${job.settings.publicUrl}/.well-known/oauth-authorization-server`, headers: { "User-Agent": "edgeward-trial" } });
  await text(answer);
  const value = answer.headers["strict-transport-security"];
  return { isGood: value !== undefined, fact: `Strict-Transport-Security: ${value ?? "missing"}` };
}
