import { describe, expect, test } from "vitest";
import { readFileSync } from "node:fs";
import { answer, chunks, ISSUER } from "../trial/outside.ts";
import { failing, hasToken, isJwks, isMcp, isToken, passing, standing, world } from "./trial.ts";

describe("deploy", () => {
  test("asks the new name no sooner than Cloudflare has it, and all the time from then on", async () => {
    const outside = world();
    outside.during = (argv, when) => {
      if (argv.includes("push") && when === "begins") expect(outside.requests.filter(({ url }) => url.startsWith(ISSUER))).toEqual([]);
    };
    expect(await passing(outside, "deploy")).toContain("failures: none");
    expect(outside.requests.filter(isJwks).length).toBeGreaterThan(10);
  });

  test.each(["begins", "ends"] as const)("asks the new name ten seconds after Cloudflare has it, when the push %s", async (moment) => {
    const outside = world();
    let since = 0;
    outside.during = (_, when) => {
      if (when !== moment) return;
      outside.isServed = true;
      since = outside.now();
    };
    await passing(outside, "deploy");
    expect(outside.served[0]?.time).toBeGreaterThanOrEqual(since + 10_000);
  });

  test("does not ask a name that a failed push has not made", async () => {
    const outside = world();
    outside.failing = ["push"];
    expect(await failing(outside, "deploy")).toContain("the first push ended with status 1, and Cloudflare has no such name yet");
    expect(outside.requests.filter(({ url }) => url.startsWith(ISSUER))).toEqual([]);
  });

  test("fails when the edge has code and no settings for a moment", async () => {
    const outside = world();
    let bad = 3;
    outside.during = (_, when) => void (when === "begins" && (outside.isServed = true));
    outside.instead = (request) => (request.url.startsWith(ISSUER) && bad-- > 0 ? answer(500, "settings") : undefined);
    expect(await failing(outside, "deploy")).toMatch(/WRONG: \d+ good answers, failures: .*: 500 at DUB/);
  });

  test("takes no answer of Cloudflare's from before the edge is there for a failure", async () => {
    const outside = world();
    let early = 5;
    outside.instead = () => (early-- > 0 ? answer(530, "error code: 1016") : undefined);
    expect(await passing(outside, "deploy")).toContain("530 with Cloudflare's error 1016 at DUB");
  });

  test("fails when there is no good answer in a quarter of an hour", async () => {
    const outside = world();
    outside.instead = () => answer(522);
    expect(await failing(outside, "deploy")).toContain("WRONG: no good answer came");
  });

  test("pushes an edge that stands while requests go on, and fails when one does", async () => {
    expect(await passing(standing(), "deploy")).toContain("the first push was not seen");
    const outside = standing();
    let isPushing = false;
    outside.during = (_, when) => void (isPushing = when === "begins");
    outside.instead = () => (isPushing ? answer(503, "error code: 1102") : undefined);
    expect(await failing(outside, "deploy")).toContain("503 with Cloudflare's error 1102");
  });

  test("fails when an edge that stands answers nothing good until it is pushed", async () => {
    const outside = standing();
    let isPushed = false;
    outside.during = (_, when) => void (isPushed ||= when === "ends");
    outside.instead = () => (isPushed ? undefined : answer(530));
    expect(await failing(outside, "deploy")).toContain("WRONG: before any good answer");
  });

  test("deletes the Worker first if it is told to", async () => {
    const outside = standing();
    expect(await passing(outside, "deploy", "--delete-worker")).toContain("the first good answer came");
    expect(outside.commands[0]).toMatch(/^wrangler delete .*--name edgeward-trial --env= --force$/);
  });

  test("names what is to be done first, and a push that fails", async () => {
    const outside = world();
    outside.aws.parameters.clear();
    expect(await failing(outside, "deploy")).toContain("run `make deploy DEPLOYMENT=trial` first");
    const broken = standing();
    broken.failing = ["push"];
    expect(await failing(broken, "deploy")).toContain("the push ended with status 1");
  });
});

describe("sign-in", () => {
  test("asks a person once, and calls", async () => {
    const outside = standing();
    expect(await passing(outside, "sign-in")).toContain("tools/list: 200 at DUB");
    expect(outside.said.filter((line) => line.includes("/authorize?"))).toHaveLength(1);
  });

  test.each([
    ["a tool is missing", "tools/list", answer(200, { tools: [{ name: "whoami" }] }), "without count_slowly"],
    ["nobody is named", "tools/call", answer(200, { isError: true }), "and it names nobody"],
  ])("fails when %s", async (_, method, given, message) => {
    const outside = standing();
    outside.instead = ({ body = "" }) => (body.includes(method) ? given : undefined);
    expect(await failing(outside, "sign-in")).toContain(message);
  });
});

