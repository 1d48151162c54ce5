import { describe, expect, test } from "vitest";
import { Firewall } from "./firewall.ts";
import type { Request } from "./request.ts";

const request = (changes: Partial<Request> = {}): Request => ({
  method: "GET",
  path: "/page",
  query: "",
  headers: { "user-agent": "test" },
  body: "",
  address: "192.0.2.1",
  ...changes,
});

const UNCHANGED = [{ Priority: 0, Type: "NONE" }];
const path = (search: string, position = "EXACTLY") => ({
  ByteMatchStatement: { FieldToMatch: { UriPath: {} }, SearchString: search, PositionalConstraint: position, TextTransformations: UNCHANGED },
});
const size = (header: string) => ({
  SizeConstraintStatement: { FieldToMatch: { SingleHeader: { Name: header } }, ComparisonOperator: "GT", Size: 0, TextTransformations: UNCHANGED },
});
const group = (changes: object = {}) => ({ ManagedRuleGroupStatement: { VendorName: "AWS", Name: "AWSManagedRulesCommonRuleSet", ...changes } });

const acl = (...rules: object[]) => ({
  DefaultAction: { Allow: {} },
  CustomResponseBodies: { long: { ContentType: "TEXT_PLAIN", Content: "too long" } },
  Rules: rules.map((rule, index) => ({ Name: `rule${index}`, Priority: index, ...rule })),
});
const rule = (Statement: object, Action: object = { Block: {} }) => ({ Statement, Action });
const managed = (Statement: object, OverrideAction: object = { None: {} }) => ({ Statement, OverrideAction });
const verdict = (rules: object[], changes?: Partial<Request>, times?: number) =>
  new Firewall(acl(...rules), "load balancer").evaluate(request(changes), times);

