import { cpSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Identity } from "../../lib/deploy/aws.ts";
import { run } from "../../lib/deploy/run.ts";
import { BOOTSTRAPPED, FakeWorld, runWith, settingsOf } from "./world.ts";

type Case = [what: string, message: string, spoil: (world: FakeWorld) => void, settings?: object];

const identity = (region: string, kind: Exclude<Identity["kind"], "known">) => (world: FakeWorld) =>
  void world.aws.identities.set(region, { kind, message: "AWS's own words" });

const CUSTOM_DOMAIN = { name: "login.example.com", certificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/1" };

const IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/edgeward-origin:1";

const CASES: Case[] = [
  ["settings that are wrong", "region: must be an AWS region such as eu-west-1", () => {}, { region: "Ireland" }],
  ["no credentials", "there are no AWS credentials: sign in (`aws sso login`), or set AWS_PROFILE", identity("us-east-1", "absent")],
  ["expired credentials", "the AWS credentials have expired: sign in", identity("us-east-1", "expired")],
  ["refused credentials", "AWS does not take the credentials: sign in", identity("us-east-1", "invalid")],
  ["no network", "AWS does not answer: is the network up", identity("us-east-1", "silent")],
  [
    "another account",
    "the credentials are of the account 210987654321, and `account` in the settings says 123456789012",
    (world) => void world.aws.identities.set("eu-west-1", { kind: "known", account: "210987654321" }),
  ],
  [
    "GovCloud",
    "region: us-gov-west-1 is in AWS GovCloud (US), which has no CloudFront",
    () => {},
    { region: "us-gov-west-1", server: {} },
  ],
  [
    "a zone that the account does not have",
    "the account has no availability zone use1-az5 in us-east-1: set server.zones to two of use1-az1, use1-az2, use1-az4",
    () => {},
    { region: "us-east-1", server: { image: IMAGE, zones: ["use1-az1", "use1-az5"] } },
  ],
  [
    "an account without the usual zones",
    "the account has no availability zone use1-az2 in us-east-1",
    (world) => void (world.aws.availabilityZones = ["use1-az1", "use1-az4"]),
    { region: "us-east-1", server: { image: IMAGE } },
  ],
  ["no such region", "AWS has no region eu-west-1: set `region` in the settings", identity("eu-west-1", "nowhere")],
  ["a region that is not enabled", "the region eu-west-1 is not enabled in the account: enable it", identity("eu-west-1", "invalid")],
  [
    "a home region without bootstrap",
    "not bootstrapped in eu-west-1 (no parameter /cdk-bootstrap/hnb659fds/version): `make deploy DEPLOYMENT=prod BOOTSTRAP=yes` does it, or " +
      "`cd infra && npx cdk bootstrap aws://123456789012/eu-west-1 -c deployment=prod",
    (world) => void world.aws.parameters.delete(`eu-west-1 ${BOOTSTRAPPED}`),
  ],
  [
    "us-east-1 without bootstrap",
    "npx cdk bootstrap aws://123456789012/us-east-1",
    (world) => void world.aws.parameters.delete(`us-east-1 ${BOOTSTRAPPED}`),
  ],
  [
    "half of Cloudflare's credentials",
    "CLOUDFLARE_ACCOUNT_ID is not set: Cloudflare needs both",
    (world) => void delete world.variables["CLOUDFLARE_ACCOUNT_ID"],
  ],
  [
    "no credentials of Cloudflare",
    "set CLOUDFLARE_API_TOKEN, an API token with the permissions Account / Workers Scripts / Edit and",
    (world) => void ((world.variables = {}), (world.failing = ["wrangler whoami"])),
  ],
  ["no wrangler", "wrangler does not run: `.ci/setup edge` installs it", (world) => void (world.failing = ["wrangler --version"])],
  ["no tool", "edgeward does not run: `cargo install --locked --path infra/edgeward`", (world) => void (world.failing = ["edgeward --version"])],
  [
    "a domain of another pool",
    "the login pages' domain edgeward-prod-9012 belongs to the user pool eu-west-1_Other: set userPool.domainPrefix",
    (world) => void world.aws.domains.set("eu-west-1 edgeward-prod-9012", "eu-west-1_Other"),
  ],
  [
    "a login domain below one that does not resolve",
    "Cognito takes login.example.com (userPool.customDomain) only if example.com has an A record, and it has none: set one",
    () => {},
    { userPool: { customDomain: CUSTOM_DOMAIN } },
  ],
  [
    "a sender of mails that the settings do not name",
    "the user pool eu-west-1_Own sends its mails through SES, and the settings do not say so: set userPool.email",
    (world) => {
      world.aws.parameters.set("eu-west-1 /edgeward/prod/edge/cognito-user-pool-id", "eu-west-1_Own");
      world.aws.poolsWithSes.add("eu-west-1_Own");
    },
  ],
  [
    "an image for another architecture",
    "server.image is for amd64, and server.architecture is arm64: set that to the image's, or push an image for it",
    (world) => void (world.aws.architectures = ["amd64"]),
  ],
  ["an image that is not there", "server.image names no image: there is no 123456789012.dkr.ecr", (world) => void (world.aws.architectures = undefined)],
  [
    "no engine to build the image",
    "no Docker engine answers, Podman and Finch neither, and the image is to be built: start one, name another in CDK_DOCKER, or set server.image",
    (world) => void (world.failing = ["docker info", "podman info", "finch info"]),
    { server: {} },
  ],
  [
    "an engine that is named and does not answer, where Docker does",
    "CDK_DOCKER names nerdctl, which does not answer (`nerdctl info`): start it, unset CDK_DOCKER, or set server.image",
    (world) => {
      world.variables["CDK_DOCKER"] = "nerdctl";
      world.failing = ["nerdctl"];
    },
    { server: {} },
  ],
  [
    "a permission that is missing",
    "the login pages' domain cannot be read: AccessDeniedException, no; the permission to read it is missing",
    (world) => void (world.aws.domainOwner = () => Promise.reject(Object.assign(new Error("no"), { name: "AccessDeniedException" }))),
  ],
  [
    "a failed stack that is protected",
    "the stack edgeward-prod-server in eu-west-1 has failed (ROLLBACK_COMPLETE) and is protected",
    (world) => void world.aws.stacks.set("eu-west-1 edgeward-prod-server", { status: "ROLLBACK_COMPLETE", isProtected: true }),
  ],
  [
    "a bucket of an earlier deployment",
    "`aws s3 rb s3://edgeward-prod-123456789012-alb-logs --force`",
    (world) => void world.aws.buckets.add("edgeward-prod-123456789012-alb-logs"),
  ],
  [
    "an edge at Cloudflare with a local address",
    "publicUrl leads to this machine, and the edge goes to Cloudflare",
    () => {},
    { publicUrl: "http://localhost:8787", userPool: { retain: false } },
  ],
  ["a port that Cloudflare does not serve", "publicUrl has the port 8443", () => {}, { publicUrl: "https://mcp.example.com:8443" }],
  ["a workers.dev address", "only the environment dev has", () => {}, { publicUrl: "https://edgeward-prod.example.workers.dev" }],
];

describe("before anything is done", () => {
  test.each(CASES)("%s is named, with what to do", async (_what, message, spoil, settings) => {
    const world = new FakeWorld();
    spoil(world);
    expect((await runWith(world, ["deploy", "prod"], settings)).status).toBe(1);
    expect(world.text).toContain("edgeward: nothing was done, for a reason:");
    expect(world.text).toContain(message);
    expect(world.ran).toEqual([]);
  });

  test("and nothing is wrong without that", async () => {
    const world = new FakeWorld();
    expect((await runWith(world, ["deploy", "prod"])).status).toBe(0);
    expect(world.text).not.toContain("nothing was done");
  });

  test("all that is wrong is named at once", async () => {
    const world = new FakeWorld();
    world.aws.architectures = ["amd64"];
    world.aws.parameters.clear();
    world.variables = { CLOUDFLARE_API_TOKEN: "token" };
    await runWith(world, ["deploy", "prod"]);
    expect(world.text).toContain("nothing was done, for 4 reasons");
  });

  test("settings that are wrong hide nothing that can be asked without them", async () => {
    const world = new FakeWorld();
    world.variables = {};
    world.failing = ["wrangler whoami"];
    identity("us-east-1", "expired")(world);
    expect(await run(["deploy", "nowhere"], world)).toBe(1);
    expect(world.text).toContain("there is no deployments/nowhere.json");
    expect(world.text).toContain("for 3 reasons");
  });

  test("another account is asked for nothing", async () => {
    const world = new FakeWorld();
    world.aws.identities.set("eu-west-1", { kind: "known", account: "210987654321" });
    await runWith(world, ["deploy", "prod"]);
    expect(world.aws.asked).toEqual([]);
  });

  test("the deployment's own domain is no problem", async () => {
    const world = new FakeWorld();
    world.aws.domains.set("eu-west-1 edgeward-prod-9012", "eu-west-1_Own");
    world.aws.parameters.set("eu-west-1 /edgeward/prod/edge/cognito-user-pool-id", "eu-west-1_Own");
    expect((await runWith(world, ["deploy", "prod"])).status).toBe(0);
  });

  test("a login domain needs no record above it once it stands, and a record that cannot be looked up is no problem", async () => {
    const settings = { userPool: { customDomain: CUSTOM_DOMAIN } };
    const [resolves, stands, silent] = [new FakeWorld(), new FakeWorld(), new FakeWorld()];
    resolves.records.set("example.com", ["192.0.2.1"]);
    stands.aws.domains.set("eu-west-1 login.example.com", "eu-west-1_Own");
    stands.aws.parameters.set("eu-west-1 /edgeward/prod/edge/cognito-user-pool-id", "eu-west-1_Own");
    silent.dns.addresses = () => Promise.reject(new Error("queryA ETIMEOUT example.com"));
    for (const world of [resolves, stands, silent]) expect((await runWith(world, ["deploy", "prod"], settings)).status).toBe(0);
    expect(resolves.text).not.toContain("A record");
    expect(silent.text).toContain("note: Cognito takes login.example.com");
    expect(silent.text).toContain("cannot be looked up: queryA ETIMEOUT example.com");
  });

  test("that Cognito sends few mails is said, unless the settings say who sends them", async () => {
    const said = async (userPool: object) => {
      const world = new FakeWorld();
      world.aws.parameters.set("eu-west-1 /edgeward/prod/edge/cognito-user-pool-id", "eu-west-1_Own");
      if ("email" in userPool) world.aws.poolsWithSes.add("eu-west-1_Own");
      expect((await runWith(world, ["deploy", "prod"], { userPool })).status).toBe(0);
      return world.text.includes("no more than 50 a day");
    };
    expect(await said({})).toBe(true);
    expect(await said({ email: "cognito" })).toBe(false);
    expect(await said({ email: { from: "no-reply@example.com" } })).toBe(false);
  });

  test("zones are asked for only where some are named", async () => {
    const asked = async (settings: object) => {
      const world = new FakeWorld();
      await runWith(world, ["deploy", "prod"], settings);
      return world.aws.asked.includes("zones");
    };
    expect([await asked({}), await asked({ region: "us-east-1" }), await asked({ server: { zones: ["euw1-az1", "euw1-az2"] } })]).toEqual([
      false,
      true,
      true,
    ]);
  });

  test("an image elsewhere is said not to be checked", async () => {
    const world = new FakeWorld();
    expect((await runWith(world, ["deploy", "prod"], { server: { image: "ghcr.io/example/origin:1" } })).status).toBe(0);
    expect(world.text).toContain("note: server.image is in no registry that can be asked");
  });

  test("a deployment that is called like no environment must name one, but not for the stacks only", async () => {
    const [named, unnamed, stacks] = [new FakeWorld(), new FakeWorld(), new FakeWorld()];
    expect((await runWith(unnamed, ["deploy", "team"])).status).toBe(1);
    expect(unnamed.text).toContain("edge.environment is missing in the settings: set it to dev, staging or prod");
    expect((await runWith(named, ["deploy", "team"], { edge: { environment: "staging" } })).status).toBe(0);
    expect((await runWith(stacks, ["deploy", "team", "--stacks-only"])).status).toBe(0);
  });

  test("nobody looks at Cloudflare for the stacks only", async () => {
    const world = new FakeWorld();
    world.variables = {};
    await runWith(world, ["deploy", "prod", "--stacks-only"]);
    expect(world.tried).toEqual([["edgeward", "--version"]]);
  });

  test("a command for people quotes a folder with a space or an apostrophe", async () => {
    const folder = join(mkdtempSync(join(tmpdir(), "people's ")), "deployments");
    cpSync(settingsOf("prod"), folder, { recursive: true });
    const world = new FakeWorld();
    world.aws.parameters.clear();
    expect(await run(["deploy", "prod", "--deployments", folder], world)).toBe(1);
    expect(world.text).toContain(`-c 'deployments=${folder.replace("'", "'\\''")}'`);
  });

  test.each([
    ["Docker", "docker", undefined, undefined],
    ["Podman without Docker", "podman", undefined, "podman builds the image, for no Docker answers"],
    ["Finch without the others", "finch", undefined, "finch builds the image, for no Docker answers"],
    ["what CDK_DOCKER names", "nerdctl", "nerdctl", "nerdctl, which CDK_DOCKER names, builds the image"],
  ])("the image is built with %s", async (_, program, chosen, said) => {
    const world = new FakeWorld();
    if (chosen) world.variables["CDK_DOCKER"] = chosen;
    world.failing = ["docker", "podman", "finch", "nerdctl"].filter((other) => other !== program);
    let told: string | undefined;
    world.effect = (argv) => {
      if (argv[0]?.endsWith("cdk")) told = world.variables["CDK_DOCKER"];
    };
    expect((await runWith(world, ["deploy", "prod"], { server: {} })).status).toBe(0);
    expect(told).toBe(program === "docker" ? undefined : program);
    if (said) expect(world.text).toContain(`edgeward: note: ${said}`);
    else expect(world.text).not.toContain("builds the image");
  });

  test("Docker is asked for only if the assembly builds an image", async () => {
    const assembly = mkdtempSync(join(tmpdir(), "edgeward-assembly-"));
    const deploy = async () => {
      const world = new FakeWorld();
      world.failing = ["docker", "podman", "finch"];
      const { status } = await runWith(world, ["deploy", "prod", "--assembly", assembly], { server: {} });
      return [status, world.text] as const;
    };
    expect((await deploy())[1]).toContain(`${assembly} is no cloud assembly`);
    writeFileSync(join(assembly, "manifest.json"), "{}");
    writeFileSync(join(assembly, "a.assets.json"), JSON.stringify({ files: { a: {} }, dockerImages: {} }));
    expect((await deploy())[0]).toBe(0);
    writeFileSync(join(assembly, "b.assets.json"), JSON.stringify({ dockerImages: { b: {} } }));
    expect((await deploy())[1]).toContain("no Docker engine answers");
  });
});
