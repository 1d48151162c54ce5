import { Stack } from "aws-cdk-lib";
import { Connections, type IPeer } from "aws-cdk-lib/aws-ec2";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { AwsCustomResource, AwsCustomResourcePolicy, PhysicalResourceId } from "aws-cdk-lib/custom-resources";
import { Construct } from "constructs";
import { explain } from "../explain.ts";
import { functionLogs } from "../function-logs.ts";
import type { Names } from "../names.ts";

/** The name of AWS's list of these addresses. */
export const ORIGIN_FACING = "com.amazonaws.global.cloudfront.origin-facing";

const ID = "PrefixLists.0.PrefixListId";

/**
 * The addresses from which CloudFront calls origins, VPC origins too, as a peer of security groups. Each region has its own id for the list, so
 * CloudFormation asks EC2 for it. It takes 55 of the 60 rules that a security group has.
 */
export class OriginFacing extends Construct implements IPeer {
  readonly canInlineRule = true;
  readonly uniqueId = ORIGIN_FACING;
  readonly connections = new Connections({ peer: this });
  private readonly prefixListId: string;

  constructor(scope: Construct, id: string, names: Names) {
    super(scope, id);
    const functionName = names.of("prefix-list");
    const lookup = new AwsCustomResource(this, "Lookup", {
      resourceType: "Custom::PrefixList",
      functionName,
      logGroup: functionLogs(this, "Logs", functionName),
      installLatestAwsSdk: false,
      // Made, and made again for another name: an id does not change.
      onUpdate: {
        service: "EC2",
        action: "describeManagedPrefixLists",
        parameters: { Filters: [{ Name: "prefix-list-name", Values: [ORIGIN_FACING] }] },
        physicalResourceId: PhysicalResourceId.fromResponse(ID),
        outputPaths: [ID],
      },
      policy: AwsCustomResourcePolicy.fromStatements([
        new PolicyStatement({ actions: ["ec2:DescribeManagedPrefixLists"], resources: ["*"] }),
      ]),
    });
    explain(lookup, "AwsSolutions-IAM5[Resource::*]", "ec2:DescribeManagedPrefixLists knows no resource");
    const handler = Stack.of(this).node.findChild(`AWS${AwsCustomResource.PROVIDER_FUNCTION_UUID.replaceAll("-", "")}`);
    explain(
      handler,
      "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]",
      "CDK's own function: it writes its log, and asks EC2",
    );
    this.prefixListId = lookup.getResponseField(ID);
  }

  toIngressRuleConfig() {
    return { sourcePrefixListId: this.prefixListId };
  }

  toEgressRuleConfig() {
    return { destinationPrefixListId: this.prefixListId };
  }
}
