// Web ACLs of templates, and what AWS WAF counts in them.

import { managedGroup } from "../../firewall/managed/groups.ts";
import { oneOf } from "../../firewall/template.ts";
import type { Templates } from "../../templates.ts";

/** The resources of a type, with their logical ids, in all stacks. */
export const resources = (templates: Templates, type: string) =>
  Object.values(templates).flatMap(({ Resources }) =>
    Object.entries(Resources).flatMap(([id, { Type, Properties }]: [string, any]) => (Type === type ? [{ id, properties: Properties }] : [])),
  );

/** Every rule of every web ACL. `place` names both. */
export const rules = (templates: Templates): { place: string; acl: any; rule: any }[] =>
  resources(templates, "AWS::WAFv2::WebACL").flatMap(({ id, properties: acl }) =>
    acl.Rules.map((rule: any) => ({ place: `${id}: ${rule.Name}`, acl, rule })),
  );

/** A statement, and those in it. */
export interface Placed {
  readonly kind: string;
  readonly content: any;
  /** Whether it stands within another. */
  readonly nested: boolean;
}

export function statements(statement: any, nested = false): Placed[] {
  const [kind, content] = oneOf(statement, "a statement");
  const within = [content.Statements ?? [], content.Statement ?? [], content.ScopeDownStatement ?? []].flat();
  return [{ kind, content, nested }, ...within.flatMap((inner) => statements(inner, true))];
}

/** Every statement of every rule. */
export const placed = (templates: Templates) =>
  rules(templates).flatMap(({ place, rule }) => statements(rule.Statement).map((one) => ({ place, ...one })));

/**
 * Web ACL capacity units of a statement, without those within it.
 *
 * https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statements-match.html and the pages it leads to. The
 * transformation `NONE` costs nothing, every other 10.
 */
export function capacity({ kind, content }: Placed): number {
  const transformations = (content.TextTransformations ?? []).filter(({ Type }: any) => Type !== "NONE").length * 10;
  switch (kind) {
    case "AndStatement":
    case "OrStatement":
    case "NotStatement":
      return 0;
    case "ByteMatchStatement":
      return (/^CONTAINS/.test(content.PositionalConstraint) ? 10 : 2) + transformations;
    case "RegexMatchStatement":
      return 3 + transformations;
    case "SizeConstraintStatement":
      return 1 + transformations;
    case "RateBasedStatement":
      return 2 + 30 * (content.CustomKeys?.length ?? 0);
    case "ManagedRuleGroupStatement":
      return FRAUD_CONTROL[content.Name] ?? managedGroup(content.Name).capacity;
    default:
      throw new Error(`nobody here knows what ${kind} costs`);
  }
}

/** https://docs.aws.amazon.com/waf/latest/developerguide/aws-managed-rule-groups-atp.html and …-acfp.html */
const FRAUD_CONTROL: Record<string, number> = { AWSManagedRulesATPRuleSet: 50, AWSManagedRulesACFPRuleSet: 50 };