describe("the interpreter", () => {
  test("goes through rules by priority, and ends at the first that ends it", () => {
    const rules = [{ ...rule(path("/page")), Priority: 7 }, { ...rule(path("/page"), { Allow: {} }), Priority: 3 }, { ...rule(path("/page"), { Count: {} }), Priority: 1 }];
    expect(verdict(rules)).toEqual({ action: "allow", counted: ["rule2"] });
  });

  test("answers as the rule says", () => {
    const custom = { Block: { CustomResponse: { ResponseCode: 413, CustomResponseBodyKey: "long" } } };
    expect(verdict([rule(path("/page"), custom)])).toEqual({ action: "block", counted: [], rule: "rule0", status: 413, body: "too long" });
    expect(verdict([rule(path("/page"))])).toMatchObject({ status: 403 });
  });

  test.each([
    [path("/page"), true],
    [path("/PAGE"), false],
    [path("/p", "STARTS_WITH"), true],
    [path("age", "ENDS_WITH"), true],
    [path("ag", "CONTAINS"), true],
    [path({ "Fn::Join": ["", ["/", "page"]] } as any), true],
    [size("User-Agent"), true],
    [size("cookie"), false],
    [{ NotStatement: { Statement: size("cookie") } }, true],
    [{ AndStatement: { Statements: [path("/page"), size("cookie")] } }, false],
    [{ OrStatement: { Statements: [path("/page"), size("cookie")] } }, true],
    [{ RegexMatchStatement: { FieldToMatch: { UriPath: {} }, RegexString: "^/p.*e$", TextTransformations: UNCHANGED } }, true],
    [{ RegexMatchStatement: { FieldToMatch: { UriPath: {} }, RegexString: "^/P", TextTransformations: [{ Priority: 0, Type: "LOWERCASE" }] } }, false],
  ])("finds of %j that it matches: %s", (statement, matches) => {
    expect(verdict([rule(statement)]).action).toBe(matches ? "block" : "allow");
  });

  test("counts the requests of an address that a rate is about", () => {
    const rate = rule({ RateBasedStatement: { Limit: 10, AggregateKeyType: "IP", ScopeDownStatement: path("/page") } });
    expect(verdict([rate], {}, 10).action).toBe("allow");
    expect(verdict([rate], {}, 11).action).toBe("block");
    expect(verdict([rate], { path: "/other" }, 11).action).toBe("allow");
    // What an earlier rule stops does not count.
    const firewall = new Firewall(acl(rule(size("cookie")), rate), "load balancer");
    firewall.evaluate(request({ headers: { cookie: "a=b" } }), 100);
    expect(firewall.evaluate(request()).action).toBe("allow");
    expect(firewall.evaluate(request({ address: "192.0.2.2" }), 11).action).toBe("block");
    expect(firewall.evaluate(request(), 9).action).toBe("allow");
  });

  test("does what a managed group is told", () => {
    const none = { headers: {} };
    const counted = { RuleActionOverrides: [{ Name: "NoUserAgent_HEADER", ActionToUse: { Count: {} } }] };
    expect(verdict([managed(group())], none)).toMatchObject({ rule: "rule0/NoUserAgent_HEADER", status: 403 });
    expect(verdict([managed(group(), { Count: {} })], none)).toEqual({ action: "allow", counted: ["rule0/NoUserAgent_HEADER"] });
    expect(verdict([managed(group(counted))], none)).toEqual({ action: "allow", counted: ["rule0/NoUserAgent_HEADER"] });
    expect(verdict([managed(group({ ScopeDownStatement: path("/other") }))], none)).toEqual({ action: "allow", counted: [] });
    // The group goes on after a rule that only counts.
    expect(verdict([managed(group(counted))], { ...none, body: "x".repeat(8193) })).toMatchObject({ rule: "rule0/SizeRestrictions_BODY" });
  });

  test("inspects as much of a body as AWS does", () => {
    const rules = [managed(group({ RuleActionOverrides: [{ Name: "SizeRestrictions_BODY", ActionToUse: { Count: {} } }] }))];
    const body = `${"x".repeat(10_000)}<script>`;
    expect(new Firewall(acl(...rules), "load balancer").evaluate(request({ body })).action).toBe("allow");
    expect(new Firewall(acl(...rules), "CloudFront").evaluate(request({ body })).action).toBe("block");
  });

  test.each([
    ["a statement", [rule({ GeoMatchStatement: { CountryCodes: ["CH"] } })]],
    ["two statements", [rule({ ...path("/page"), ...size("cookie") })]],
    ["a member of a statement", [rule({ ByteMatchStatement: { ...path("/page").ByteMatchStatement, Negated: true } })]],
    ["a position", [rule(path("/page", "CONTAINS_WORD"))]],
    ["a transformation", [rule({ RegexMatchStatement: { FieldToMatch: { UriPath: {} }, RegexString: "x", TextTransformations: [{ Priority: 0, Type: "MD5" }] } })]],
    ["a part of the request", [rule({ RegexMatchStatement: { FieldToMatch: { JA3Fingerprint: {} }, RegexString: "x", TextTransformations: UNCHANGED } })]],
    ["an intrinsic function", [rule(path({ "Fn::ImportValue": "x" } as any))]],
    ["a key to count by", [rule({ RateBasedStatement: { Limit: 10, AggregateKeyType: "CONSTANT" } })]],
    ["a rate within another statement", [rule({ NotStatement: { Statement: { RateBasedStatement: { Limit: 10, AggregateKeyType: "IP" } } } })]],
    ["a group", [managed(group({ Name: "AWSManagedRulesSQLiRuleSet" }))]],
    ["a rule of a group", [managed(group({ RuleActionOverrides: [{ Name: "NoSuchRule_BODY", ActionToUse: { Count: {} } }] }))]],
    ["rules that are excluded the old way", [managed(group({ ExcludedRules: [{ Name: "NoUserAgent_HEADER" }] }))]],
    ["an action", [rule(path("/page"), { Captcha: {} })]],
    ["a member of a rule", [{ ...rule(path("/page")), RuleLabels: [] }]],
    ["a body of an answer", [rule(path("/page"), { Block: { CustomResponse: { ResponseCode: 413, CustomResponseBodyKey: "none" } } })]],
  ])("throws at %s that it does not know", (_, rules) => {
    expect(() => verdict(rules)).toThrow(/not known|nobody here knows|has no rule|has 2 members|no text|there is no body/);
  });
});
