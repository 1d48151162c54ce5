// Deployments for a user pool, or an MCP server, that exist.

import { describe, expect, test } from "vitest";
import { parseSettings } from "../lib/settings.ts";
import { all, only, settingsText, synthesize, type Templates } from "./templates.ts";

const POOL = { id: "eu-west-1_AbCdEfGhI", domain: "login.example.com" };
const CLIENT = { ...POOL, clientId: "1example23456789" };
const SERVER = { url: "https://server.example.com/base", audience: "https://server.example.com" };

const refusal = (changes: object) => {
  try {
    parseSettings("test", settingsText(changes));
    return "taken";
  } catch (error) {
    return (error as Error).message;
  }
};

const parameters = ({ security, server }: Templates) =>
  Object.fromEntries([security, server].flatMap((template) => all(template, "AWS::SSM::Parameter")).map(({ Properties }) => [Properties.Name, Properties.Value]));

/** The types in all templates but those of alarms, logs and parameters, without repetitions. */
const types = (templates: Templates) =>
  [...new Set(Object.values(templates).flatMap(({ Resources }: Templates["security"]) => Object.values(Resources).map(({ Type }) => Type)))]
    .filter((type) => !/^AWS::(SSM|CloudWatch|SNS|Logs|IAM|Lambda)::/.test(type))
    .toSorted();

