// Everything that can be said of the stacks without AWS: `make infra-test`. The last line counts what held.

import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { questionsTemplate } from "./trial/questions/template.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "edgeward-infra-"));
let passed = 0;
let failed = 0;

/** Runs a command without AWS's credentials, and shows what it says if it fails. */
function run(what: string, command: string, ...args: string[]): boolean {
  const none = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_PROFILE: "", AWS_EC2_METADATA_DISABLED: "true" };
  const ended = spawnSync(command, args, { cwd: here, encoding: "utf8", env: { ...process.env, ...none } });
  const good = ended.status === 0;
  good ? passed++ : failed++;
  console.log(`${good ? "ok  " : "FAIL"}  ${what}`);
  if (!good) console.log(`${ended.error?.message ?? ""}${ended.stdout}${ended.stderr}`);
  return good;
}

const bin = (name: string) => join(here, "node_modules/.bin", name);
run("the types agree", bin("tsc"), "--noEmit");

/** Parts of the tests, by the beginning of their files' names. */
const PARTS: readonly [start: string, what: string][] = [
  ["reality/", "reality rules, their mutations and the example deployments"],
  ["random/", "settings at random, every region and every kind of user pool"],
  ["updates/", "updates of deployments that stand"],
  ["firewall", "requests at the firewalls"],
  ["trial/", "the trial, against test doubles"],
  ["trial-cloudflare/", "the trial at Cloudflare, against test doubles"],
  ["deploy/", "the deploy script, against test doubles"],
  ["", "security properties, settings, names and the snapshot"],
];

const report = join(folder, "vitest.json");
run("the tests pass", bin("vitest"), "run", "--reporter=dot", "--reporter=json", `--outputFile.json=${report}`);
try {
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
  passed += numPassedTests;
  failed += numFailedTests;
  const partOf = (file: string) => PARTS.find(([start]) => file.startsWith(join(here, "test", start)))?.[1];
  for (const [, what] of PARTS) {
    const tests = testResults.filter(({ name }: any) => partOf(name) === what).flatMap(({ assertionResults }: any) => assertionResults);
    const good = tests.filter(({ status }: any) => status === "passed").length;
    console.log(`${good === tests.length && good > 0 ? "ok  " : "FAIL"}  ${what}: ${good} of ${tests.length}`);
  }
} catch {
  // Said above.
}

const templates: string[] = [];
for (const file of readdirSync(join(here, "deployments"))) {
  const deployment = file.replace(/\.json$/, "");
  const output = join(folder, deployment);
  const context = ["-c", `deployment=${deployment}`];
  if (run(`${deployment} is synthesized, and cdk-nag and cdk-preflight find nothing unexplained`, bin("cdk"), "synth", "--quiet", "--no-lookups", "--output", output, ...context)) {
    templates.push(...readdirSync(output).filter((name) => name.endsWith(".template.json")).map((name) => join(output, name)));
  }
}
const temporary = join(folder, "questions.template.json");
const questions = { region: "eu-west-1", name: "edgeward-trial-questions", prefix: "edgeward-0a1b2c", redirectUri: "http://127.0.0.1:4567/callback" };
writeFileSync(temporary, JSON.stringify(questionsTemplate({ ...questions, tier: "ESSENTIALS" })));
// The trial's stack is no deployment, and keeps nothing: checkov has no say in it.
run("cfn-lint finds nothing, in the trial's temporary stack either", "cfn-lint", "--", ...templates, temporary);
run("checkov finds nothing that checkov.yaml does not explain", "checkov", "--config-file", join(here, "checkov.yaml"), "--file", ...templates);

console.log(`infra: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
