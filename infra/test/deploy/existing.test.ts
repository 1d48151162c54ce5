// `make deploy` and `make destroy` for a user pool or an MCP server that exist.

import { describe, expect, test } from "vitest";
import { FakeWorld, runWith } from "./world.ts";

const POOL = "eu-west-1_AbCdEfGhI";
const CLIENT = "1example23456789";
const ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:edge-AbCdEf";
const SERVER = { existing: { url: "https://server.example.com" } };
const both = (existing: object = {}) => ({ userPool: { existing: { id: POOL, ...existing }, retain: false }, server: SERVER });

/** A world with the pool, its domain and an app client. */
function world(): FakeWorld {
  const world = new FakeWorld();
  world.aws.pools.add(POOL);
  world.aws.poolDomains.set(POOL, { host: "login.example.com", isManagedLogin: true });
  world.aws.clients.set(`${POOL} ${CLIENT}`, { hasSecret: true, secretArn: undefined });
  return world;
}

describe("a deployment with both", () => {
  test("deploys one stack, with the domain that Cognito says, and the edge", async () => {
    const there = world();
    expect((await runWith(there, ["deploy", "prod"], both())).status, there.text).toBe(0);
    const commands = there.commands.map((command) => command.replace(/^.*edgeward /, "edgeward "));
    expect(commands.filter((command) => /publish-jwks|make .*origin/.test(command))).toEqual([]);
    const stacks = commands.filter((command) => command.includes("cdk deploy"));
    expect(stacks).toHaveLength(1);
    expect(stacks[0]).toContain("-c userPoolDomain=login.example.com");
    expect(commands.some((command) => command.includes(" push "))).toBe(true);
    expect(there.text).not.toContain("admin-create-user");
    // Neither Docker nor zones, and nothing in us-east-1.
    expect(there.tried.flat()).not.toContain("info");
    expect(there.aws.asked).not.toContain("zones");
    expect(there.text).not.toContain("us-east-1");
  });

  test("makes the keys of the edge, and none of sessions", async () => {
    const there = world();
    there.aws.parameters.set("eu-west-1 /edgeward/prod/edge/keys", "keys");
    await runWith(there, ["deploy", "prod"], both());
    expect(there.commands.filter((command) => command.includes("keygen"))).toEqual([]);
  });

  test("is taken away, and both stay", async () => {
    const there = world();
    there.aws.stacks.set("eu-west-1 edgeward-prod-security", { status: "CREATE_COMPLETE", isProtected: false });
    there.effect = (argv) => void (argv.includes("destroy") && there.aws.stacks.clear());
    there.aws.parameters.set("eu-west-1 /edgeward/prod/edge/cognito-user-pool-id", POOL);
    const before = await runWith(there, ["destroy", "prod"], both());
    expect(before.status).toBe(1);
    expect(there.text).not.toContain("all its users, and the logs");
    there.effect = (argv) => {
      if (!argv.includes("destroy")) return;
      there.aws.stacks.clear();
      there.aws.parameters.delete("eu-west-1 /edgeward/prod/edge/cognito-user-pool-id");
    };
    expect((await runWith(there, ["destroy", "prod", "--yes"], both({ clientId: CLIENT }))).status, there.text).toBe(0);
    for (const words of [`the user pool ${POOL} stays`, `its app client ${CLIENT} stays`, "the MCP server at https://server.example.com stays"]) {
      expect(there.text).toContain(words);
    }
    expect(there.text).not.toContain("delete-user-pool");
  });

  test("is taken away when the user pool is gone", async () => {
    const there = world();
    there.aws.pools.clear();
    there.aws.poolDomains.clear();
    expect((await runWith(there, ["destroy", "prod", "--yes"], both())).status, there.text).toBe(0);
  });
});

describe("nothing is done", () => {
  const refused = async (there: FakeWorld, changes: object, words: string) => {
    expect((await runWith(there, ["deploy", "prod"], changes)).status).toBe(1);
    expect(there.text).toContain(words);
    expect(there.ran).toEqual([]);
  };

  test("without the user pool", async () => {
    const there = world();
    there.aws.pools.clear();
    await refused(there, both(), `there is no user pool ${POOL} in eu-west-1`);
  });

  test("without a domain", async () => {
    const there = world();
    there.aws.poolDomains.clear();
    await refused(there, both(), "has no domain, so it has no login pages");
  });

  test("for a new app client at the classic hosted UI, which an app client that is there may use", async () => {
    const there = world();
    there.aws.poolDomains.set(POOL, { host: "login.example.com", isManagedLogin: false });
    await refused(there, both(), "shows the classic hosted UI");
    expect((await runWith(there, ["deploy", "prod"], both({ clientId: CLIENT }))).status).toBe(0);
  });

  test("without the app client, or without its secret", async () => {
    const there = world();
    await refused(there, both({ clientId: "another" }), `has no app client another`);
    there.aws.clients.set(`${POOL} ${CLIENT}`, { hasSecret: false, secretArn: undefined });
    await refused(there, both({ clientId: CLIENT }), "has no secret, which cannot be added later");
  });

  test("when Secrets Manager keeps the secret and the settings do not say where", async () => {
    const there = world();
    there.aws.clients.set(`${POOL} ${CLIENT}`, { hasSecret: true, secretArn: ARN });
    await refused(there, both({ clientId: CLIENT }), `set this to ${ARN}`);
    expect((await runWith(there, ["deploy", "prod"], both({ clientId: CLIENT, clientSecretArn: ARN }))).status, there.text).toBe(0);
  });

  test.each([
    ["its own, even by its id", undefined, "the user pool of its own stack, and would let go of it"],
    ["another one that exists", "eu-west-1_Another", "the user pool eu-west-1_Another, and would let go of it"],
  ])("when the deployment stands with %s", async (_, pool, words) => {
    const there = world();
    const outputs: Record<string, string> = pool ? { ExistingUserPool: pool } : {};
    there.aws.stacks.set("eu-west-1 edgeward-prod-security", { status: "UPDATE_COMPLETE", isProtected: false, outputs });
    there.aws.parameters.set("eu-west-1 /edgeward/prod/edge/cognito-user-pool-id", POOL);
    await refused(there, both(), words);
  });

  test("but not when it stands with this one, or failed when it was made", async () => {
    for (const [status, outputs] of [["UPDATE_COMPLETE", { ExistingUserPool: POOL }], ["ROLLBACK_COMPLETE", {}]] as const) {
      const there = world();
      there.aws.stacks.set("eu-west-1 edgeward-prod-security", { status, isProtected: false, outputs });
      expect((await runWith(there, ["deploy", "prod"], both())).status, there.text).toBe(0);
    }
  });

  test("when the deployment has a server of its own", async () => {
    const there = world();
    there.aws.stand("prod");
    await refused(there, { server: SERVER }, "the stack edgeward-prod-server in eu-west-1 stands, with a server that the settings do not have any more");
  });
});
