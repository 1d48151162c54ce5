// Evaluates a web ACL of a synthesized template, as far as we use what AWS WAF can do.

import { inspect, type Inspected, type Request, type Resource } from "./request.ts";
import { managedGroup } from "./managed/groups.ts";
import { matches } from "./statement.ts";
import { members, oneOf } from "./template.ts";

/** What becomes of a request. */
export type Verdict =
  | { readonly action: "allow"; readonly counted: readonly string[] }
  | { readonly action: "block"; readonly counted: readonly string[]; readonly rule: string; readonly status: number; readonly body?: string };

type Effect = "Allow" | "Block" | "Count";

/** A web ACL, and what it has counted within one window of its rate-based rules. */
export class Firewall {
  private readonly requests = new Map<string, number>();

  /** @param acl `Properties` of an `AWS::WAFv2::WebACL` */
  constructor(
    private readonly acl: any,
    private readonly resource: Resource,
  ) {}

  /**
   * The verdict on the last of `times` requests that are alike.
   *
   * @throws Error when the web ACL holds anything that is not known here.
   */
  evaluate(request: Request, times = 1): Verdict {
    const counted: string[] = [];
    const inspected = inspect(request, this.resource);
    const inOrder = this.acl.Rules.toSorted((one: any, other: any) => one.Priority - other.Priority);
    for (const rule of inOrder) {
      members(rule, ["Name", "Priority", "Action", "OverrideAction", "Statement", "VisibilityConfig"], "a rule");
      const [kind, content] = oneOf(rule.Statement, "a statement");
      if (kind === "ManagedRuleGroupStatement") {
        const stopping = this.managed(rule, content, inspected, counted);
        if (stopping) return { action: "block", counted, rule: stopping, status: 403 };
        continue;
      }
      const hit = kind === "RateBasedStatement" ? this.exceeds(rule.Name, content, request, times) : matches(rule.Statement, request);
      if (!hit) continue;
      const [effect, options] = this.action(rule.Action);
      if (effect === "Allow") return { action: "allow", counted };
      if (effect === "Block") return { action: "block", counted, rule: rule.Name, ...this.response(options) };
      counted.push(rule.Name);
    }
    const [byDefault] = oneOf(this.acl.DefaultAction, "DefaultAction");
    if (byDefault === "Allow") return { action: "allow", counted };
    throw new Error(`the default action ${byDefault} is not known`);
  }

  /** Counts requests, and tells whether they are too many. A request that an earlier rule has stopped does not come here. */
  private exceeds(name: string, content: any, request: Request, times: number): boolean {
    members(content, ["Limit", "EvaluationWindowSec", "AggregateKeyType", "ScopeDownStatement"], "RateBasedStatement");
    if (content.AggregateKeyType !== "IP") throw new Error(`AggregateKeyType ${content.AggregateKeyType} is not known`);
    if (content.ScopeDownStatement && !matches(content.ScopeDownStatement, request)) return false;
    const key = `${name} ${request.address}`;
    const seen = (this.requests.get(key) ?? 0) + times;
    this.requests.set(key, seen);
    return seen > content.Limit;
  }

  /** The rule of a managed group that stops a request, if one does. */
  private managed(rule: any, content: any, inspected: Inspected, counted: string[]): string | undefined {
    members(content, ["VendorName", "Name", "RuleActionOverrides", "ScopeDownStatement"], "ManagedRuleGroupStatement");
    if (content.ScopeDownStatement && !matches(content.ScopeDownStatement, inspected.request)) return undefined;
    const { rules } = managedGroup(content.Name);
    const overrides = new Map<string, Effect>();
    for (const { Name: name, ActionToUse: action } of content.RuleActionOverrides ?? []) {
      if (!rules.some((one) => one.name === name)) throw new Error(`${content.Name} has no rule ${name}`);
      overrides.set(name, this.action(action)[0]);
    }
    const [override] = oneOf(rule.OverrideAction, "OverrideAction");
    if (override !== "None" && override !== "Count") throw new Error(`OverrideAction ${override} is not known`);
    for (const { name, action, matches } of rules) {
      if (!matches(inspected)) continue;
      const full = `${rule.Name}/${name}`;
      const effect = overrides.get(name) ?? action;
      if (effect === "Allow") throw new Error(`${full} lets requests through`);
      if (effect === "Block" && override === "None") return full;
      counted.push(full);
      // The group ends where a rule of it would stop the request; only that this stops the request is overridden.
      if (effect === "Block") return undefined;
    }
    return undefined;
  }

  private action(action: any): [Effect, any] {
    const [effect, options] = oneOf(action, "an action");
    if (effect !== "Allow" && effect !== "Block" && effect !== "Count") throw new Error(`the action ${effect} is not known`);
    return [effect, options];
  }

  private response(options: any): { status: number; body?: string } {
    const { CustomResponse: custom } = members(options, ["CustomResponse"], "Block");
    if (!custom) return { status: 403 };
    members(custom, ["ResponseCode", "CustomResponseBodyKey"], "CustomResponse");
    if (!custom.CustomResponseBodyKey) return { status: custom.ResponseCode };
    const body = this.acl.CustomResponseBodies?.[custom.CustomResponseBodyKey];
    if (!body) throw new Error(`there is no body ${custom.CustomResponseBodyKey}`);
    return { status: custom.ResponseCode, body: body.Content };
  }
}
