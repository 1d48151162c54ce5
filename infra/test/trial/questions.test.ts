import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { QUESTIONS } from "../../trial/questions/questions.ts";
import { questionsTemplate, REFUSAL } from "../../trial/questions/template.ts";
import { runTrial } from "../../trial/run.ts";
import { STEPS } from "../../trial/steps.ts";
import { COGNITO_RULES } from "../reality/rules/cognito.ts";
import { listen } from "../../trial/http.ts";
import type { TemplateJson, Templates } from "../templates.ts";
import { FakeOutside, ISSUER } from "./outside.ts";

const SETTINGS = {
  account: "123456789012",
  region: "eu-west-1",
  publicUrl: ISSUER,
  edge: { environment: "dev" },
  userPool: { retain: false, tier: "PLUS" },
  server: { image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/edgeward-origin:1" },
};
const STACK = "eu-west-1 edgeward-trial-questions";

/** Runs the step alone; its facts, and the whole report. */
async function ask(change: (outside: FakeOutside) => void = () => {}) {
  const outside = new FakeOutside();
  outside.write(join(outside.settings, "trial.json"), JSON.stringify(SETTINGS));
  change(outside);
  const others = STEPS.map(({ name }) => name).filter((name) => name !== "questions");
  const words = ["--deployment", "trial", "--deployments", outside.settings, "--report", outside.report, "--skip", others.join(",")];
  const status = await runTrial(words, outside);
  const text = outside.read(join(outside.report, "report.json")) ?? "";
  const { facts }: { facts: string[] } = JSON.parse(text).steps[0];
  const about = (name: string) => facts.filter((fact) => fact.includes(`${name}: `));
  return { outside, status, facts, about, text };
}

const template = (changes: object = {}) =>
  questionsTemplate({ region: "eu-west-1", name: "edgeward-trial-questions", prefix: "edgeward-0a1b2c", redirectUri: "http://127.0.0.1:4567/callback", tier: "ESSENTIALS", ...changes });

describe("the questions of a trial", () => {
  test("are all answered as expected by a pool like the local Cognito, and nothing temporary stays", async () => {
    const { outside, status, facts } = await ask();
    expect(facts.filter((fact) => /^(DIFFERS|UNANSWERED)/.test(fact))).toEqual([]);
    expect(facts[0]).toBe(`${QUESTIONS.length} questions: ${QUESTIONS.length} as expected, 0 differ, 0 unanswered`);
    for (const { name } of QUESTIONS) expect(facts).toContainEqual(expect.stringMatching(`^ok: ${name}: expected of the local Cognito`));
    expect(facts.at(-1)).toBe("everything temporary is removed");
    expect([status, outside.aws.stacks.has(STACK), outside.isListening]).toEqual([0, false, false]);
    expect(outside.aws.made).toMatchObject([{ name: "edgeward-trial-questions", tags: { "edgeward:deployment": "trial" } }]);
  });

  test("write no secret into the report, and none but the passwords that the person needs onto the terminal", async () => {
    const { outside, text } = await ask();
    const passwords = [...outside.pool.users.values()].map(({ password }) => password).filter((password) => password !== "");
    expect(passwords.length).toBe(2);
    const others = outside.requests.flatMap(({ body = "" }) => [...new URLSearchParams(body)]).filter(([name]) => /token$|^code|^client_id$/.test(name));
    expect(others.length).toBeGreaterThan(30);
    const secrets = [...passwords, ...others.map(([, value]) => value)];
    expect(secrets.filter((secret) => text.includes(secret))).toEqual([]);
    const said = outside.said.filter((line) => !/password|\/oauth2\/authorize\?/.test(line)).join("\n");
    expect(secrets.filter((secret) => said.includes(secret))).toEqual([]);
  });

  test.each([
    ["replay", "forks", (o: FakeOutside) => void (o.pool.replay = "forks"), "supersedes by default): supersedes; observed: forks"],
    ["replay", "repeats", (o: FakeOutside) => void (o.pool.replay = "repeats"), "observed: repeats"],
    ["replay", "refuses", (o: FakeOutside) => void (o.pool.replay = "refuses"), "observed: refuses"],
    ["revocation", "ends the whole family", (o: FakeOutside) => void (o.pool.revocation = "whole_family"), "newest_or_original; observed: whole_family"],
    ["refused-sign-in", "is told at the token endpoint", (o: FakeOutside) => void (o.pool.tokenTrigger = "at_token_endpoint"), 'observed: token endpoint: 400 invalid_request "PreTokenGeneration'],
    ["refused-authentication", "is told at the callback", (o: FakeOutside) => void (o.pool.lambdaErrors = "at_callback"), 'observed: callback: invalid_request "PreAuthentication failed with error'],
    ["refused-refresh", "has other words", (o: FakeOutside) => void (o.pool.refusedRefresh = "no"), 'observed: 400 invalid_request "no"'],
    ["disabled-refresh", "forgives", (o: FakeOutside) => void (o.pool.forgives = true), "observed: 400 invalid_grant; once enabled again: good"],
    ["disabled-signed-in", "does not look", (o: FakeOutside) => void (o.pool.forgetsDisabled = true), "observed: signed in"],
    ["prompt-none-signed-out", "shows an error page of its own", (o: FakeOutside) => void (o.pool.signedOut = "error page"), "observed: page /error: login_required"],
    ["prompt-none-signed-out", "gives a code", (o: FakeOutside) => void (o.pool.signedOut = "code"), "observed: callback: a code"],
    ["refresh-token-size", "is another one", (o: FakeOutside) => void (o.pool.size = 2100), "observed: 2100 characters"],
  ])("say of %s that a pool differs that %s, and what to do about it, and pass", async (name, _, change, observed) => {
    const { outside, status, facts, about } = await ask(change);
    expect(about(name)[0]).toMatch(/^DIFFERS: /);
    expect(about(name)[0]).toContain(observed);
    expect(about(name)).toContainEqual(expect.stringContaining(`${name}: what to do: `));
    expect(facts[0]).toContain("1 differ, 0 unanswered");
    expect([status, outside.aws.stacks.has(STACK)]).toEqual([0, false]);
  });

  test("say what else was seen: a replayed token after the grace period, a token that outlives a refusal, a provider's group", async () => {
    const { about } = await ask();
    expect(about("replay")).toContainEqual(expect.stringContaining("the older child: 400 invalid_grant; then the newer one: good"));
    expect(about("replay")).toContainEqual(expect.stringContaining("the token that was replayed, after the grace period: 400 invalid_grant; afterwards the newest of the family: good"));
    expect(about("revocation")).toContainEqual(expect.stringContaining("revoking a superseded token in the middle of the chain: 200; then the newest: good"));
    expect(about("refused-refresh")).toContainEqual(expect.stringContaining("the same token afterwards, when the Lambda lets the user pass: good"));
    expect(about("leaver")).toContainEqual(expect.stringContaining("the provider's group is in the tokens"));
  });

  test("do not take a time that is always new for a password that was asked for", async () => {
    const { about, facts } = await ask((o) => void (o.pool.renews = true));
    expect(about("prompt-none-signed-in")[0]).toMatch(/^ok: /);
    for (const name of ["prompt-select-account-signed-in", "prompt-login-signed-in"]) {
      expect(about(name)[0]).toMatch(/^DIFFERS: .*observed: a code$/);
      expect(about(name)).toContainEqual(expect.stringContaining("it does not tell whether one was asked for"));
    }
    expect(facts[0]).toContain("2 differ");
  });

  test("fail where the person does not come back, and where Cognito shows an error page, and remove everything", async () => {
    const { outside, status, about, facts } = await ask((o) => (o.browse = () => undefined));
    // The README says of seven that they need no person, and of nine URLs.
    expect(facts[0]).toBe("16 questions: 7 as expected, 0 differ, 9 unanswered");
    expect(about("replay")[0]).toMatch(/^UNANSWERED: replay: .*; nobody came back within 10 minutes/);
    expect(about("revocation")[0]).toMatch(/^ok/);
    expect([status, outside.aws.stacks.has(STACK), outside.isListening, facts.at(-1)]).toEqual([1, false, false, "everything temporary is removed"]);
    const stays = await ask((o) => (o.browse = () => "stays"));
    expect(stays.about("replay")[0]).toContain("the sign-in failed: the browser stays at a page of Cognito");
  });

  test("take a person who leaves after the first visit for no answer of the pool", async () => {
    let visits = 0;
    const { status, about, facts } = await ask((o) => (o.browse = (url) => (visits++ === 0 ? o.pool.browse(url) : undefined)));
    expect(facts[0]).toBe("16 questions: 8 as expected, 0 differ, 8 unanswered");
    expect(about("replay")[0]).toMatch(/^ok: /);
    for (const name of ["prompt-none-signed-in", "refused-sign-in", "disabled-signed-in", "refused-sign-up", "leaver"]) {
      expect(about(name)).toEqual([expect.stringMatching(/^UNANSWERED: .*; nobody came back within 10 minutes$/)]);
    }
    expect(status).toBe(1);
  });

  test("take the session of the pool's own user for no answer about the identity provider's", async () => {
    const { status, about, facts } = await ask((o) => void (o.pool.prefersSession = true));
    for (const name of ["refused-sign-up", "leaver"]) {
      expect(about(name)).toEqual([expect.stringMatching(/^UNANSWERED: .*; the session of the pool's own user answered$/)]);
    }
    expect(facts[0]).toContain("0 differ, 2 unanswered");
    expect(status).toBe(1);
  });

  test("say that the identity provider's user is signed in where pre sign-up does not refuse", async () => {
    const { about } = await ask((o) => (o.aws.setAttribute = async (_region, pool, user, name, value) => {
      if (pool === "pool") o.pool.user(pool, user).attributes[name] = value;
    }));
    expect(about("refused-sign-up")[0]).toMatch(/^DIFFERS: .*observed: signed in$/);
  });

  test("take no visit with another state for an answer", async () => {
    const { about } = await ask((o) => (o.browse = () => ({ code: "forged", state: "forged" })));
    expect(about("replay")[0]).toContain("nobody came back");
  });

  test("fail where CloudFormation cannot make the pool, with its reason and what to do, and remove what it has made", async () => {
    const { outside, status, facts } = await ask((o) => {
      o.aws.created = "ROLLBACK_COMPLETE";
      o.aws.stackEvents.set(STACK, [
        { id: "1", resource: "UsersDomain", physicalId: "", type: "AWS::Cognito::UserPoolDomain", status: "CREATE_FAILED", reason: "Domain already associated with another user pool." },
      ]);
    });
    expect(facts[0]).toContain("the temporary pool could not be made: ROLLBACK_COMPLETE; UsersDomain: Domain already associated with another user pool. (somebody has that prefix");
    expect([status, outside.aws.stacks.has(STACK), outside.isListening]).toEqual([1, false, false]);
  });

  test("wait for the login pages, which are there a while after their pool, and give up in the end", async () => {
    const absent = (times: number) => (o: FakeOutside) => {
      const usual = o.pool.http.bind(o.pool);
      o.pool.http = (request) => {
        if (times-- > 0) throw new Error("getaddrinfo ENOTFOUND");
        return usual(request);
      };
    };
    expect((await ask(absent(3))).status).toBe(0);
    const early = await ask((o) => void (o.pool.absent = 3));
    expect([early.status, early.facts[0]]).toEqual([0, expect.stringContaining("0 differ, 0 unanswered")]);
    expect((await ask((o) => void (o.pool.absent = 100))).facts[0]).toBe("it could not be done: the login pages do not answer: status 404, and no Location");
    const { status, facts } = await ask(absent(100));
    expect(facts).toEqual(["it could not be done: the login pages do not answer: getaddrinfo ENOTFOUND", "everything temporary is removed"]);
    expect(status).toBe(1);
  });

  test("remove everything where something breaks on the way", async () => {
    const { outside, status, facts } = await ask((o) => {
      o.aws.createUser = async () => {
        throw new Error("TooManyRequestsException");
      };
    });
    expect(facts).toEqual(["it could not be done: TooManyRequestsException", "everything temporary is removed"]);
    expect([status, outside.aws.stacks.has(STACK), outside.isListening]).toEqual([1, false, false]);
  });

  test("fail, and say what to do by hand, where the stack cannot be deleted", async () => {
    const { status, facts } = await ask((o) => void (o.aws.deleted = "DELETE_FAILED"));
    expect(status).toBe(1);
    expect(facts.at(-1)).toBe("the stack edgeward-trial-questions is still there: aws cloudformation delete-stack --stack-name edgeward-trial-questions --region eu-west-1");
  });

  test("wait for a stack that CloudFormation does not show yet, and never say that it is gone before it is", async () => {
    const { outside, status, facts } = await ask((o) => void (o.aws.unseen = 3));
    expect([status, facts[0], outside.aws.stacks.has(STACK)]).toEqual([0, expect.stringContaining("0 differ, 0 unanswered"), false]);
    const never = await ask((o) => void (o.aws.unseen = 10_000));
    expect(never.facts[0]).toBe("it could not be done: the temporary pool could not be made: no stack");
    expect([never.status, never.facts.at(-1)]).toEqual([1, expect.stringContaining("the stack edgeward-trial-questions is still there")]);
    const late = await ask((o) => void (o.aws.unseen = 90));
    expect([late.facts.at(-1), late.outside.aws.stacks.has(STACK)]).toEqual(["everything temporary is removed", false]);
  });

  test("remove what an earlier run has left first", async () => {
    const { outside, status } = await ask((o) => void o.aws.stacks.set(STACK, { status: "CREATE_COMPLETE", isProtected: false }));
    expect([status, outside.aws.made.length, outside.aws.stacks.has(STACK)]).toEqual([0, 1, false]);
  });

  test("have names of their own, and the redactor leaves them in", async () => {
    expect(new Set(QUESTIONS.map(({ name }) => name)).size).toBe(QUESTIONS.length);
    const { text } = await ask();
    expect(text).not.toContain("[redacted]");
  });
});

describe("the temporary pool", () => {
  test("is one that Cognito takes, as far as the rules know", () => {
    const security = template() as unknown as TemplateJson;
    const nothing: TemplateJson = { Resources: {} };
    const templates: Templates = { global: nothing, security, server: nothing, watch: nothing };
    expect(COGNITO_RULES.flatMap(({ broken }) => broken(templates))).toEqual([]);
    expect(Object.values(security.Resources).filter(({ Type }) => Type === "AWS::Cognito::UserPoolClient").length).toBe(2);
  });

  test("has the plan of the deployment, is not protected, and keeps nothing", async () => {
    const { outside } = await ask();
    const [{ template: made } = { template: undefined }] = outside.aws.made;
    expect(made.Resources.Users.Properties).toMatchObject({ UserPoolTier: "PLUS", DeletionProtection: "INACTIVE" });
    expect(JSON.stringify(made)).not.toMatch(/Retain|DeletionPolicy/);
  });

  test("has a Lambda that refuses a user at the trigger that the attribute names, and nobody else", async () => {
    const module = { exports: {} as { handler?: (event: object) => Promise<object> } };
    new Function("exports", template().Resources.Refuse.Properties.Code.ZipFile)(module.exports);
    const event = (triggerSource: string, nickname?: string) => ({ triggerSource, request: { userAttributes: { ...(nickname && { nickname }) } } });
    const handler = module.exports.handler!;
    await expect(handler(event("PreSignUp_ExternalProvider", "PreSignUp"))).rejects.toThrow(REFUSAL);
    await expect(handler(event("TokenGeneration_RefreshTokens", "TokenGeneration"))).rejects.toThrow(REFUSAL);
    for (const passes of [event("TokenGeneration_HostedAuth", "TokenGeneration_RefreshTokens"), event("PreSignUp_AdminCreateUser"), { triggerSource: "x", request: {} }]) {
      expect(await handler(passes)).toBe(passes);
    }
  });
});

test("a browser's visits are taken in order, once each, and not waited for longer than told", async () => {
  const listener = await listen();
  try {
    expect(await listener.next(1)).toBeUndefined();
    const later = listener.next(10_000);
    const pages = [];
    for (const query of ["code=1&state=a", "error=stayed"]) pages.push(await (await fetch(`${listener.redirectUri}?${query}`)).text());
    expect(pages).toEqual(["Signed in. Go back to the terminal.\n", "Not signed in. Go back to the terminal.\n"]);
    expect((await later)?.get("code")).toBe("1");
    expect((await listener.next(10_000))?.get("error")).toBe("stayed");
    expect((await listener.query).get("code")).toBe("1");
    expect((await fetch(new URL("/favicon.ico", listener.redirectUri))).status).toBe(404);
    expect(await listener.next(1)).toBeUndefined();
  } finally {
    listener.close();
  }
});
