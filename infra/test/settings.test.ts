import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseSettings, readSettings } from "../lib/settings.ts";

const good = { account: "123456789012", region: "eu-west-1", publicUrl: "https://mcp.example.com" };
const parse = (changes: object) => parseSettings("test", JSON.stringify({ ...good, ...changes }));
const folder = fileURLToPath(new URL("../deployments", import.meta.url));

const SAML = (name: string) => ({ kind: "saml", name, metadataUrl: "https://id.example.com/metadata" });

const OIDC = {
  kind: "oidc",
  name: "corp",
  issuer: "https://id.example.com",
  clientId: "edgeward",
  clientSecretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:corp-AbCdEf",
};

describe("settings", () => {
  test("that are enough have good defaults", () => {
    expect(parse({})).toMatchObject({
      deployment: "test",
      userPool: { tier: "ESSENTIALS", mfa: "optional", retain: true },
      server: { architecture: "arm64", outbound: "nat", tasks: { least: 2, most: 10 } },
      firewall: { count: [] },
    });
  });

  test("let a leaver keep access for 7 days where an identity provider signs people in, and for 30 elsewhere, unless they say it", () => {
    const days = (userPool: object) => parse({ userPool }).userPool.refreshTokenDays;
    expect(days({})).toBe(30);
    expect(days({ identityProviders: [] })).toBe(30);
    for (const provider of [OIDC, SAML("partner"), { ...OIDC, kind: "google", name: undefined, issuer: undefined }]) expect(days({ identityProviders: [provider] })).toBe(7);
    expect(days({ identityProviders: [OIDC], refreshTokenDays: 1 })).toBe(1);
    expect(days({ identityProviders: [OIDC], refreshTokenDays: 90 })).toBe(90);
    expect(days({ refreshTokenDays: 3650 })).toBe(3650);
  });

  test("trust the addresses of one tenant of Entra, and let every tenant sign in without trusting theirs", () => {
    const entra = (tenant: string, trustEmail: boolean) =>
      parse({ userPool: { identityProviders: [{ ...OIDC, issuer: `https://login.microsoftonline.com/${tenant}/v2.0`, trustEmail }] } });
    expect(() => entra("00000000-0000-0000-0000-000000000001", true)).not.toThrow();
    expect(() => entra("common-tenant.example", true)).not.toThrow();
    expect(() => entra("common", false)).not.toThrow();
  });

  test.each(["admins", "app-*", "*", "us-east-1_Example_Corp", "größe", "a".repeat(128), `${"a".repeat(128)}*`])("take %j for groups of the origin", (group) => {
    expect(parse({ edge: { originGroups: [group] } }).edge.originGroups).toEqual([group]);
  });

  test("of every file in deployments/ are good", () => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
    expect(files).toContain("example.json");
    for (const name of files) expect(() => readSettings(name.replace(".json", ""), folder)).not.toThrow();
  });

  test.each([
    [{ account: "12345" }, "account: must be the 12 digits of an AWS account"],
    [{ region: "Ireland" }, "region: must be an AWS region such as eu-west-1"],
    [{ region: "us-gov-west-1" }, "region: us-gov-west-1 is in AWS GovCloud (US), which has no CloudFront; choose a region of the commercial partition"],
    [{ region: "cn-north-1" }, "region: cn-north-1 is in the China partition, which has no Cognito user pools"],
    [{ region: "eusc-de-east-1" }, "region: eusc-de-east-1 is in the AWS European Sovereign Cloud, which has accounts and a CloudFront of its own"],
    [{ region: "us-isof-south-1" }, "region: us-isof-south-1 is in an isolated partition"],
    [{ server: { image: "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn/o:1" } }, "server.image: is in a registry of another partition of AWS (cn-north-1)"],
    [{ server: { image: "123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu/o:1" } }, "server.image: is in a registry of another partition of AWS (eusc-de-east-1)"],
    [{ server: { image: "123456789012.dkr.ecr.us-gov-west-1.amazonaws.com/o:1" } }, "server.image: is in a registry of another partition of AWS (us-gov-west-1)"],
    [{ region: "mx-central-1" }, "region: CloudFront has no VPC origins in mx-central-1; choose one of af-south-1, ap-east-1"],
    [{ region: "us-west-1", server: { zones: ["usw1-az1", "usw1-az2"] } }, "server.zones: CloudFront's VPC origins do not support usw1-az2"],
    [{ server: { zones: ["euw1-az1", "euw1-az1"] } }, "server.zones: must be different zones"],
    [{ server: { zones: ["eu-west-1a", "eu-west-1b"] } }, "server.zones.0: must be the id of an availability zone, such as euw1-az1"],
    [{ server: { cpu: 512, memoryMiB: 512 } }, "server.memoryMiB: Fargate has no tasks with cpu 512 and this memory; choose one of 1024, 2048, 3072, 4096"],
    [{ server: { memoryMiB: 3072 } }, "server.memoryMiB: Fargate has no tasks with cpu 256 and this memory; choose one of 512, 1024, 2048"],
    [{ publicUrl: "http://mcp.example.com" }, "publicUrl: must be an https URL"],
    [{ publicUrl: "http://localhost:8787" }, "publicUrl: an edge on this machine is for trying out: set userPool.retain to false"],
    [{ publicUrl: "http://localhost:80", userPool: { retain: false } }, "publicUrl: must be an https URL, or http://localhost:PORT"],
    [{ publicUrl: "http://mcp.example.com:8787", userPool: { retain: false } }, "publicUrl: must be an https URL"],
    [{ publicUrl: "https://mcp.example.com/" }, "publicUrl: must be an origin in its normal form"],
    [{ userPool: { domainPrefix: "my-cognito" } }, "userPool.domainPrefix: must not contain aws, amazon or cognito"],
    [{ userPool: { domainPrefix: "Mine" } }, "userPool.domainPrefix: must be lower-case letters"],
    [{ userPool: { customDomain: { name: "example.com", certificateArn: "arn:" } } }, "userPool.customDomain.name: must be a host below a domain of yours"],
    [{ userPool: { accessTokenSeconds: 301 } }, "userPool.accessTokenSeconds: must be whole minutes: a multiple of 60"],
    [{ userPool: { logoutUrls: ["https://app.example.com/#bye"] } }, "userPool.logoutUrls.0: must have no fragment"],
    [{ userPool: { resourceServers: { "my files": {} } } }, "userPool.resourceServers.my files: "],
    [{ userPool: { resourceServers: { files: { "a/b": "Read" } } } }, "userPool.resourceServers.files.a/b: "],
    [{ userPool: { resourceServers: { files: { read: "" } } } }, "userPool.resourceServers.files.read: "],
    [{ userPool: { identityProviders: [SAML("my_corp")] } }, "userPool.identityProviders.0.name: must be 3 to 32 letters, digits or hyphens"],
    [{ userPool: { identityProviders: [SAML("Google")] } }, "userPool.identityProviders.0.name: is a name that Cognito keeps for itself"],
    [{ userPool: { identityProviders: [SAML("corp"), SAML("corp")] } }, "userPool.identityProviders: must have different names"],
    [
      { region: "eu-central-1", userPool: { email: { from: "no-reply@example.org" } } },
      "userPool.email.region: must be us-east-1, us-west-2, eu-west-1: Cognito takes no identity of SES in eu-central-1",
    ],
    [
      { userPool: { email: { from: "no-reply@example.org", verifiedDomain: "example.com" } } },
      "userPool.email.from: must be an address of example.com, as verifiedDomain says",
    ],
    [{ userPool: { identityProviders: [{ ...OIDC, clientSecretArn: "arn:aws-cn:secretsmanager:cn-north-1:1:secret:a" }] } }, "clientSecretArn: must be the ARN of a secret"],
    [{ userPool: { identityProviders: [{ ...OIDC, trustEmail: "yes" }] } }, "userPool.identityProviders.0.trustEmail:"],
    ...["common/v2.0", "organizations/v2.0", "consumers", "Common", "9188040d-6c67-4c5b-b112-36a304b66dad/v2.0"].map((tenant): [object, string] => [
      { userPool: { identityProviders: [{ ...OIDC, issuer: `https://login.microsoftonline.com/${tenant}`, trustEmail: true }] } },
      "userPool.identityProviders.0.trustEmail: would trust addresses of every tenant of Entra",
    ]),
    [{ userPool: { refreshTokenDays: 0 } }, "userPool.refreshTokenDays:"],
    [{ edge: { originGroups: ["two words"] } }, "edge.originGroups.0: must be a group's name, or the beginning of one with * after it"],
    [{ edge: { originGroups: ["app-*", ""] } }, "edge.originGroups.1: must be a group's name"],
    [{ edge: { originGroups: ["x".repeat(129)] } }, "edge.originGroups.0: must be a group's name"],
    [{ edge: { originGroups: ["*-admins"] } }, "edge.originGroups.0: may have a * at its end only"],
    [{ edge: { unverifiedEmail: "show" } }, "edge.unverifiedEmail:"],
    [{ edge: { cognitoScopes: ["openid", "files/read"] } }, "edge.cognitoScopes: asks Cognito for files/read, which no server"],
    [
      { edge: { resources: [{ path: "/mcp", scopes: { read: { words: "Read", cognito_scope: "files/read" } } }] } },
      "edge.resources: asks Cognito for files/read, which no server of userPool.resourceServers has",
    ],
    [{ edge: { resources: [{ path: "/mcp", scopes: { mcp: "x" }, compares_headers: "true" }] } }, "edge.resources.0.compares_headers:"],
    [
      { userPool: { customDomain: { name: "login.example.com", certificateArn: "arn:aws:acm:eu-west-1:1:certificate/1" } } },
      "userPool.customDomain.certificateArn: Cognito takes certificates of us-east-1 only; request one there",
    ],
    [
      { server: { tls: { name: "o.example.com", certificateArn: "arn:aws:acm:us-east-1:1:certificate/1" } } },
      "server.tls.certificateArn: the load balancer takes certificates of eu-west-1 only; request one there",
    ],
    [{ server: { tasks: { least: 5, most: 2 } } }, "server.tasks: least is more than most"],
    [{ server: { originSecretGeneration: 0 } }, "server.originSecretGeneration:"],
    [{ server: { cpu: 300 } }, "server.cpu:"],
    [{ server: { otlpEndpoint: "collector:4318" } }, "server.otlpEndpoint: must be an http or https URL"],
    [{ firewall: { count: ["everything"] } }, "firewall.count.0:"],
    [{ firewall: { requestsPerAddress: 1000 } }, "firewall.requestsPerAddress:"],
    [{ surplus: 1 }, 'the file: Unrecognized key: "surplus"'],
    [{ edge: { brand: { name: "{{resolve:ssm:/secret}}" } } }, "the file: contains {{"],
    [{ edge: { brand: { name: "{{name}}" } } }, "the file: contains {{"],
  ])("%j is refused with what to do", (changes, message) => {
    expect(() => parse(changes)).toThrow(message);
  });

  test("that become parameters are no longer than those", () => {
    const resources = (length: number) => ({ edge: { resources: [{ path: "/mcp", scopes: { mcp: "x".repeat(length) } }] } });
    const { length } = JSON.stringify(resources(1).edge.resources).slice(1);
    expect(() => parse(resources(8192 - length))).not.toThrow();
    expect(() => parse(resources(8193 - length))).toThrow("edge.resources: takes 8193 bytes, and a parameter holds 8192 at the most");
    const clientMetadataHosts = Array(700).fill("host.example.com");
    expect(() => parse({ edge: { clientMetadataHosts } })).toThrow("edge.clientMetadataHosts: takes 11899 bytes");
    expect(() => parse({ userPool: { logoutUrls: [`https://example.com/${"é".repeat(4100)}`] } })).toThrow("userPool.logoutUrls: takes 8220 bytes");
  });

  test.each(["http://localhost:8787", "http://127.0.0.1:8787"])("for trying out may have the edge at %s", (publicUrl) => {
    expect(parse({ publicUrl, userPool: { retain: false } }).publicUrl).toBe(publicUrl);
  });

  test.each(["laws", "my-cognito", "amazonia"])("of the deployment %s need a prefix or a domain, as Cognito takes its name in none", (name) => {
    const of = (userPool: object) => () => parseSettings(name, JSON.stringify({ ...good, userPool }));
    expect(of({})).toThrow("userPool.domainPrefix: the deployment's name contains");
    expect(of({ domainPrefix: "edgeward-mine" })).not.toThrow();
    expect(of({ customDomain: { name: "login.example.com", certificateArn: "arn:aws:acm:us-east-1:1:certificate/1" } })).not.toThrow();
  });

  test("of a deployment that is called like an environment name no other", () => {
    const edge = (environment: string) => JSON.stringify({ ...good, edge: { environment } });
    expect(parseSettings("team", edge("dev")).edge.environment).toBe("dev");
    expect(parseSettings("prod", edge("prod")).edge.environment).toBe("prod");
    expect(() => parseSettings("prod", edge("dev"))).toThrow("edge.environment: the deployment prod belongs to the environment of its name");
  });

  test("name all that is wrong at once", () => {
    expect(() => parse({ account: "1", region: "x" })).toThrow(/account: [^]*region: /);
  });

  test("that are missing or no JSON are named", () => {
    expect(() => readSettings("nowhere", folder)).toThrow("there is no deployments/nowhere.json");
    expect(() => readSettings("nowhere", "/settings/of/mine")).toThrow("there is no mine/nowhere.json");
    expect(() => parseSettings("test", "{")).toThrow("deployments/test.json is not JSON");
  });

  test.each(["", "a", "Prod", "1st", "a-", "a".repeat(17), "a/b"])("a deployment cannot be called %j", (name) => {
    expect(() => parseSettings(name, JSON.stringify(good))).toThrow("must be 2 to 16 lower-case letters");
  });
});
