import { RemovalPolicy, Stack, type IResource } from "aws-cdk-lib";
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from "aws-cdk-lib/aws-wafv2";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { IDENTITY_HEADER, ORIGIN_SECRET_HEADER } from "../names.ts";
import type { FirewallRule } from "../settings.ts";

export interface WebAclProps {
  readonly name: string;
  /** In front of CloudFront (then the stack is in us-east-1) or of something regional. */
  readonly scope: "CLOUDFRONT" | "REGIONAL";
  /** Log group; the name must begin with `aws-waf-logs-`. */
  readonly logGroupName: string;
  /** Requests of one address in five minutes. */
  readonly requestsPerAddress: number;
  /** Rules that only count. */
  readonly count: readonly FirewallRule[];
  /**
   * Values of the origin's secret header, one of which a request must have.
   * @default no header is demanded
   */
  readonly secrets?: readonly string[];
}

/**
 * MCP messages hold documents and images: up to 10 MB is let through. WAF looks into the first kilobytes of a body only,
 * and compares the length of a header field, not its number, so what counts is how many digits `Content-Length` has.
 */
const MAX_LENGTH_DIGITS = 7;

/**
 * A firewall. Every rule looks at every request, whatever its path: there is no rule that lets a request through before
 * the others have seen it.
 */
export class WebAcl extends Construct {
  readonly arn: string;
  readonly metricName: string;
  private readonly acl: CfnWebACL;
  private readonly count: ReadonlySet<FirewallRule>;
  private priority = 0;

  constructor(scope: Construct, id: string, props: WebAclProps) {
    super(scope, id);
    this.count = new Set(props.count);
    this.metricName = props.name;
    const rules = [
      ...(props.secrets ? [this.demandSecret(props.secrets)] : []),
      this.rate(props.requestsPerAddress),
      this.managed("ip-reputation", "AWSManagedRulesAmazonIpReputationList"),
      this.managed("known-bad-inputs", "AWSManagedRulesKnownBadInputsRuleSet"),
      // MCP's bodies are larger than the 8 KB that this group takes for suspicious; the next rule is theirs.
      this.managed("common", "AWSManagedRulesCommonRuleSet", ["SizeRestrictions_BODY"]),
      this.bodySize(),
    ];
    this.acl = new CfnWebACL(this, "Acl", {
      name: props.name,
      scope: props.scope,
      defaultAction: { allow: {} },
      visibilityConfig: visible(props.name),
      rules,
    });
    this.arn = this.acl.attrArn;

    const logs = new LogGroup(this, "Logs", {
      logGroupName: props.logGroupName,
      retention: RetentionDays.THREE_MONTHS,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    new CfnLoggingConfiguration(this, "Logging", {
      resourceArn: this.arn,
      // Without the `:*` that the group's own ARN ends in.
      logDestinationConfigs: [
        Stack.of(this).formatArn({ service: "logs", resource: `log-group:${props.logGroupName}` }),
      ],
      redactedFields: ["authorization", "cookie", IDENTITY_HEADER, ORIGIN_SECRET_HEADER].map((name) => ({
        singleHeader: { Name: name },
      })),
    }).node.addDependency(logs);
  }

  /** Puts something regional behind it. */
  protect(id: string, resourceArn: string): void {
    new CfnWebACLAssociation(this, id, { resourceArn, webAclArn: this.arn });
  }

  /** Makes CloudFormation change its rules only when the other has changed. */
  changeAfter(other: IResource): void {
    this.acl.node.addDependency(other);
  }

  private managed(rule: FirewallRule, group: string, counted: readonly string[] = []): CfnWebACL.RuleProperty {
    return {
      name: rule,
      priority: this.priority++,
      overrideAction: this.count.has(rule) ? { count: {} } : { none: {} },
      statement: {
        managedRuleGroupStatement: {
          vendorName: "AWS",
          name: group,
          ruleActionOverrides: counted.map((name) => ({ name, actionToUse: { count: {} } })),
        },
      },
      visibilityConfig: visible(rule),
    };
  }

  private own(rule: FirewallRule, statement: CfnWebACL.StatementProperty): CfnWebACL.RuleProperty {
    return {
      name: rule,
      priority: this.priority++,
      action: this.count.has(rule) ? { count: {} } : { block: {} },
      statement,
      visibilityConfig: visible(rule),
    };
  }

  private rate(limit: number): CfnWebACL.RuleProperty {
    return this.own("rate", { rateBasedStatement: { limit, evaluationWindowSec: 300, aggregateKeyType: "IP" } });
  }

  private bodySize(): CfnWebACL.RuleProperty {
    return this.own("body-size", {
      sizeConstraintStatement: {
        fieldToMatch: { singleHeader: { Name: "content-length" } },
        comparisonOperator: "GT",
        size: MAX_LENGTH_DIGITS,
        textTransformations: [{ priority: 0, type: "NONE" }],
      },
    });
  }

  /** Blocks whoever does not know one of the values: everyone but CloudFront. */
  private demandSecret(secrets: readonly string[]): CfnWebACL.RuleProperty {
    const has = (value: string): CfnWebACL.StatementProperty => ({
      byteMatchStatement: {
        fieldToMatch: { singleHeader: { Name: ORIGIN_SECRET_HEADER } },
        positionalConstraint: "EXACTLY",
        searchString: value,
        textTransformations: [{ priority: 0, type: "NONE" }],
      },
    });
    const [first, ...others] = secrets.map(has);
    if (!first) throw new Error("a secret header needs a value");
    const known = others.length === 0 ? first : { orStatement: { statements: [first, ...others] } };
    return {
      name: "origin-secret",
      priority: this.priority++,
      action: { block: {} },
      statement: { notStatement: { statement: known } },
      visibilityConfig: visible("origin-secret"),
    };
  }
}

function visible(metricName: string): CfnWebACL.VisibilityConfigProperty {
  return { cloudWatchMetricsEnabled: true, sampledRequestsEnabled: false, metricName };
}
