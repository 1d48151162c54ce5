// Rules of the two firewalls before the origin: CloudFront's and the load balancer's.
//
// Their requests come from the edge. So an address is the edge's, which many users share, and a body or a header is what a
// user told a tool. Neither says anything of an attacker: content is counted and not judged, and addresses are judged only
// where no identity of the edge's comes along. Whether an identity is genuine is for the origin to find out.

import { IDENTITY_HEADER, MAX_BODY_BYTES, ORIGIN_SECRET_HEADER } from "../names.ts";
import type { Settings } from "../settings.ts";
import { greaterThan } from "./greater-than.ts";
import { Rules, visible, type Rule } from "./rule.ts";
import { anyOf, equals, header, matches, not, present } from "./statements.ts";

/** Answers that rules before the origin give, by key. Edge and origin say the same of a body that is too long. */
export const RESPONSES = {
  "body-too-long": JSON.stringify({
    error: "body_too_long",
    error_description: `the request body is longer than ${MAX_BODY_BYTES} bytes (${MAX_BODY_BYTES / 2 ** 20} MiB), the longest that is accepted`,
  }),
};

/**
 * Requests without an identity that an address may make in five minutes. The edge makes none; what is left is somebody who
 * has found CloudFront's name, or an operator's try.
 */
const STRANGERS_LIMIT = 300;

/**
 * Rules for known attacks that read the body. They know an attack by its text, which is also the text of a question about it
 * ("what does `${jndi:ldap://…}` do?"); Edgeward's origin runs no Java and no React.
 */
const BODY_RULES = ["JavaDeserializationRCE_BODY", "Log4JRCE_BODY", "ReactJSRCE_BODY"];

/** Rules before CloudFront, which sees the addresses of the edge and of strangers. */
export function cloudFrontRules({ firewall }: Settings): Rule[] {
  const rules = new Rules(firewall.count);
  const stranger = not(present(header(IDENTITY_HEADER)));
  return [
    rules.rate("strangers", STRANGERS_LIMIT, stranger),
    rules.rate("rate", firewall.requestsPerAddress),
    // A CDN's address does what all its customers do: the edge must not be shut out for another's deeds. The list judges the
    // last proxy (https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-ip-rep.html).
    rules.managed("ip-reputation", "AWSManagedRulesAmazonIpReputationList", { only: stranger }),
    ...contentRules(rules),
  ];
}

/** Rules before the load balancer, which sees CloudFront's addresses only, and takes only requests that show a secret. */
export function loadBalancerRules({ firewall }: Settings, secrets: readonly string[]): Rule[] {
  const rules = new Rules(firewall.count);
  return [demandSecret(secrets), rules.rate("rate", firewall.requestsPerAddress), ...contentRules(rules)];
}

function contentRules(rules: Rules): Rule[] {
  return [
    rules.managed("known-bad-inputs", "AWSManagedRulesKnownBadInputsRuleSet", { count: BODY_RULES }),
    rules.counting("common", "AWSManagedRulesCommonRuleSet"),
    // A body without a length is counted by the origin as it comes.
    rules.block("body-size", matches(header("content-length"), greaterThan(MAX_BODY_BYTES)), { status: 413, body: "body-too-long" }),
  ];
}

/** Blocks whoever does not know one of the values: everyone but CloudFront. No setting makes it count. */
function demandSecret(secrets: readonly string[]): Rule {
  const known = anyOf(secrets.map((secret) => equals(header(ORIGIN_SECRET_HEADER), secret)));
  return { name: "origin-secret", action: { block: {} }, statement: not(known), visibilityConfig: visible("origin-secret") };
}
