// Everything that can be said of the stacks without AWS: `make infra-test`. The last line counts what held.

import { spawn } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { temporaryFolder } from "./test/temporary.ts";
import { questionsTemplate } from "./trial/questions/template.ts";

const here = fileURLToPath(new URL(".", import.meta.url));
const { folder } = temporaryFolder();
let passed = 0;
let failed = 0;

/** Counts and prints a check, and what it says if it fails. */
function report(what: string, good: boolean, said: string): boolean {
  good ? passed++ : failed++;
  console.log(`${good ? "ok  " : "FAIL"}  ${what}`);
  if (!good) console.log(said);
  return good;
}

/** Runs a command without AWS's credentials. It does not block, or Ctrl-C would end the command and not this program. */
async function run(what: string, command: string, ...args: string[]): Promise<boolean> {
  const none = { AWS_ACCESS_KEY_ID: "", AWS_SECRET_ACCESS_KEY: "", AWS_PROFILE: "", AWS_EC2_METADATA_DISABLED: "true" };
  const child = spawn(command, args, { cwd: here, stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, ...none } });
  const stop = () => void child.kill();
  process.prependOnceListener("exit", stop);
  const ended = new Promise<[good: boolean, error: string]>((resolve) => {
    child.on("error", (error) => resolve([false, error.message]));
    child.on("close", (status) => resolve([status === 0, ""]));
  });
  const [[good, error], out, complaints] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  process.off("exit", stop);
  return report(what, good, `${error}${out}${complaints}`);
}

const bin = (name: string) => join(here, "node_modules/.bin", name);
await run("the types agree", bin("tsc"), "--noEmit");

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

// A folder of the tests' own shows what they leave.
const ofTests = join(folder, "tests");
mkdirSync(ofTests);
process.env["TMPDIR"] = ofTests;
const results = join(folder, "vitest.json");
await run("the tests pass", bin("vitest"), "run", "--reporter=dot", "--reporter=json", `--outputFile.json=${results}`);
const left = readdirSync(ofTests);
report("the tests leave nothing in the temporary folder", left.length === 0, `they leave ${left.join(", ")}`);
process.env["TMPDIR"] = folder;
try {
  const { numPassedTests, numFailedTests, testResults } = JSON.parse(readFileSync(results, "utf8"));
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
  if (await run(`${deployment} is synthesized, and cdk-nag and cdk-preflight find nothing unexplained`, bin("cdk"), "synth", "--quiet", "--no-lookups", "--output", output, ...context)) {
    templates.push(...readdirSync(output).filter((name) => name.endsWith(".template.json")).map((name) => join(output, name)));
  }
}
const temporary = join(folder, "questions.template.json");
const questions = { region: "eu-west-1", name: "edgeward-trial-questions", prefix: "edgeward-0a1b2c", redirectUri: "http://127.0.0.1:4567/callback" };
writeFileSync(temporary, JSON.stringify(questionsTemplate({ ...questions, tier: "ESSENTIALS" })));
// The trial's stack is no deployment, and keeps nothing: checkov has no say in it.
await run("cfn-lint finds nothing, in the trial's temporary stack either", "cfn-lint", "--", ...templates, temporary);
await run("checkov finds nothing that checkov.yaml does not explain", "checkov", "--config-file", join(here, "checkov.yaml"), "--file", ...templates);

console.log(`infra: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
