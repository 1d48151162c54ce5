import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { runTrial } from "../../trial/run.ts";
import { STEPS } from "../../trial/steps.ts";
import { answer, chunks, FakeOutside, ISSUER, SECRETS } from "./outside.ts";

const SETTINGS = {
  account: "123456789012",
  region: "eu-west-1",
  publicUrl: ISSUER,
  alarmEmail: "oncall@example.com",
  edge: { environment: "dev" },
  userPool: { retain: false },
  server: { image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/edgeward-origin:1" },
};

function world(changes: object = {}): FakeOutside {
  const outside = new FakeOutside();
  outside.write(join(outside.settings, "trial.json"), JSON.stringify({ ...SETTINGS, ...changes }));
  outside.aws.parameters.set("eu-west-1 /edgeward/trial/edge/origin-url", "https://d111.cloudfront.net");
  outside.aws.parameters.set("eu-west-1 /edgeward/trial/edge/cognito-domain", "login.example.com");
  // What a program of the deployment does to AWS.
  outside.effect = (argv) => {
    if (argv.includes("destroy")) outside.aws.stacks.clear();
    if (argv.includes("destroy")) outside.aws.parameters.clear();
  };
  return outside;
}

const trial = (outside: FakeOutside, ...words: string[]) =>
  runTrial(["--deployment", "trial", "--deployments", outside.settings, "--report", outside.report, ...words], outside);

const report = (outside: FakeOutside) => JSON.parse(outside.read(join(outside.report, "report.json")) ?? '{"steps":[]}').steps;
const verdicts = (outside: FakeOutside) => Object.fromEntries(report(outside).map(({ step, verdict }: any) => [step, verdict]));
const factsOf = (outside: FakeOutside, name: string): string[] => report(outside).find(({ step }: any) => step === name).facts;
/** All but the steps that are named. */
const without = (...names: string[]) => ["--skip", STEPS.map(({ name }) => name).filter((name) => !names.includes(name)).join(",")];

describe("a trial", () => {
  test("goes through every step, and reports each", async () => {
    const outside = world();
    expect(await trial(outside)).toBe(0);
    expect(verdicts(outside)).toEqual(Object.fromEntries(STEPS.map(({ name }) => [name, "passed"])));
    for (const program of [/cdk deploy --all/, /edgeward rotate .*--env dev signing$/, /edgeward rotate .*client-secret$/, /cdk destroy --all/]) {
      expect(outside.commands).toContainEqual(expect.stringMatching(program));
    }
  });

  test("writes no secret into its report, and says none", async () => {
    const outside = world();
    outside.call = () => {
      throw new Error(`refused: Authorization: Bearer ${SECRETS.access}, refresh_token=${SECRETS.refresh}, account 123456789012, of alice@example.com`);
    };
    await trial(outside, ...without("rotation"), "--rotation-minutes", "1");
    const text = `${outside.read(join(outside.report, "report.json"))}${outside.text.replaceAll(/\S*\/authorize\?\S*/g, "")}`;
    expect(text).toContain("refused");
    for (const secret of [...Object.values(SECRETS), "alice@example.com", "123456789012,"]) expect(text).not.toContain(secret);
  });

  test("stops at a step that fails, and goes on from there", async () => {
    const outside = world();
    outside.aws.mails = 0;
    expect(await trial(outside)).toBe(1);
    expect(verdicts(outside)).toMatchObject({ firewalls: "passed", alarms: "failed" });
    expect(verdicts(outside)).not.toHaveProperty("rotation");
    outside.aws.mails = 1;
    const calls = outside.commands.length;
    expect(await trial(outside)).toBe(0);
    expect(outside.said).toContainEqual(expect.stringMatching(/deploy: .*has passed already/));
    expect(outside.commands[calls]).toContain("edgeward rotate");
  });

  test("leaves out and repeats the steps it is told to", async () => {
    const outside = world();
    await trial(outside, ...without("stream"));
    expect(verdicts(outside)).toEqual({ stream: "passed" });
    const before = outside.requests.length;
    await trial(outside, ...without("stream"));
    expect(outside.requests.length).toBe(before);
    outside.stream = chunks("data: Counted to 15.\n\n");
    await trial(outside, ...without("stream"), "--again", "stream");
    expect(outside.requests.length).toBeGreaterThan(before);
  });

  test("of a deployment that keeps its users is refused", async () => {
    const outside = world({ userPool: { retain: true } });
    expect(await trial(outside)).toBe(2);
    expect(outside.text).toContain("with userPool.retain set to false");
    expect(outside.commands).toEqual([]);
  });

  test.each([
    ["settings", "copy", (outside: FakeOutside) => outside.settings],
    ["copy", "settings", (outside: FakeOutside) => join(outside.report, "deployments")],
  ])("of a deployment that has come to keep its users is refused, if the %s says so and the %s does not", async (_, __, folder) => {
    const outside = world();
    expect(await trial(outside, ...without("rotation"))).toBe(0);
    const file = join(folder(outside), "trial.json");
    const settings = JSON.parse(outside.read(file) ?? "{}");
    outside.write(file, JSON.stringify({ ...settings, userPool: { retain: true } }));
    const before = outside.commands.length;
    expect(await trial(outside, ...without("destroy"))).toBe(2);
    expect(outside.text).toContain(`with userPool.retain set to false; ${file} has it true`);
    expect(outside.commands).toHaveLength(before);
  });

  test("goes on with what it has changed", async () => {
    const outside = world();
    await trial(outside, ...without("rotation"));
    await trial(outside, ...without("rotation"), "--again", "rotation");
    const copy = JSON.parse(outside.read(join(outside.report, "deployments/trial.json")) ?? "{}");
    expect(copy.server.originSecretGeneration).toBe(3);
  });

  test("is refused with another account's credentials, until the settings are mended", async () => {
    const outside = world({ account: "999999999999" });
    expect(await trial(outside, ...without("rotation"))).toBe(1);
    expect(outside.text).toContain("`account` in the settings says 999999999999");
    expect([outside.commands, outside.requests, report(outside)]).toEqual([[], [], []]);
    outside.write(join(outside.settings, "trial.json"), JSON.stringify(SETTINGS));
    expect(await trial(outside, ...without("rotation"))).toBe(0);
  });

  test("ends what goes on beside a step when that breaks", async () => {
    const outside = world();
    outside.effect = () => {
      throw new Error("spawn ENOMEM");
    };
    expect(await trial(outside, ...without("rotation"))).toBe(1);
    expect(factsOf(outside, "rotation")).toEqual(["it could not be done: spawn ENOMEM"]);
    const before = outside.requests.length;
    for (let turn = 0; turn < 100; turn++) await outside.wait(1000);
    expect(outside.requests.length).toBe(before);
  });

  test.each([
    [[], "name the deployment"],
    [["--deployment", "trial", "--skip", "everything"], "there is no step everything"],
    [["--deployment", "trial", "--stream-minutes", "0"], '"0" is no number of minutes'],
    [["--deployment", "nowhere", "--deployments", "/nowhere"], "there is no /nowhere/nowhere.json"],
  ])("with %j says what is wrong", async (words, message) => {
    const outside = world();
    expect(await runTrial(words, outside)).toBe(2);
    expect(outside.text).toContain(message);
  });
});

describe("a step of a trial", () => {
  test("fails when the stream ends without its result", async () => {
    const outside = world();
    outside.stream = chunks(": still there\n\n");
    expect(await trial(outside, ...without("stream"))).toBe(1);
    expect(factsOf(outside, "stream")[0]).toContain("without its result");
  });

  test("fails when the stream breaks off, and says why", async () => {
    const outside = world();
    outside.stream = (async function* () {
      yield "data: 1\n\n";
      throw new Error("socket hang up");
    })();
    expect(await trial(outside, ...without("stream"))).toBe(1);
    expect(factsOf(outside, "stream")).toContain("it broke off: socket hang up");
  });

  test("fails when a firewall stops an honest call", async () => {
    const outside = world();
    outside.call = (_, { body = "" }) => answer(body.includes("<script>") ? 403 : 200);
    expect(await trial(outside, ...without("firewalls"))).toBe(1);
    expect(factsOf(outside, "firewalls")).toContain("WRONG: a tool call with markup: 403, and not 200");
  });

  test("fails when a large call, or one around the edge, is let through", async () => {
    const outside = world();
    outside.call = () => answer(200);
    expect(await trial(outside, ...without("firewalls"))).toBe(1);
    expect(factsOf(outside, "firewalls")).toContain("WRONG: a tool call with 5 MB: 200, and not 413");
    const open = world();
    const usual = open.http.bind(open);
    open.http = async (request) => (request.url.startsWith("https://d111") ? answer(200) : usual(request));
    expect(await trial(open, ...without("firewalls"))).toBe(1);
    expect(factsOf(open, "firewalls")).toContain("WRONG: no identity, at CloudFront: 200, and not 401 or 403");
  });

  test("sends tool calls and token calls without User-Agent", async () => {
    const outside = world();
    await trial(outside, ...without("firewalls"));
    expect(verdicts(outside)).toEqual({ firewalls: "passed" });
    const named = outside.requests.filter(({ url, body = "" }) => body.includes("tools/call") || url.endsWith("/oauth2/token"));
    expect(named.length).toBeGreaterThan(5);
    expect(named.flatMap(({ headers = {} }) => Object.keys(headers)).filter((name) => /user-agent/i.test(name))).toEqual([]);
  });

  test("fires an alarm of each topic, and takes it back", async () => {
    const outside = world();
    await trial(outside, ...without("alarms"));
    expect(outside.aws.states).toEqual(["eu-west-1 edgeward-trial-b ALARM", "eu-west-1 edgeward-trial-b OK"]);
    const silent = world({ alarmEmail: undefined });
    await trial(silent, ...without("alarms"));
    expect(verdicts(silent)).toEqual({ alarms: "skipped" });
  });

  test("fails when a request fails while things are rotated", async () => {
    const outside = world();
    outside.call = () => answer(502);
    expect(await trial(outside, ...without("rotation"))).toBe(1);
    expect(factsOf(outside, "rotation")).toContain("a call was answered with 502");
  });

  test("deploys the next generation of the origin's secret, without touching the settings it was given", async () => {
    const outside = world();
    await trial(outside, ...without("rotation"));
    const copy = JSON.parse(outside.read(join(outside.report, "deployments/trial.json")) ?? "{}");
    expect(copy.server.originSecretGeneration).toBe(2);
    expect(JSON.parse(outside.read(join(outside.settings, "trial.json")) ?? "{}").server.originSecretGeneration).toBeUndefined();
  });

  test("names what is left behind", async () => {
    const outside = world();
    outside.aws.left = ["arn:aws:s3:::left-bucket"];
    expect(await trial(outside, ...without("leftovers"))).toBe(1);
    expect(factsOf(outside, "leftovers")).toEqual(["eu-west-1: arn:aws:s3:::left-bucket"]);
  });

  test("signs in once, with PKCE, at the URL that is printed", async () => {
    const outside = world();
    await trial(outside, ...without("stream", "firewalls"));
    const urls = outside.said.filter((line) => line.includes("/authorize?")).map((line) => new URL(line.trim()).searchParams);
    expect(urls).toHaveLength(1);
    expect(urls[0]?.get("code_challenge_method")).toBe("S256");
    expect(urls[0]?.get("resource")).toBe(`${ISSUER}/mcp`);
  });

  test.each([
    [{ error: "access_denied" }, "the sign-in failed: access_denied"],
    [{ code: SECRETS.code, state: "forged" }, "the browser came back with another state"],
  ])("fails when the browser comes back with %j", async (comesBack, message) => {
    const outside = world();
    outside.comesBack = comesBack as Record<string, string>;
    expect(await trial(outside, ...without("stream"))).toBe(1);
    expect(factsOf(outside, "stream")[0]).toContain(message);
  });
});
