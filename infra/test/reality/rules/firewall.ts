import { managedGroup } from "../../firewall/managed/groups.ts";
import { text } from "../../firewall/template.ts";
import { only, type Templates } from "../../templates.ts";
import { capacity, placed, resources, rules, statements } from "../aws/firewalls.ts";
import type { Rule } from "../rule.ts";
import { TRAFFIC_RULES } from "./firewall-traffic.ts";

const GUIDE = "https://docs.aws.amazon.com/waf/latest/developerguide";
const API = "https://docs.aws.amazon.com/waf/latest/APIReference";
const POOL = "https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-waf.html";

const acl = (templates: Templates, stack: keyof Templates) => only(templates[stack], "AWS::WAFv2::WebACL").Properties;
const ruleOf = (templates: Templates, stack: keyof Templates, name: string) =>
  acl(templates, stack)["Rules"].find((rule: any) => rule.Name === name);
const responses = (templates: Templates) =>
  rules(templates).flatMap(({ place, acl, rule }) => {
    const custom = rule.Action?.Block?.CustomResponse;
    return custom ? [{ place, acl, custom }] : [];
  });
/** Rules of web ACLs that stand before a user pool. */
const poolRules = ({ security }: Templates) => rules({ security } as Templates);
const repeated = (values: readonly unknown[]) => values.filter((value, index) => values.indexOf(value) < index);
const isLong = (value: any) => Buffer.byteLength(text(value)) > 200;

/** A rule that no request meets, around a statement. */
const never = (Name: string, Statement: object) => ({
  Name,
  Priority: 90,
  Action: { Count: {} },
  Statement,
  VisibilityConfig: { MetricName: Name, CloudWatchMetricsEnabled: true, SampledRequestsEnabled: false },
});
const path = (SearchString: string, PositionalConstraint = "EXACTLY") => ({
  ByteMatchStatement: { FieldToMatch: { UriPath: {} }, SearchString, PositionalConstraint, TextTransformations: [{ Priority: 0, Type: "NONE" }] },
});
const NOWHERE = path("nowhere");

