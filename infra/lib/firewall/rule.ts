// Rules of a firewall, before they have priorities.

import type { CfnWebACL } from "aws-cdk-lib/aws-wafv2";
import type { FirewallRule } from "../settings.ts";
import type { Statement } from "./statements.ts";

export type Rule = Omit<CfnWebACL.RuleProperty, "priority">;

/** What a request that a rule stops is answered: a status, and the key of a body. */
export interface Response {
  readonly status: number;
  readonly body: string;
}

export interface ManagedOptions {
  /** Its rules that only count. @default none */
  readonly count?: readonly string[];
  /** The only requests that it looks at. @default all */
  readonly only?: Statement;
}

/** Makes rules, of which those that the settings name only count. */
export class Rules {
  private readonly count: ReadonlySet<FirewallRule>;

  constructor(count: readonly FirewallRule[]) {
    this.count = new Set(count);
  }

  /** Stops the requests that a statement matches, with a 403 unless `response` says otherwise. */
  block(name: FirewallRule, statement: Statement, response?: Response): Rule {
    const customResponse = response && { responseCode: response.status, customResponseBodyKey: response.body };
    const block = customResponse ? { customResponse } : {};
    return { name, action: this.count.has(name) ? { count: {} } : { block }, statement, visibilityConfig: visible(name) };
  }

  /** Stops an address that makes more than `limit` requests in five minutes, or more than that of the kind `only`. */
  rate(name: FirewallRule, limit: number, only?: Statement): Rule {
    const scope = only && { scopeDownStatement: only };
    return this.block(name, { rateBasedStatement: { limit, evaluationWindowSec: 300, aggregateKeyType: "IP", ...scope } });
  }

  /** A group of AWS's own rules. */
  managed(name: FirewallRule, group: string, { count = [], only }: ManagedOptions = {}): Rule {
    const overrides = count.map((rule) => ({ name: rule, actionToUse: { count: {} } }));
    return {
      name,
      overrideAction: this.count.has(name) ? { count: {} } : { none: {} },
      statement: {
        managedRuleGroupStatement: {
          vendorName: "AWS",
          name: group,
          ...(overrides.length > 0 ? { ruleActionOverrides: overrides } : {}),
          ...(only ? { scopeDownStatement: only } : {}),
        },
      },
      visibilityConfig: visible(name),
    };
  }

  /** A group of AWS's own rules that only counts, also what AWS adds to it later. */
  counting(name: FirewallRule, group: string): Rule {
    return { ...this.managed(name, group), overrideAction: { count: {} } };
  }
}

export function visible(metricName: string): CfnWebACL.VisibilityConfigProperty {
  return { cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false, metricName };
}
