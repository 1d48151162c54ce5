import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { MAX_BODY_BYTES } from "../lib/names.ts";
import { addedByCloudFront, firewall, userPoolId, webAcl } from "./firewall/firewalls.ts";
import { forwarded, MCP_REQUESTS, ORIGIN_ATTACKS, stranger, TOO_LONG } from "./firewall/origin-requests.ts";
import type { Request } from "./firewall/request.ts";
import { DISGUISED_PAGES, machineCalls, page, SIGN_IN_ATTACKS, SIGN_INS } from "./firewall/sign-in-requests.ts";
import { text } from "./firewall/template.ts";
import { synthesizeFile, synthesizeOnce, settingsText } from "./templates.ts";

const folder = new URL("../deployments/", import.meta.url);
/** The example of what exists has no firewall: `existing.test.ts`. */
const deployments = readdirSync(folder).map((file) => file.replace(/\.json$/, "")).filter((name) => name !== "existing");
/** More requests in five minutes than a large deployment has: 1,000 million a month, at ten times their average. */
const BUSY = 1_150_000;

describe.each(deployments)("the firewalls of %s", (deployment) => {
  const templates = synthesizeFile(deployment, readFileSync(new URL(`${deployment}.json`, folder), "utf8"));
  const fromCloudFront = addedByCloudFront(templates);
  const reached = (request: Request): Request => ({ ...request, headers: { ...request.headers, ...fromCloudFront } });

  describe.each([
    ["CloudFront", "CloudFront", (request: Request) => request],
    ["the load balancer", "load balancer", reached],
  ] as const)("before %s", (_, resource, arriving) => {
    const evaluate = (request: Request, times?: number) => firewall(templates, resource).evaluate(arriving(request), times);

    test.each(Object.entries(MCP_REQUESTS))("let %s pass", (_, request) => {
      expect(evaluate(request)).toMatchObject({ action: "allow" });
    });

    test("let all users pass whose requests come from one address of the edge's", () => {
      expect(evaluate(forwarded("{}"), BUSY)).toMatchObject({ action: "allow" });
    });

    test.each(Object.entries(TOO_LONG))("refuse %s and name the limit", (_, request) => {
      const verdict = evaluate(request);
      expect(verdict).toMatchObject({ action: "block", rule: "body-size", status: 413 });
      expect(JSON.parse((verdict as { body: string }).body)).toEqual({
        error: "body_too_long",
        error_description: `the request body is longer than ${MAX_BODY_BYTES} bytes (4 MiB), the longest that is accepted`,
      });
    });

    test.each(Object.entries(ORIGIN_ATTACKS))("stop %s", (_, [request, rule]) => {
      expect(evaluate(request)).toMatchObject({ action: "block", rule, status: 403 });
    });

    test("stop a flood that no task could carry", () => {
      expect(evaluate(forwarded("{}"), 20_000_000)).toMatchObject({ action: "block", rule: "rate" });
    });

    test("see content that would be judged elsewhere, and count it", () => {
      expect(evaluate(MCP_REQUESTS["a call with a script"]!).counted).toEqual(["common/CrossSiteScripting_BODY"]);
    });
  });

  describe("before CloudFront", () => {
    test("stop a stranger's flood, and nobody else", () => {
      const cloudFront = firewall(templates, "CloudFront");
      expect(cloudFront.evaluate(stranger(), 300)).toMatchObject({ action: "allow" });
      expect(cloudFront.evaluate(stranger())).toMatchObject({ action: "block", rule: "strangers" });
      expect(cloudFront.evaluate(stranger({ address: "198.51.100.10" }))).toMatchObject({ action: "allow" });
      // Also when the stranger comes by the CDN that the edge runs on.
      expect(cloudFront.evaluate(forwarded("{}", {}, { address: "198.51.100.9" }))).toMatchObject({ action: "allow" });
    });

    test("stop a stranger with a bad address", () => {
      const verdict = firewall(templates, "CloudFront").evaluate(stranger({ listed: "AWSManagedIPReputationList" }));
      expect(verdict).toMatchObject({ action: "block", rule: "ip-reputation/AWSManagedIPReputationList" });
    });

    test("take an empty identity for none", () => {
      const cloudFront = firewall(templates, "CloudFront");
      expect(cloudFront.evaluate(forwarded("{}", { "x-edgeward-identity": "" }), 301)).toMatchObject({ rule: "strangers" });
    });
  });

  describe("before the load balancer", () => {
    const [[name, secret] = ["", ""]] = Object.entries(fromCloudFront);

    test.each([
      ["no secret", {}],
      ["a wrong secret", { [name]: "guess" }],
      ["more than the secret", { [name]: `${secret}, x` }],
      ["the secret in capitals", { [name]: secret.toUpperCase() }],
      ["the secret in another header", { "x-secret": secret }],
    ])("stop whoever shows %s", (_, headers) => {
      expect(firewall(templates, "load balancer").evaluate(forwarded("{}", headers))).toMatchObject({ action: "block", rule: "origin-secret" });
    });
  });

  describe("before the user pool", () => {
    const evaluate = (request: Request, times?: number) => firewall(templates, "user pool").evaluate(request, times);

    test.each(Object.entries(machineCalls(userPoolId(templates))))("let %s pass, also after a million others", (_, request) => {
      expect(evaluate(request)).toEqual({ action: "allow", counted: [] });
      expect(evaluate(request, 1_000_000)).toEqual({ action: "allow", counted: [] });
    });

    test("let a storm of refreshes take nothing from those who sign in", () => {
      const users = firewall(templates, "user pool");
      for (let refresh = 0; refresh < 3000; refresh++) {
        expect(users.evaluate(machineCalls("")["a refresh"]!)).toMatchObject({ action: "allow" });
      }
      expect(users.evaluate(page("/login", { address: machineCalls("")["a refresh"]!.address }))).toMatchObject({ action: "allow" });
    });

    test.each(Object.entries(SIGN_INS))("let %s pass", (_, request) => {
      expect(evaluate(request)).toMatchObject({ action: "allow" });
    });

    test("let an office of 150 sign in at once", () => {
      expect(evaluate(SIGN_INS["a password"]!, 150 * 6)).toMatchObject({ action: "allow" });
    });

    test.each(DISGUISED_PAGES)("limit the rate at %s, and inspect it", (path) => {
      expect(evaluate(page(path, { method: "POST" }), 1001)).toMatchObject({ action: "block", rule: "rate" });
      const scanner = page(path, { headers: { "user-agent": "nmap" } });
      expect(evaluate(scanner)).toMatchObject({ action: "block" });
    });

    test.each(Object.entries(SIGN_IN_ATTACKS))("stop %s", (_, [request, rule]) => {
      expect(evaluate(request)).toMatchObject({ action: "block", rule });
    });
  });
});

test("the tool's tests know the rules before the user pool", async () => {
  const { Rules } = webAcl(synthesizeOnce("test", settingsText()), "user pool");
  const plain = (name: string, value: unknown) => (name === "SearchString" ? text(value).replace(/\$\{\w+\}/, "eu-west-1_Example") : value);
  const file = "../edgeward/tests/tool/sign-in-rules.json";
  await expect(`${JSON.stringify(Rules, plain, 1)}\n`).toMatchFileSnapshot(file);
});
