// Runs trials, or single steps of them, in the world of the tests.

import { join } from "node:path";
import { expect } from "vitest";
import { runCloudflareTrial } from "../../trial-cloudflare/run.ts";
import { STEPS } from "../../trial-cloudflare/steps.ts";
import { chunks, ISSUER } from "../trial/outside.ts";
import { FakeCloudflare, ORIGIN, ORIGIN_PARAMETER } from "./outside.ts";

const SETTINGS = {
  account: "123456789012",
  region: "eu-west-1",
  publicUrl: ISSUER,
  alarmEmail: "oncall@example.com",
  edge: { environment: "dev", metricsDataset: "edgeward_trial" },
  userPool: { retain: false },
  server: { image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/edgeward-origin:1" },
};

export function world(changes: object = {}): FakeCloudflare {
  const outside = new FakeCloudflare();
  outside.write(join(outside.settings, "trial.json"), JSON.stringify({ ...SETTINGS, ...changes }));
  outside.aws.parameters.set(ORIGIN_PARAMETER, ORIGIN);
  outside.stream = chunks("id: a/0\n\n", ": still there\n\n", 'data: {"method":"notifications/progress"}\n\n', "data: Counted to 30.\n\n");
  return outside;
}

/** One in which the edge stands. */
export function standing(changes: object = {}): FakeCloudflare {
  const outside = world(changes);
  outside.isServed = true;
  return outside;
}

const FEW = ["--aborts", "56", "--calls", "20"];
export const trial = (outside: FakeCloudflare, ...words: string[]) =>
  runCloudflareTrial(["--deployment", "trial", "--deployments", outside.settings, "--report", outside.report, ...FEW, ...words], outside);

export const report = (outside: FakeCloudflare) => JSON.parse(outside.read(join(outside.report, "report.json")) ?? '{"steps":[]}').steps;
export const verdicts = (outside: FakeCloudflare) => Object.fromEntries(report(outside).map(({ step, verdict }: any) => [step, verdict]));
export const factsOf = (outside: FakeCloudflare, name: string): string[] => report(outside).find(({ step }: any) => step === name)?.facts ?? [];
/** All but the steps that are named. */
export const only = (...names: string[]) => ["--skip", STEPS.map(({ name }) => name).filter((name) => !names.includes(name)).join(",")];

/** Runs one step that is to fail; what it says. */
export async function failing(outside: FakeCloudflare, step: string, ...words: string[]): Promise<string> {
  expect(await trial(outside, ...only(step), ...words)).toBe(1);
  expect(verdicts(outside)).toEqual({ [step]: "failed" });
  return factsOf(outside, step).join("\n");
}

/** Runs one step that is to pass; what it says. */
export async function passing(outside: FakeCloudflare, step: string, ...words: string[]): Promise<string> {
  const status = await trial(outside, ...only(step), ...words);
  expect(factsOf(outside, step).filter((fact) => fact.startsWith("WRONG"))).toEqual([]);
  expect([status, verdicts(outside)]).toEqual([0, { [step]: "passed" }]);
  return factsOf(outside, step).join("\n");
}

export const isMcp = ({ url }: { url: string }) => url === `${ISSUER}/mcp`;
export const isJwks = ({ url }: { url: string }) => url.endsWith("/jwks.json");
export const isToken = ({ url }: { url: string }) => url.endsWith("/token");
export const hasToken = ({ headers }: { headers?: Readonly<Record<string, string>> }) => headers?.["Authorization"] !== undefined;

