// Statements: whether they match a request. Those that only stand at the top of a rule are the web ACL's.

import { field, transformed } from "./fields.ts";
import type { Request } from "./request.ts";
import { members, oneOf, text } from "./template.ts";

/**
 * Whether a statement matches.
 *
 * @throws Error when it holds anything that is not known here: a firewall must not seem right by what is not understood.
 */
export function matches(statement: any, request: Request): boolean {
  const [kind, content] = oneOf(statement, "a statement");
  switch (kind) {
    case "AndStatement":
      return members(content, ["Statements"], kind).Statements.every((inner: any) => matches(inner, request));
    case "OrStatement":
      return members(content, ["Statements"], kind).Statements.some((inner: any) => matches(inner, request));
    case "NotStatement":
      return !matches(members(content, ["Statement"], kind).Statement, request);
    case "ByteMatchStatement": {
      const { SearchString: search, PositionalConstraint: position } = members(content, [...COMPARED, "SearchString", "PositionalConstraint"], kind);
      const compare = known(POSITIONS, position, "PositionalConstraint");
      return compared(content, request, (value) => compare(value, text(search)));
    }
    case "RegexMatchStatement": {
      const { RegexString: pattern } = members(content, [...COMPARED, "RegexString"], kind);
      return compared(content, request, (value) => new RegExp(pattern).test(value));
    }
    case "SizeConstraintStatement": {
      const { ComparisonOperator: operator, Size: size } = members(content, [...COMPARED, "ComparisonOperator", "Size"], kind);
      const compare = known(OPERATORS, operator, "ComparisonOperator");
      return compared(content, request, (value) => compare(Buffer.byteLength(value), size));
    }
    default:
      throw new Error(`${kind} is not known here`);
  }
}

const COMPARED = ["FieldToMatch", "TextTransformations"];

/** "If the request does not have the component, AWS WAF evaluates it as not matching": waf-rule-statement-fields-list.html. */
function compared(content: any, request: Request, holds: (value: string) => boolean): boolean {
  const value = field(content.FieldToMatch, request);
  return value !== undefined && holds(transformed(value, content.TextTransformations));
}

function known<T>(table: Record<string, T>, name: string, what: string): T {
  const found = table[name];
  if (!found) throw new Error(`${what} ${name} is not known`);
  return found;
}

const POSITIONS: Record<string, (value: string, search: string) => boolean> = {
  EXACTLY: (value, search) => value === search,
  STARTS_WITH: (value, search) => value.startsWith(search),
  ENDS_WITH: (value, search) => value.endsWith(search),
  CONTAINS: (value, search) => value.includes(search),
};

const OPERATORS: Record<string, (size: number, limit: number) => boolean> = {
  EQ: (size, limit) => size === limit,
  GT: (size, limit) => size > limit,
  GE: (size, limit) => size >= limit,
  LT: (size, limit) => size < limit,
  LE: (size, limit) => size <= limit,
};
