import { RemovalPolicy, Stack, type IResource } from "aws-cdk-lib";
import { CfnLoggingConfiguration, CfnWebACL, CfnWebACLAssociation } from "aws-cdk-lib/aws-wafv2";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { IDENTITY_HEADER, ORIGIN_SECRET_HEADER } from "../names.ts";
import { visible, type Rule } from "./rule.ts";

export interface WebAclProps {
  readonly name: string;
  /** In front of CloudFront (then the stack is in us-east-1) or of something regional. */
  readonly scope: "CLOUDFRONT" | "REGIONAL";
  /** Log group; the name must begin with `aws-waf-logs-`. */
  readonly logGroupName: string;
  /** In the order in which they look at a request. None may let a request through before the others have seen it. */
  readonly rules: readonly Rule[];
  /**
   * JSON documents to answer with, by the key that rules name.
   * @default none
   */
  readonly responses?: Readonly<Record<string, string>>;
}

/** A firewall: rules, and a log of what they did. What no rule stops passes. */
export class WebAcl extends Construct {
  readonly arn: string;
  private readonly acl: CfnWebACL;

  constructor(scope: Construct, id: string, props: WebAclProps) {
    super(scope, id);
    const { responses } = props;
    this.acl = new CfnWebACL(this, "Acl", {
      name: props.name,
      scope: props.scope,
      defaultAction: { allow: {} },
      visibilityConfig: visible(props.name),
      rules: props.rules.map((rule, priority) => ({ ...rule, priority })),
      ...(responses ? { customResponseBodies: documents(responses) } : {}),
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
}

function documents(responses: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(responses).map(([key, content]) => [key, { contentType: "APPLICATION_JSON", content }]),
  );
}
