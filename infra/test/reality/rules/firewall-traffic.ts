// What firewalls do to traffic, by what AWS documents of their rules. test/firewall.test.ts has many more requests.

import { MAX_BODY_BYTES } from "../../../lib/names.ts";
import { addedByCloudFront, firewall, userPoolId, webAcl } from "../../firewall/firewalls.ts";
import { forwarded, MCP_REQUESTS } from "../../firewall/origin-requests.ts";
import type { Request, Resource } from "../../firewall/request.ts";
import { machineCalls, SIGN_INS } from "../../firewall/sign-in-requests.ts";
import { only, type Templates } from "../../templates.ts";
import type { Rule } from "../rule.ts";

const GROUPS = "https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-baseline.html";

/** Without those whose length takes time, which the other test has. */
const CALLS = Object.entries(MCP_REQUESTS).filter(([, { body }]) => body.length < 10_000);

/** Requests of those that are given that a firewall stops. `times` makes each the last of so many. */
function stopped(templates: Templates, resource: Resource, requests: Record<string, Request>, times = 1): string[] {
  if (!webAcl(templates, resource)) return [];
  return Object.entries(requests).flatMap(([name, request]) => {
    const verdict = firewall(templates, resource).evaluate(request, times);
    return verdict.action === "block" ? [`${resource}: ${verdict.rule} stops ${name}`] : [];
  });
}

/** With what the load balancer gets from CloudFront. */
function reaching(templates: Templates, request: Request): Request {
  return { ...request, headers: { ...request.headers, ...addedByCloudFront(templates) } };
}

/** The two firewalls before the origin, with what arrives at each. */
function beforeOrigin(templates: Templates): [Resource, (request: Request) => Request][] {
  if (!webAcl(templates, "load balancer")) return [];
  return [
    ["CloudFront", (request) => request],
    ["load balancer", (request) => reaching(templates, request)],
  ];
}

const rule = (templates: Templates, stack: keyof Templates, name: string) =>
  only(templates[stack], "AWS::WAFv2::WebACL").Properties["Rules"].find((one: any) => one.Name === name);

export const TRAFFIC_RULES: readonly Rule[] = [
  {
    name: "a user pool's firewall inspects its token endpoint, so it must let the edge's calls pass, from whichever address and however many",
    source: `https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-waf.html ${GROUPS} https://github.com/aws-samples/cloudfront-authorization-at-edge/issues/264 https://github.com/data-dot-all/dataall/pull/1097`,
    broken: (templates) =>
      webAcl(templates, "user pool") ? stopped(templates, "user pool", machineCalls(userPoolId(templates)), 1_000_000) : [],
    mutate: (templates) => void delete rule(templates, "security", "rate").Statement.RateBasedStatement.ScopeDownStatement,
  },
  {
    name: "managed rules take honest sign-ins for attacks: long codes, loopback redirects, SAML responses",
    source: `${GROUPS} https://github.com/awslabs/nx-plugin-for-aws/pull/1016 https://github.com/kirill-markin/expense-budget-tracker/pull/280`,
    broken: (templates) => stopped(templates, "user pool", SIGN_INS),
    mutate: (templates) => {
      const { ManagedRuleGroupStatement: group } = rule(templates, "security", "common").Statement;
      group.RuleActionOverrides = group.RuleActionOverrides.filter(({ Name }: any) => Name !== "SizeRestrictions_QUERYSTRING");
    },
  },
  {
    name: "managed rules take arguments of tools for attacks, and the addresses of a CDN for one client's",
    source: `${GROUPS} https://github.com/aws-samples/sample-kolya-br-proxy/pull/109 https://github.com/aws-solutions/deepracer-on-aws/issues/89 https://github.com/weserv/images/issues/268`,
    broken: (templates) =>
      beforeOrigin(templates).flatMap(([resource, arriving]) => {
        return stopped(templates, resource, Object.fromEntries(CALLS.map(([name, request]) => [name, arriving(request)])));
      }),
    mutate: (templates) => void (rule(templates, "global", "common").OverrideAction = { None: {} }),
  },
  {
    name: "a size constraint compares the length of a header field, not its number: only a pattern limits Content-Length",
    source: "https://docs.aws.amazon.com/waf/latest/APIReference/API_SizeConstraintStatement.html",
    broken: (templates) =>
      beforeOrigin(templates).flatMap(([resource, arriving]) => {
        const noticed = [MAX_BODY_BYTES, MAX_BODY_BYTES + 1].map((length) => {
          const verdict = firewall(templates, resource).evaluate(arriving(forwarded("{}", { "content-length": `${length}` })));
          return verdict.action === "block" ? verdict.rule : verdict.counted.find((name) => name === "body-size");
        });
        return noticed.join() === [undefined, "body-size"].join() ? [] : [`${resource}: the limit is not ${MAX_BODY_BYTES}`];
      }),
    mutate: (templates) => {
      const { Statement } = rule(templates, "server", "body-size");
      const { FieldToMatch, TextTransformations } = Statement.RegexMatchStatement;
      rule(templates, "server", "body-size").Statement = {
        SizeConstraintStatement: { FieldToMatch, TextTransformations, ComparisonOperator: "GT", Size: 7 },
      };
    },
  },
];
