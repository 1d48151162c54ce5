import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { parseSettings, readSettings } from "../lib/settings.ts";

const good = { account: "123456789012", region: "eu-west-1", publicUrl: "https://mcp.example.com" };
const parse = (changes: object) => parseSettings("test", JSON.stringify({ ...good, ...changes }));
const folder = fileURLToPath(new URL("../deployments", import.meta.url));

describe("settings", () => {
  test("that are enough have good defaults", () => {
    expect(parse({})).toMatchObject({
      deployment: "test",
      userPool: { tier: "ESSENTIALS", mfa: "optional", retain: true },
      server: { architecture: "arm64", outbound: "nat", tasks: { least: 2, most: 10 } },
      firewall: { count: [] },
    });
  });

  test("of every file in deployments/ are good", () => {
    const files = readdirSync(folder).filter((name) => name.endsWith(".json"));
    expect(files).toContain("example.json");
    for (const name of files) expect(() => readSettings(name.replace(".json", ""), folder)).not.toThrow();
  });

  test.each([
    [{ account: "12345" }, "account: must be the 12 digits of an AWS account"],
    [{ region: "Ireland" }, "region: must be an AWS region such as eu-west-1"],
    [{ publicUrl: "http://mcp.example.com" }, "publicUrl: must be an https URL"],
    [{ publicUrl: "http://localhost:8787" }, "publicUrl: an edge on this machine is for trying out: set userPool.retain to false"],
    [{ publicUrl: "http://localhost:80", userPool: { retain: false } }, "publicUrl: must be an https URL, or http://localhost:PORT"],
    [{ publicUrl: "http://mcp.example.com:8787", userPool: { retain: false } }, "publicUrl: must be an https URL"],
    [{ publicUrl: "https://mcp.example.com/" }, "publicUrl: must be an origin in its normal form"],
    [{ userPool: { domainPrefix: "my-cognito" } }, "userPool.domainPrefix: must not contain aws, amazon or cognito"],
    [{ userPool: { domainPrefix: "Mine" } }, "userPool.domainPrefix: must be lower-case letters"],
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
    [{ surplus: 1 }, 'the file: Unrecognized key: "surplus"'],
  ])("%j is refused with what to do", (changes, message) => {
    expect(() => parse(changes)).toThrow(message);
  });

  test.each(["http://localhost:8787", "http://127.0.0.1:8787"])("for trying out may have the edge at %s", (publicUrl) => {
    expect(parse({ publicUrl, userPool: { retain: false } }).publicUrl).toBe(publicUrl);
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
