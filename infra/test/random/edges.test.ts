import { expect, test } from "vitest";
import { regions } from "../cloudformation-schemas.ts";
import { problems } from "./problems.ts";

/** Settings of Cognito that depend on each other: all of their combinations. */
const POOLS = ["ESSENTIALS", "PLUS"].flatMap((tier) =>
  ["off", "optional", "required"].flatMap((mfa) =>
    [true, false].flatMap((passkeys) => [true, false].map((isCustom) => ({ pool: { tier, mfa, passkeys }, isCustom }))),
  ),
);

const certificateArn = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000001";

/** Every region with one of the combinations, and every combination with one of the regions. */
const CASES = Array.from({ length: Math.max(POOLS.length, regions.length) }, (_, index) => {
  const { pool, isCustom } = POOLS[index % POOLS.length]!;
  const userPool = { ...pool, ...(isCustom && { customDomain: { name: "login.example.com", certificateArn } }) };
  return { region: regions[index % regions.length], userPool };
});

test.each(CASES)("a deployment of the longest name in $region ($userPool.tier, MFA $userPool.mfa) contradicts nothing that is known of AWS", ({ region, userPool }) => {
  const settings = { account: "123456789012", region, publicUrl: "https://mcp.example.com", userPool, server: { image: "ghcr.io/edgeward/origin:1" } };
  expect(problems({ deployment: "a-deployment-abc", settings })).toEqual([]);
});