/** Constructs of PCRE that AWS WAF names as not supported, and those that it does not say it supports. */
const UNSUPPORTED = [
  [/(?<!\\)\((?!\?)/, "a capturing group"],
  [/\(\?(?!:)/, "a group that is more than a group"],
  [/\\[1-9gk]/, "a backreference"],
  [/\\[CRK]/, "a directive"],
  [/(?<!\\)[+*?}]\+/, "a possessive quantifier"],
  [/\(\*/, "a backtracking verb"],
] as const;

export const FIREWALL_RULES: readonly Rule[] = [
  {
    name: "a regular expression of a firewall has 200 characters at the most",
    source: `${GUIDE}/limits.html (the schema allows 512)`,
    broken: (templates) =>
      placed(templates).flatMap(({ place, content: { RegexString: pattern } }) => (pattern?.length > 200 ? [`${place}: ${pattern.length} characters`] : [])),
    mutate: (templates) => void (ruleOf(templates, "global", "body-size").Statement.RegexMatchStatement.RegexString += `|${"x".repeat(90)}`),
  },
  {
    name: "a firewall takes a part of PCRE only",
    source: `${GUIDE}/waf-regex-pattern-support.html`,
    broken: (templates) =>
      placed(templates).flatMap(({ place, content: { RegexString: pattern } }) =>
        UNSUPPORTED.flatMap(([construct, what]) => (pattern && construct.test(pattern) ? [`${place}: ${what}`] : [])),
      ),
    mutate: (templates) => {
      const { RegexMatchStatement: match } = ruleOf(templates, "server", "body-size").Statement;
      match.RegexString = match.RegexString.replace("(?:", "(");
    },
  },
  {
    name: "a firewall compares texts of 1 to 200 bytes",
    source: `${API}/API_ByteMatchStatement.html`,
    broken: (templates) =>
      placed(templates).flatMap(({ place, kind, content: { SearchString: search } }) =>
        kind === "ByteMatchStatement" && (!search || isLong(search)) ? [`${place}: ${text(search)}`] : [],
      ),
    mutate: (templates) => acl(templates, "security")["Rules"].push(never("long", path("x".repeat(201)))),
  },
  {
    name: "a firewall of more than 1,500 capacity units costs more for each request",
    source: `${GUIDE}/aws-waf-capacity-units.html https://aws.amazon.com/waf/pricing/`,
    broken: (templates) =>
      resources(templates, "AWS::WAFv2::WebACL").flatMap(({ id, properties }) => {
        const units = properties.Rules.flatMap((rule: any) => statements(rule.Statement)).map(capacity);
        const sum = units.reduce((one: number, other: number) => one + other, 0);
        return sum > 1500 ? [`${id}: ${sum} units`] : [];
      }),
    mutate: (templates) => {
      const many = Array.from({ length: 100 }, (_, index) => path(`nowhere${index}`, "CONTAINS"));
      acl(templates, "server")["Rules"].push(never("many", { OrStatement: { Statements: many } }));
    },
  },
  {
    name: "rules of a firewall have names, priorities and metrics of their own",
    source: `${API}/API_Rule.html ${API}/API_VisibilityConfig.html https://github.com/doctena-org/octorules-aws (WA022, WA101, WA500)`,
    broken: (templates) =>
      resources(templates, "AWS::WAFv2::WebACL").flatMap(({ id, properties: { Rules } }) => [
        ...repeated(Rules.map(({ Name }: any) => Name)).map((name) => `${id}: two rules are called ${name}`),
        ...repeated(Rules.map(({ Priority }: any) => Priority)).map((priority) => `${id}: two rules have the priority ${priority}`),
        ...repeated(Rules.map(({ VisibilityConfig }: any) => VisibilityConfig.MetricName)).map((name) => `${id}: two rules have the metric ${name}`),
      ]),
    mutate: (templates) => void (ruleOf(templates, "global", "rate").VisibilityConfig.MetricName = "common"),
  },
  {
    name: "AND and OR join two statements or more",
    source: `${API}/API_AndStatement.html https://github.com/KensioSoftware/yulin/issues/907 https://github.com/hashicorp/terraform-provider-aws/issues/34320`,
    broken: (templates) =>
      placed(templates).flatMap(({ place, content: { Statements } }) => (Statements?.length < 2 ? [`${place}: ${Statements.length} statements`] : [])),
    mutate: (templates) => acl(templates, "server")["Rules"].push(never("alone", { OrStatement: { Statements: [NOWHERE] } })),
  },
  {
    name: "rates and managed groups stand in no other statement",
    source: `${API}/API_RateBasedStatement.html ${API}/API_ManagedRuleGroupStatement.html`,
    broken: (templates) =>
      placed(templates).flatMap(({ place, kind, nested }) =>
        nested && ["RateBasedStatement", "ManagedRuleGroupStatement"].includes(kind) ? [`${place}: ${kind} is nested`] : [],
      ),
    mutate: (templates) => {
      const rate = { RateBasedStatement: { Limit: 100, AggregateKeyType: "IP" } };
      acl(templates, "global")["Rules"].push(never("nested", { AndStatement: { Statements: [NOWHERE, rate] } }));
    },
  },
  {
    name: "a rule has an action, or an override if it is a group's",
    source: `${API}/API_Rule.html`,
    broken: (templates) =>
      rules(templates).flatMap(({ place, rule }) => {
        const wanted = rule.Statement.ManagedRuleGroupStatement ? "OverrideAction" : "Action";
        const given = ["Action", "OverrideAction"].filter((name) => rule[name] !== undefined);
        return given.join() === wanted ? [] : [`${place}: ${given.join(" and ") || "neither"}`];
      }),
    mutate: (templates) => void (ruleOf(templates, "security", "rate").OverrideAction = { None: {} }),
  },
  {
    name: "a managed group's override names a rule that the group has",
    source: `${GUIDE}/aws-managed-rule-groups-baseline.html ${GUIDE}/aws-managed-rule-groups-ip-rep.html`,
    broken: (templates) =>
      placed(templates).flatMap(({ place, content: { Name: group, RuleActionOverrides: overrides = [] } }) =>
        overrides.flatMap(({ Name: name }: any) => (managedGroup(group).rules.some((rule) => rule.name === name) ? [] : [`${place}: ${name}`])),
      ),
    mutate: (templates) => {
      const { ManagedRuleGroupStatement: group } = ruleOf(templates, "global", "ip-reputation").Statement;
      group.RuleActionOverrides = [{ Name: "AWSManagedIPReputation", ActionToUse: { Count: {} } }];
    },
  },
  {
    name: "a firewall's own answer has a status that AWS WAF supports",
    source: `${GUIDE}/customizing-the-response-status-codes.html`,
    broken: (templates) =>
      responses(templates).flatMap(({ place, custom }) => (STATUSES.includes(custom.ResponseCode) ? [] : [`${place}: ${custom.ResponseCode}`])),
    mutate: (templates) => void (ruleOf(templates, "global", "strangers").Action.Block.CustomResponse = { ResponseCode: 418 }),
  },
  {
    name: "a firewall's own answer has a body that its web ACL has",
    source: `${API}/API_CustomResponse.html`,
    broken: (templates) =>
      responses(templates).flatMap(({ place, acl, custom: { CustomResponseBodyKey: key } }) =>
        key && !acl.CustomResponseBodies?.[key] ? [`${place}: ${key}`] : [],
      ),
    mutate: (templates) =>
      void (ruleOf(templates, "global", "strangers").Action.Block.CustomResponse = { ResponseCode: 403, CustomResponseBodyKey: "go-away" }),
  },
  {
    name: "a body of a firewall's own answers has 4 KB at the most, and all have 50 KB",
    source: `${GUIDE}/limits.html (the schema allows 10 KB)`,
    broken: (templates) =>
      resources(templates, "AWS::WAFv2::WebACL").flatMap(({ id, properties: { CustomResponseBodies: bodies = {} } }) => {
        const sizes = Object.entries(bodies).map(([key, { Content }]: any) => [key, Buffer.byteLength(Content)] as const);
        const all = sizes.reduce((sum, [, size]) => sum + size, 0);
        const large = sizes.filter(([, size]) => size > 4096).map(([key, size]) => `${id}: ${key} has ${size} bytes`);
        return all > 50 * 1024 ? [...large, `${id}: ${all} bytes`] : large;
      }),
    mutate: (templates) => void (Object.values<any>(acl(templates, "server")["CustomResponseBodies"])[0].Content += " ".repeat(4096)),
  },
  {
    name: "a firewall logs to a group called aws-waf-logs-…, by its ARN without :*",
    source: `${GUIDE}/logging-cw-logs.html https://github.com/pulumi/pulumi-aws/issues/1214`,
    broken: (templates) =>
      resources(templates, "AWS::WAFv2::LoggingConfiguration").flatMap(({ id, properties }) =>
        properties.LogDestinationConfigs.map(text).flatMap((arn: string) =>
          /:log-group:aws-waf-logs-[A-Za-z0-9_/.#-]+$/.test(arn) ? [] : [`${id}: ${arn}`],
        ),
      ),
    mutate: ({ global }) => {
      const { Properties } = only(global, "AWS::WAFv2::LoggingConfiguration");
      Properties["LogDestinationConfigs"] = [{ "Fn::Join": ["", [...Properties["LogDestinationConfigs"], ":*"]] }];
    },
  },
  {
    name: "AWS WAF names header fields in lower case, so that any other spelling is drift",
    source: "https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/wafv2_web_acl_logging_configuration",
    broken: (templates) =>
      resources(templates, "AWS::WAFv2::LoggingConfiguration").flatMap(({ id, properties: { RedactedFields = [] } }) =>
        RedactedFields.flatMap(({ SingleHeader: { Name: name } = {} as any }: any) => (name && name !== name.toLowerCase() ? [`${id}: ${name}`] : [])),
      ),
    mutate: ({ server }) => void (only(server, "AWS::WAFv2::LoggingConfiguration").Properties["RedactedFields"][0].SingleHeader.Name = "Authorization"),
  },
  {
    name: "a user pool takes no web ACL with fraud control",
    source: `${POOL} (ATP); the same groups inspect the bodies of sign-ins and sign-ups, which a pool does not show`,
    broken: (templates) =>
      poolRules(templates).flatMap(({ place, rule }) =>
        /^AWSManagedRulesA(?:TP|CFP)RuleSet$/.test(rule.Statement.ManagedRuleGroupStatement?.Name) ? [place] : [],
      ),
    mutate: (templates) => void (ruleOf(templates, "security", "ip-reputation").Statement = { ManagedRuleGroupStatement: ATP }),
  },
  {
    name: "a CAPTCHA before a user pool breaks the registration of a second factor",
    source: `${POOL} https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html#totp-waf`,
    broken: (templates) =>
      poolRules(templates).flatMap(({ place, rule }) => {
        const overrides = rule.Statement.ManagedRuleGroupStatement?.RuleActionOverrides ?? [];
        const actions = [rule.Action, ...overrides.map(({ ActionToUse }: any) => ActionToUse)];
        return actions.some((action) => action?.Captcha || action?.Challenge) ? [place] : [];
      }),
    mutate: (templates) => void (ruleOf(templates, "security", "rate").Action = { Captcha: {} }),
  },
  {
    name: "a user pool's API passes on statuses of 400 to 499 only",
    source: POOL,
    broken: ({ security }) =>
      responses({ security } as Templates).flatMap(({ place, custom: { ResponseCode: status } }) =>
        status < 400 || status > 499 ? [`${place}: ${status}`] : [],
      ),
    mutate: (templates) => void (ruleOf(templates, "security", "rate").Action = { Block: { CustomResponse: { ResponseCode: 503 } } }),
  },
  ...TRAFFIC_RULES,
];

const ATP = { VendorName: "AWS", Name: "AWSManagedRulesATPRuleSet", ScopeDownStatement: NOWHERE };

const STATUSES = [
  ...[200, 201, 202, 204, 206, 300, 301, 302, 303, 304, 307, 308],
  ...[400, 401, 403, 404, 405, 408, 409, 411, 412, 413, 414, 415, 416, 421, 429],
  ...[500, 501, 502, 503, 504, 505],
];
