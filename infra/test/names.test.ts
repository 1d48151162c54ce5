import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RESPONSES } from "../lib/firewall/origin-rules.ts";
import { EDGE_PARAMETERS, IDENTITY_HEADER, MAX_BODY_BYTES, Names, ORIGIN_PARAMETERS, PARAMETER_PATH_VARIABLE, variableOf } from "../lib/names.ts";
import { all, synthesize } from "./templates.ts";

const rust = readFileSync(new URL("../../shared/src/names.rs", import.meta.url), "utf8");

test("the Rust side spells these names alike", () => {
  for (const name of [IDENTITY_HEADER, PARAMETER_PATH_VARIABLE, ...ORIGIN_PARAMETERS, ...EDGE_PARAMETERS]) {
    expect(rust).toContain(`"${name}"`);
  }
  for (const parameter of EDGE_PARAMETERS) expect(rust).toContain(`"${variableOf(parameter)}"`);
});

test("firewall, edge and origin have one limit of bodies, and one answer to a longer one", () => {
  const limits = readFileSync(new URL("../../shared/src/limits.rs", import.meta.url), "utf8");
  const constant = (name: string) => new RegExp(`pub const ${name}: [^=]+ = (.+);`).exec(limits)?.[1] ?? "";
  expect(Number(constant("MAX_BODY_BYTES").replaceAll("_", ""))).toBe(MAX_BODY_BYTES);
  const { error, error_description } = JSON.parse(RESPONSES["body-too-long"]);
  expect([error, error_description]).toEqual([constant("BODY_TOO_LONG_CODE"), constant("BODY_TOO_LONG")].map((text) => JSON.parse(text)));
});

test("every parameter that is written stands in the README's table, and no other", () => {
  const settings = {
    edge: {
      resources: [{ path: "/mcp", scopes: { mcp: "Use it" } }],
      registration: "open",
      privateUseSchemes: ["cursor"],
      allowedOrigins: ["https://inspector.example"],
      accessTokenSeconds: 600,
      cognitoScopes: ["openid"],
      clientMetadataDocuments: "on",
      clientMetadataHosts: ["*.example.com"],
      clientMetadataDeniedHosts: ["bad.example.com"],
      redirectHosts: ["example.com", "!loopback"],
      consent: "remember",
      rateLimits: { calls: 600, client: 600 },
      serverTiming: "on",
      metricsDataset: "edgeward_test",
      brand: { name: "Acme", color: "#1b57c9" },
      originGroups: ["admins", "app-*"],
      unverifiedEmail: "tell",
    },
    userPool: {
      logoutUrls: ["https://app.example/bye"],
      identityProviders: [{ kind: "saml", name: "partner", metadataUrl: "https://id.example.com/metadata", trustEmail: true }],
    },
  };
  const clientSecretArn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:edge-AbCdEf";
  const existing = { id: "eu-west-1_AbCdEfGhI", domain: "login.example.com", clientId: "1example23456789", clientSecretArn };
  const written = [settings, { userPool: { existing } }, { server: { existing: { url: "https://server.example.com" } } }]
    .flatMap((changes) => Object.values(synthesize("test", changes)))
    .flatMap((template) => all(template, "AWS::SSM::Parameter"))
    .map(({ Properties }) => Properties.Name.replace(`${new Names({ deployment: "test" }).parameterRoot}/`, ""));
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const listed = [...readme.matchAll(/^\| `((?:edge|origin|stack)\/[a-z-]+)` \|/gm)].map(([, name]) => name);
  expect(listed.toSorted()).toEqual([...new Set(written)].toSorted());
  expect(new Set(written).size).toBe(EDGE_PARAMETERS.length + ORIGIN_PARAMETERS.length + 4);
});
