import { Stack, type StackProps } from "aws-cdk-lib";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import type { Construct } from "constructs";
import { GLOBAL_REGION, Names } from "./names.ts";
import type { Settings } from "./settings.ts";
import { perMinute, Watch } from "./watch/watch.ts";

/**
 * Alarms about CloudFront. Its metrics exist in us-east-1 only, and an alarm sees no other region's, so they stand there,
 * after the distribution: its id is a parameter that the server stack replicates.
 */
export class WatchStack extends Stack {
  constructor(scope: Construct, id: string, settings: Settings, props: StackProps = {}) {
    super(scope, id, { ...props, env: { account: settings.account, region: GLOBAL_REGION } });
    const names = new Names(settings);
    const watch = new Watch(this, "Watch", { names, part: "cloudfront", email: settings.alarmEmail });
    const DistributionId = StringParameter.valueForStringParameter(this, names.stackParameter("distribution-id"));
    watch.alarm("cloudfront-5xx", {
      metric: perMinute("AWS/CloudFront", "5xxErrorRate", { DistributionId, Region: "Global" }, "Average"),
      threshold: 5,
      meaning: "One request in twenty ends in an error at CloudFront.",
    });
    watch.alarm("cloudfront-blocked", {
      metric: perMinute("AWS/WAFV2", "BlockedRequests", { WebACL: names.of("cloudfront"), Rule: "ALL" }),
      threshold: 100,
      meaning: "CloudFront's firewall blocks many requests: an attack, or a rule that is wrong. See its log group.",
    });
  }
}
