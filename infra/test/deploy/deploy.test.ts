import { describe, expect, test } from "vitest";
import type { StackEvent } from "../../lib/deploy/aws.ts";
import { BOOTSTRAPPED, FakeWorld, runWith, TOKEN } from "./world.ts";

const KEYS = ["/edgeward/prod/edge/keys", "/edgeward/prod/origin/session-keys"];
const WHICH = "--deployment prod --region eu-west-1";
const context = (folder: string) => `-c deployment=prod -c deployments=${folder}`;

describe("a deployment", () => {
  test("says which DNS records its own names need, even when the check that follows fails for want of them", async () => {
    const certificateArn = "arn:aws:acm:us-east-1:123456789012:certificate/1";
    const named = {
      userPool: { customDomain: { name: "login.example.com", certificateArn } },
      server: { image: "example/origin", domain: { name: "origin.example.com", certificateArn } },
    };
    for (const failing of [[], ["edgeward check"]]) {
      const world = new FakeWorld();
      world.failing = failing;
      world.records.set("example.com", ["192.0.2.1"]);
      world.effect = () => {
        world.aws.stand("prod");
        const [status, isProtected] = ["CREATE_COMPLETE", false];
        world.aws.stacks.set("eu-west-1 edgeward-prod-security", { status, isProtected, outputs: { LoginAliasTarget: "d1.cloudfront.net" } });
        world.aws.stacks.set("eu-west-1 edgeward-prod-server", { status, isProtected, outputs: { ServerAliasTarget: "d2.cloudfront.net" } });
      };
      expect((await runWith(world, ["deploy", "prod"], named)).status).toBe(failing.length);
      expect(world.text).toContain("DNS records that you must set");
      expect(world.said).toContain("  login.example.com CNAME d1.cloudfront.net");
      expect(world.said).toContain("  origin.example.com CNAME d2.cloudfront.net");
    }
    const world = new FakeWorld();
    await runWith(world, ["deploy", "prod"]);
    expect(world.text).not.toContain("DNS");
  });

  test("that is the first makes keys, publishes them before the tasks start, and protects what stands", async () => {
    const world = new FakeWorld();
    world.aws.parameters.set("eu-west-1 /edgeward/prod/edge/cognito-user-pool-id", "eu-west-1_Own");
    const { status, folder } = await runWith(world, ["deploy", "prod"]);
    expect(status).toBe(0);
    expect(world.commands).toEqual([
      `edgeward keygen ${WHICH}`,
      `edgeward publish-jwks ${WHICH}`,
      `node_modules/.bin/cdk deploy --all --require-approval never ${context(folder)} -c creating=global,security,server,watch`,
      `node_modules/.bin/cdk deploy --all --require-approval never ${context(folder)}`,
      `edgeward push ${WHICH}`,
      `edgeward drift ${WHICH} --wait 600`,
      `edgeward check ${WHICH}`,
    ]);
    expect(world.said).toContain("edgeward: 1/7 make keys");
    expect(world.text).toContain("the MCP server is at https://mcp.example.com/mcp");
    expect(world.text).toContain("aws cognito-idp admin-create-user --region eu-west-1 --user-pool-id eu-west-1_Own");
  });

  test("that stands already is only brought up to date", async () => {
    const world = new FakeWorld();
    world.aws.stand("prod");
    for (const name of KEYS) world.aws.parameters.set(`eu-west-1 ${name}`, "{}");
    const { folder } = await runWith(world, ["deploy", "prod"]);
    expect(world.commands.map((line) => line.split(" ").slice(0, 2).join(" "))).toEqual([
      "edgeward publish-jwks",
      "node_modules/.bin/cdk deploy",
      "edgeward push",
      "edgeward drift",
      "edgeward check",
    ]);
    expect(world.commands[1]).toBe(`node_modules/.bin/cdk deploy --all --require-approval never ${context(folder)}`);
  });

  test.each(KEYS)("that stands, but without %s, makes the keys that are missing", async (missing) => {
    const world = new FakeWorld();
    world.aws.stand("prod");
    for (const name of KEYS) if (name !== missing) world.aws.parameters.set(`eu-west-1 ${name}`, "{}");
    await runWith(world, ["deploy", "prod"]);
    expect(world.commands[0]).toBe(`edgeward keygen ${WHICH}`);
  });

  test("that keeps nothing needs no second deployment to protect it", async () => {
    const world = new FakeWorld();
    await runWith(world, ["deploy", "prod"], { userPool: { retain: false } });
    expect(world.commands.filter((line) => line.includes("cdk"))).toEqual([expect.not.stringContaining("creating")]);
  });

  test("compiles the origin first, unless an image or an assembly is given", async () => {
    const compile = (architecture: string) => `make --no-print-directory -C .. origin ARCHITECTURE=${architecture}`;
    const world = new FakeWorld();
    expect((await runWith(world, ["deploy", "prod"], { server: {} })).status).toBe(0);
    expect(world.commands.slice(0, 2)).toEqual([compile("arm64"), `edgeward keygen ${WHICH}`]);
    const failing = new FakeWorld();
    failing.failing = ["make"];
    expect((await runWith(failing, ["deploy", "prod"], { server: { architecture: "x86_64" } })).status).toBe(1);
    expect(failing.commands).toEqual([compile("amd64")]);
    const dry = new FakeWorld();
    const { folder } = await runWith(dry, ["deploy", "prod", "--dry-run"], { server: {} });
    expect(dry.commands.slice(0, 2)).toEqual([compile("arm64"), expect.stringContaining(`cdk diff --method=template ${context(folder)}`)]);
    const given = new FakeWorld();
    await runWith(given, ["deploy", "prod"]);
    expect(given.commands.filter((line) => line.startsWith("make"))).toEqual([]);
  });

  test("bootstraps where it is missing, if it may", async () => {
    const world = new FakeWorld();
    world.aws.parameters.delete(`us-east-1 ${BOOTSTRAPPED}`);
    const { folder } = await runWith(world, ["deploy", "prod", "--bootstrap"]);
    expect(world.commands[0]).toBe(`node_modules/.bin/cdk bootstrap aws://123456789012/us-east-1 ${context(folder)}`);
    const complete = new FakeWorld();
    await runWith(complete, ["deploy", "prod", "--bootstrap"]);
    expect(complete.commands[0]).toContain("edgeward keygen");
  });

  test("of the stacks only, from a ready-made assembly", async () => {
    const world = new FakeWorld();
    world.variables = { EDGEWARD_TOOL: "/bin/tool" };
    const local = { publicUrl: "http://localhost:8787", userPool: { retain: false }, edge: { resources: [{ path: "/a", scopes: {} }] } };
    const assembly = "/assembly";
    const { status } = await runWith(
      world,
      ["deploy", "trial", "--assembly", assembly, "--stacks-only"],
      { ...local, server: { image: "example/origin" } },
    );
    expect(status).toBe(0);
    const which = "--deployment trial --region eu-west-1";
    expect(world.commands).toEqual([
      `/bin/tool keygen ${which}`,
      `/bin/tool publish-jwks ${which}`,
      "node_modules/.bin/cdk deploy --all --require-approval never --app /assembly",
    ]);
    expect(world.text).toContain("the edge was left alone; `edgeward push` deploys it");
  });

  test("tells the tool the environment that the settings name", async () => {
    const world = new FakeWorld();
    await runWith(world, ["deploy", "team"], { edge: { environment: "staging" } });
    expect(world.commands.filter((line) => line.endsWith("--env staging")).map((line) => line.split(" ")[1])).toEqual(["push", "check"]);
  });

  test("gives no program a secret", async () => {
    const world = new FakeWorld();
    world.aws.parameters.set("eu-west-1 /edgeward/prod/edge/keys", "private-keys");
    await runWith(world, ["deploy", "prod", "--bootstrap"]);
    const everything = [...world.ran, ...world.tried].flat().join(" ") + world.text;
    expect(everything).not.toContain(TOKEN);
    expect(everything).not.toContain("private-keys");
  });

  test("stops at the step that fails, and says what stands and how to go on", async () => {
    const world = new FakeWorld();
    world.failing = ["edgeward push"];
    world.effect = () => world.aws.stand("prod");
    expect((await runWith(world, ["deploy", "prod"])).status).toBe(1);
    expect(world.commands.at(-1)).toContain("edgeward push");
    expect(world.text).toContain("that failed (to deploy the edge)");
    expect(world.text).toContain("stack edgeward-prod-server in eu-west-1: CREATE_COMPLETE");
    expect(world.text).toContain("the Worker edgeward-prod: begun");
    expect(world.text).toContain("make deploy DEPLOYMENT=prod");
  });

  test("that does not see the edge says that the edge is deployed, and checks nothing else", async () => {
    const world = new FakeWorld();
    world.failing = ["edgeward drift"];
    expect((await runWith(world, ["deploy", "prod"])).status).toBe(1);
    expect(world.commands.at(-1)).toBe(`edgeward drift ${WHICH} --wait 600`);
    expect(world.text).toContain("that failed (to wait for the running edge and compare it with its settings)");
    expect(world.text).toContain("the Worker edgeward-prod: deployed");
    expect(world.text).toContain("make deploy DEPLOYMENT=prod");
  });

  test("that only says what it would do writes nothing", async () => {
    const world = new FakeWorld();
    const { status, folder } = await runWith(world, ["deploy", "prod", "--dry-run"]);
    expect(status).toBe(0);
    expect(world.commands).toEqual([
      `node_modules/.bin/cdk diff --method=template ${context(folder)} -c creating=global,security,server,watch`,
    ]);
    for (const name of KEYS) expect(world.text).toContain(`would make the keys ${name}`);
    const standing = new FakeWorld();
    standing.aws.stand("prod");
    for (const name of KEYS) standing.aws.parameters.set(`eu-west-1 ${name}`, "{}");
    await runWith(standing, ["deploy", "prod", "--dry-run"]);
    expect(standing.commands[1]).toBe(`edgeward push ${WHICH} --dry-run`);
  });
});