describe("a user pool that exists", () => {
  const made = synthesize("test", { userPool: { existing: POOL } });

  test("is not made, and gets an app client", () => {
    const cognito = types(made).filter((type) => type.startsWith("AWS::Cognito::"));
    expect(cognito).toEqual(["AWS::Cognito::ManagedLoginBranding", "AWS::Cognito::UserPoolClient"]);
    expect(only(made.security, "AWS::Cognito::UserPoolClient").Properties).toMatchObject({
      UserPoolId: POOL.id,
      GenerateSecret: true,
      AllowedOAuthFlows: ["code"],
      SupportedIdentityProviders: ["COGNITO"],
      CallbackURLs: ["https://mcp.example.com/callback"],
      LogoutURLs: ["https://mcp.example.com/signed-out"],
    });
  });

  test("gets the same app client as a pool of the stacks' own", () => {
    const { UserPoolId: _, ...own } = only(synthesize().security, "AWS::Cognito::UserPoolClient").Properties;
    expect(only(made.security, "AWS::Cognito::UserPoolClient").Properties).toEqual({ ...own, UserPoolId: POOL.id });
  });

  test("keeps its firewall, and the server has its own", () => {
    expect(all(made.security, "AWS::WAFv2::WebACL")).toEqual([]);
    expect(all(made.server, "AWS::WAFv2::WebACL")).toHaveLength(1);
    expect(JSON.stringify(all(made.security, "AWS::CloudWatch::Alarm"))).not.toContain("users-blocked");
  });

  test("is what the edge is told of", () => {
    expect(parameters(made)).toMatchObject({
      "/edgeward/test/edge/cognito-user-pool-id": POOL.id,
      "/edgeward/test/edge/cognito-domain": "login.example.com",
      "/edgeward/test/stack/issuer": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI",
    });
  });

  test("offers the identity providers that the settings name", () => {
    const { security } = synthesize("test", { userPool: { existing: { ...POOL, identityProviders: ["Okta"] } } });
    expect(only(security, "AWS::Cognito::UserPoolClient").Properties.SupportedIdentityProviders).toEqual(["Okta"]);
  });

  test("with an app client gets nothing at all", () => {
    const arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:edge-AbCdEf";
    const templates = synthesize("test", { userPool: { existing: { ...CLIENT, clientSecretArn: arn } } });
    expect(types(templates).filter((type) => type.startsWith("AWS::Cognito::"))).toEqual([]);
    expect(parameters(templates)).toMatchObject({
      "/edgeward/test/edge/cognito-client-id": CLIENT.clientId,
      "/edgeward/test/edge/cognito-client-secret": arn,
    });
  });

  test("whose domain nobody says cannot be synthesized", () => {
    expect(() => synthesize("test", { userPool: { existing: { id: POOL.id } } })).toThrow(/add -c userPoolDomain=HOST/);
  });

  test.each([
    ["mfa", "required"],
    ["tier", "PLUS"],
    ["passkeys", false],
    ["selfSignUp", true],
    ["email", "cognito"],
    ["domainPrefix", "mine"],
    ["customDomain", { name: "login.example.com", certificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/1" }],
    ["resourceServers", {}],
    ["identityProviders", []],
  ])("takes no %s", (name, value) => {
    expect(refusal({ userPool: { existing: POOL, [name]: value } })).toContain(`userPool.${name}: is the user pool's own`);
  });

  test.each([
    [{ existing: CLIENT, accessTokenSeconds: 600 }, "userPool.accessTokenSeconds: is the app client's own"],
    [{ existing: CLIENT, refreshTokenDays: 7 }, "userPool.refreshTokenDays: is the app client's own"],
    [{ existing: { ...CLIENT, identityProviders: ["Okta"] } }, "userPool.existing.identityProviders: is for an app client that the stacks make"],
    [
      { existing: { ...POOL, clientSecretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:a" } },
      "userPool.existing.clientSecretArn: is the secret of an app client",
    ],
    [{ existing: { ...POOL, id: "us-east-1_AbCdEfGhI" } }, "userPool.existing.id: is a user pool in another region than eu-west-1"],
    [{ existing: { ...POOL, id: "nonsense" } }, "userPool.existing.id: must be the id of a user pool"],
    [{ existing: { ...POOL, domain: "https://login.example.com" } }, "userPool.existing.domain: must be a host"],
  ])("refuses %j", (userPool, words) => expect(refusal({ userPool })).toContain(words));

  test.each([
    { existing: POOL, accessTokenSeconds: 600, refreshTokenDays: 7, logoutUrls: ["https://example.com/bye"], retain: false },
    { existing: CLIENT, logoutUrls: ["https://example.com/bye"] },
  ])("takes %j", (userPool) => expect(refusal({ userPool })).toBe("taken"));

  test("may have scopes of its own", () => {
    expect(refusal({ userPool: { existing: POOL }, edge: { cognitoScopes: ["openid", "files/read"] } })).toBe("taken");
  });

  test("has no firewall to set", () => {
    expect(refusal({ userPool: { existing: POOL }, firewall: { signInsPerAddress: 500 } })).toContain("firewall.signInsPerAddress: is for a firewall");
    expect(refusal({ userPool: { existing: POOL }, firewall: { requestsPerAddress: 20_000, count: ["rate"] } })).toBe("taken");
  });
});

describe("an MCP server that exists", () => {
  const made = synthesize("test", { server: { existing: SERVER } });

  test("gets nothing in front of it", () => {
    for (const part of ["global", "server", "watch"] as const) expect(made[part]).toEqual({ Resources: {} });
    expect(types(made).filter((type) => !type.startsWith("AWS::Cognito::"))).toEqual(["AWS::WAFv2::LoggingConfiguration", "AWS::WAFv2::WebACL", "AWS::WAFv2::WebACLAssociation"]);
  });

  test("is what the edge is told of, and no origin is told anything", () => {
    const told = parameters(made);
    expect(told).toMatchObject({
      "/edgeward/test/edge/origin-url": SERVER.url,
      "/edgeward/test/edge/origin-audience": SERVER.audience,
    });
    expect(Object.keys(told).filter((name) => name.includes("/origin/"))).toEqual(["/edgeward/test/origin/existing"]);
  });

  test("has the URL for an audience, unless another one is named", () => {
    const told = parameters(synthesize("test", { server: { existing: { url: SERVER.url } } }));
    expect(told).not.toHaveProperty("/edgeward/test/edge/origin-audience");
  });

  test.each(["image", "architecture", "cpu", "memoryMiB", "tasks", "zones", "outbound", "logDays", "tls", "domain", "originSecretGeneration", "weatherUrl", "otlpEndpoint"])(
    "takes no %s",
    (name) => {
      const values: Record<string, unknown> = {
        image: "a/b", architecture: "arm64", cpu: 256, memoryMiB: 512, tasks: {}, zones: ["euw1-az1", "euw1-az2"], outbound: "nat", logDays: 7,
        tls: { certificateArn: "arn:aws:acm:eu-west-1:123456789012:certificate/1", name: "alb.example.com" },
        domain: { name: "origin.example.com", certificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/1" },
        originSecretGeneration: 1, weatherUrl: "https://api.weather.gov", otlpEndpoint: "http://collector.internal:4318",
      };
      expect(refusal({ server: { existing: SERVER, [name]: values[name] } })).toContain(`server.${name}: is for a server that the stacks make`);
    },
  );

  test.each([
    [{ url: "http://server.example.com" }, "must be an https URL"],
    [{ url: "http://localhost:8080" }, "the edge reaches the server through the internet"],
    [{ url: "https://server.example.com?a=b" }, "must have no user, query or fragment"],
    [{ url: "https://user@server.example.com" }, "must have no user, query or fragment"],
    [{}, "server.existing.url"],
  ])("refuses %j", (existing, words) => expect(refusal({ server: { existing } })).toContain(words));

  test("has no firewall to set", () => {
    expect(refusal({ server: { existing: SERVER }, firewall: { requestsPerAddress: 20_000 } })).toContain("firewall.requestsPerAddress");
    expect(refusal({ server: { existing: SERVER }, firewall: { signInsPerAddress: 500, count: ["common"] } })).toBe("taken");
  });
});

describe("both", () => {
  test("are parameters, alarms and an app client, and nothing else", () => {
    const templates = synthesize("test", { userPool: { existing: POOL }, server: { existing: SERVER } });
    expect(types(templates)).toEqual(["AWS::Cognito::ManagedLoginBranding", "AWS::Cognito::UserPoolClient"]);
    expect(types(synthesize("test", { userPool: { existing: CLIENT }, server: { existing: SERVER } }))).toEqual([]);
  });

  test("have no firewall to set", () => {
    const changes = { userPool: { existing: POOL }, server: { existing: SERVER }, firewall: { count: ["common"] } };
    expect(refusal(changes)).toContain("firewall.count: is for a firewall");
  });
});
