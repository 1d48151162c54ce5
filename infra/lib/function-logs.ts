import { RemovalPolicy } from "aws-cdk-lib";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import type { Construct } from "constructs";

/**
 * A log group for a function, deleted with its stack. For a function without one, Lambda makes a group that nobody deletes.
 *
 * @param functionName The group has this name, too.
 */
export function functionLogs(scope: Construct, id: string, functionName: string): LogGroup {
  return new LogGroup(scope, id, {
    logGroupName: `/aws/lambda/${functionName}`,
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  });
}