describe("stacks that fail", () => {
  let count = 0;
  const event = (resource: string, type: string, status: string, reason = "", physicalId = resource): StackEvent => ({
    id: `event-${count++}`,
    resource,
    type,
    status,
    reason,
    physicalId,
  });
  const SERVER = "eu-west-1 edgeward-prod-server";

  function failed(events: StackEvent[]) {
    const world = new FakeWorld();
    world.failing = ["node_modules/.bin/cdk deploy"];
    world.aws.stackEvents.set(SERVER, [event("Old", "AWS::EC2::VPC", "CREATE_FAILED", "of an earlier run")]);
    world.effect = ([program]) => {
      if (!program?.endsWith("cdk")) return;
      world.aws.stacks.set(SERVER, { status: "ROLLBACK_COMPLETE", isProtected: false });
      world.aws.stackEvents.get(SERVER)!.push(...events);
    };
    return world;
  }

  test("are explained by what failed in this run, and by nothing else", async () => {
    const world = failed([
      event("Address", "AWS::EC2::EIP", "CREATE_FAILED", "The maximum number of addresses has been reached."),
      event("Bucket", "AWS::S3::Bucket", "CREATE_FAILED", "Resource creation cancelled"),
      event("edgeward-prod-server", "AWS::CloudFormation::Stack", "ROLLBACK_IN_PROGRESS", "The following resource(s) failed"),
    ]);
    expect((await runWith(world, ["deploy", "prod"])).status).toBe(1);
    expect(world.text).toContain("edgeward-prod-server in eu-west-1: ROLLBACK_COMPLETE");
    expect(world.text).toContain("Address (AWS::EC2::EIP): The maximum number of addresses has been reached.");
    expect(world.text).toContain("what to do: no elastic address is left");
    expect(world.text).not.toContain("cancelled");
    expect(world.text).not.toContain("earlier run");
    expect(world.text).toContain("the next deployment deletes it before it makes it anew");
    expect(world.text).toContain("stack edgeward-prod-global in us-east-1: not there");
    expect(world.text).toContain("the Worker edgeward-prod: not touched");
    expect(world.text).toContain("make destroy DEPLOYMENT=prod YES=yes");
  });

  test("because tasks do not stay up are explained by the tasks, though their cluster is gone in the end", async () => {
    const world = failed([
      event("Service", "AWS::ECS::Service", "CREATE_FAILED", "Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'."),
    ]);
    const task = { reason: "Essential container in task exited", containers: [{ name: "origin", reason: undefined, exitCode: 1 }] };
    const exec = { reason: "", containers: [{ name: "origin", reason: "exec /edgeward-origin: exec format error", exitCode: 255 }] };
    let looks = 0;
    world.aws.stoppedTasks = async () => (looks++ === 0 ? [{ id: "1", ...task }, { id: "2", ...task }, { id: "3", ...exec }] : []);
    await runWith(world, ["deploy", "prod"]);
    expect(world.text.match(/a task stopped: Essential container in task exited; container origin, exit code 1/g)).toHaveLength(1);
    expect(world.text).toContain("exec format error");
    expect(world.text).toContain("what to do: the image is for another architecture");
  });

  test("lose the log buckets of this run, which would be in the way of the next, and no others", async () => {
    const [alb, cdn] = ["edgeward-prod-123456789012-alb-logs", "edgeward-prod-123456789012-cdn-logs"];
    const world = failed([
      event("Logs", "AWS::S3::Bucket", "CREATE_COMPLETE", "", alb),
      event("Logs", "AWS::S3::Bucket", "DELETE_FAILED", "The bucket you tried to delete is not empty", alb),
      event("Others", "AWS::S3::Bucket", "DELETE_FAILED", "The bucket you tried to delete is not empty", cdn),
    ]);
    const before = world.effect;
    world.effect = (argv) => (before(argv), void world.aws.buckets.add(alb).add(cdn));
    await runWith(world, ["deploy", "prod"]);
    expect([...world.aws.buckets]).toEqual([cdn]);
  });
});