describe("push", () => {
  test("fails when nobody without a token is answered well before the push has ended", async () => {
    const outside = standing();
    let [isSignedIn, isPushed] = [false, false];
    outside.during = (_, when) => void (isPushed ||= when === "ends");
    outside.instead = (request) => {
      isSignedIn ||= hasToken(request);
      return isSignedIn && !isPushed && !hasToken(request) && !isToken(request) ? answer(404) : undefined;
    };
    expect(await failing(outside, "push")).toContain("jwks.json: 404 at DUB");
  });

  test("passes when nobody notices", async () => {
    expect(await passing(standing(), "push")).toMatch(/\d+ calls, \d+ refreshes and \d+ requests without credentials were answered meanwhile\nok: failures: none/);
  });

  test.each([
    ["a call", (request: any) => isMcp(request) && hasToken(request) && request.body.includes("whoami"), "a call: 500 at DUB"],
    ["a refresh", (request: any) => isToken(request), "/token answers 500"],
    ["a call without credentials", (request: any) => isMcp(request) && !hasToken(request), "a call without credentials: 500 at DUB"],
  ])("fails when %s fails", async (_, matches, message) => {
    const outside = standing();
    let pushed = false;
    outside.during = () => void (pushed = true);
    outside.instead = (request) => (pushed && matches(request) ? answer(500) : undefined);
    expect(await failing(outside, "push")).toContain(message);
  });
});

describe("zone", () => {
  test("asks as every kind of client, from everywhere", async () => {
    const outside = standing();
    const facts = await passing(outside, "zone", "--via", "http://127.0.0.1:3128");
    expect(facts).toContain("Claude-User, from this machine: 401 at DUB");
    expect(facts).toContain("no User-Agent, from proxy 127.0.0.1:3128: 401 at NRT");
  });

  test("asks as the clients that `edgeward drift` asks as", async () => {
    const source = readFileSync(new URL("../../edgeward/src/command/drift/clients.rs", import.meta.url), "utf8");
    const agents = [...source.matchAll(/user_agent: (?:None|Some\(\s*"([^"]*)",?\s*\)),/g)].map(([, agent]) => agent?.replaceAll(/\\\n\s*/g, ""));
    const outside = standing();
    await passing(outside, "zone");
    const asked = outside.requests.filter((request) => isMcp(request) && !hasToken(request));
    expect(agents).toHaveLength(5);
    expect(asked.map(({ headers = {} }) => headers["User-Agent"]).toSorted()).toEqual(agents.toSorted());
  });

  test("fails when drift does", async () => {
    const outside = standing();
    outside.failing = ["drift"];
    expect(await failing(outside, "zone")).toContain("WRONG: edgeward drift: status 1");
  });

  test("fails when something before the edge stops a client", async () => {
    const outside = standing();
    outside.instead = ({ headers = {} }) => (headers["User-Agent"] === "Claude-User" ? answer(403) : undefined);
    expect(await failing(outside, "zone")).toContain("WRONG: Claude-User, from this machine: 403 at DUB, and not the edge's 401");
  });

  test("fails when somebody else answers with a 401", async () => {
    const outside = standing();
    outside.instead = (request) => (isMcp(request) ? answer(401, "Sign in to Cloudflare Access") : undefined);
    expect(await failing(outside, "zone")).toContain("WRONG: Claude-User, from this machine: 401 at DUB, and not the edge's 401");
  });

  test("fails when plain http is served, or leads nowhere safe", async () => {
    for (const given of [answer(200, "{}"), answer(301, "", { location: "http://mcp.example.com/" })]) {
      const outside = standing();
      outside.instead = ({ url }) => (url.startsWith("http:") ? given : undefined);
      expect(await failing(outside, "zone")).toContain("which serves it");
    }
  });

  test("fails without Strict-Transport-Security", async () => {
    const outside = standing();
    outside.instead = ({ url }) => (url.startsWith("https:") && url.includes("oauth-authorization-server") ? answer(200, "{}") : undefined);
    expect(await failing(outside, "zone")).toContain("Strict-Transport-Security: missing");
  });

  test("does not blame Cloudflare for a vantage point that is out of reach", async () => {
    expect(await passing(standing(), "zone", "--via", "ssh:dead")).toContain("Claude-User, from ssh dead: out of reach");
  });
});

describe("stream", () => {
  test("keeps a whole stream", async () => {
    const facts = await passing(standing(), "stream");
    expect(facts).toMatch(/the stream, at DUB, was ended by the server after \d+ s/);
    expect(facts).toContain("1 reports of progress, 1 comments");
  });

  const broken = async function* () {
    yield "id: task.3/7\ndata: 1\n\n";
    throw new Error("socket hang up");
  };

  test("resumes one that is cut, and says what cut it", async () => {
    const outside = standing();
    outside.stream = broken();
    let asked = 0;
    // At first another task is asked, which has nothing of the call.
    outside.resumed = () => (asked++ === 0 ? chunks() : chunks("data: Counted to 30.\n\n"));
    const facts = await passing(outside, "stream");
    expect(facts).toMatch(/the stream, at DUB, broke off \(socket hang up\) after \d+ s/);
    expect(facts).toContain("resumption 2, at DUB, was ended by the server");
    expect(outside.requests.filter(({ headers = {} }) => headers["Last-Event-ID"] === "task.3/7")).toHaveLength(2);
  });

  test.each([
    ["it is not resumed", broken, "WRONG: the result never came"],
    ["no event has an id", () => chunks("data: 1\n\n"), "none of its events had an id"],
  ])("fails when %s", async (_, stream, message) => {
    const outside = standing();
    outside.stream = stream();
    expect(await failing(outside, "stream")).toContain(message);
  });

  test("fails when there is no stream", async () => {
    const outside = standing();
    outside.instead = ({ body = "" }) => (body.includes("count_slowly") ? answer(503, "busy") : undefined);
    expect(await failing(outside, "stream")).toContain("the call was answered with 503: busy");
  });
});
