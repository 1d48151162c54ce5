// Values of single settings that a pattern alone does not make: names and certificates that AWS would take.

import fc from "fast-check";
import { regions } from "../cloudformation-schemas.ts";

const certificate = (region: string) => `arn:aws:acm:${region}:123456789012:certificate/00000000-0000-0000-0000-000000000001`;
const host = fc.constantFrom("mcp.example.com", "a.example.org", `${"long-label.".repeat(4)}example.com`);
const cognitoScope = fc.constantFrom("openid", "email", "profile", "phone");
const secretArn = fc.constant("arn:aws:secretsmanager:REGION:123456789012:secret:corp-AbCdEf");

/** One time in six; otherwise nothing, which JSON leaves out. */
const seldom = (value: fc.Arbitrary<unknown>) => fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: value });

/** In place of what the schema says, by path. `REGION` becomes the deployment's. */
export const OVERRIDES: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  account: fc.constantFrom("123456789012", "000000000000", "999999999999"),
  region: fc.constantFrom(...regions),
  publicUrl: fc.oneof(
    { weight: 4, arbitrary: host.map((name) => `https://${name}`) },
    fc.constantFrom("http://localhost:8787", "http://127.0.0.1:9000", "https://mcp.example.com:8443"),
  ),
  "edge.allowedOrigins": fc.uniqueArray(host.map((name) => `https://${name}`), { maxLength: 3 }),
  "userPool.email": fc.constantFrom("cognito", { from: "no-reply@example.com" }, {
    from: "no-reply@example.com",
    fromName: "Acme Inc.",
    replyTo: "help@example.org",
    verifiedDomain: "example.com",
    region: "us-west-2",
  }),
  "userPool.email.from": fc.constantFrom("no-reply@example.com", "no-reply@mail.example.org"),
  "userPool.email.verifiedDomain": fc.constant("example.com"),
  // What is asked of Cognito must be there.
  "edge.cognitoScopes": fc.uniqueArray(cognitoScope, { minLength: 1 }),
  "edge.resources.scopes.*.cognito_scope": cognitoScope,
  "edge.originGroups": fc.uniqueArray(fc.constantFrom("admins", "app-*", "*", "größe", "g".repeat(128)), { maxLength: 4 }),
  // Not in every second draw, as it takes the place of nearly all others.
  "userPool.existing": seldom(
    fc.record(
      {
        id: fc.constantFrom("REGION_AbCdEfGhI", "REGION_1"),
        domain: fc.constantFrom("login.example.com", "my-prefix.auth.REGION.amazoncognito.com"),
        clientId: fc.constantFrom("1example23456789", "a"),
        clientSecretArn: secretArn,
        identityProviders: fc.constantFrom(["COGNITO"], ["COGNITO", "Okta"], ["Okta"]),
      },
      { requiredKeys: ["id", "domain"] },
    ),
  ),
  "server.existing": seldom(
    fc.record(
      {
        url: fc.oneof(host.map((name) => `https://${name}`), fc.constantFrom("https://server.example.com/base", "http://localhost:8080")),
        audience: fc.constantFrom("https://server.example.com", "https://server.example.com/base"),
      },
      { requiredKeys: ["url"] },
    ),
  ),
  "userPool.accessTokenSeconds": fc.oneof(fc.constantFrom(5, 1440), fc.integer({ min: 5, max: 1440 })).map((minutes) => minutes * 60),
  "userPool.customDomain": host.map((name) => ({ name: `login.${name}`, certificateArn: certificate("us-east-1") })),
  "userPool.identityProviders.clientSecretArn": secretArn,
  "server.domain": host.map((name) => ({ name: `origin.${name}`, certificateArn: certificate("us-east-1") })),
  "server.tls": host.map((name) => ({ name: `alb.${name}`, certificateArn: certificate("REGION") })),
  // An image that is to be built makes the CDK read the whole project: seldom.
  "server.image": fc.constantFrom(
    "123456789012.dkr.ecr.eu-west-1.amazonaws.com/edgeward-origin:0.1.0",
    `123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/origin@sha256:${"a".repeat(64)}`,
    "ghcr.io/edgeward/origin:latest",
  ),
  "server.zones": fc.constantFrom(["ZONE-az1", "ZONE-az2"], ["ZONE-az4", "ZONE-az1"]),
  // Times `cpu`.
  "server.memoryMiB": fc.constantFrom(2, 4, 8),
};
