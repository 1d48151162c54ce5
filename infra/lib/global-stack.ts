import { Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { WebAcl } from "./firewall/web-acl.ts";
import { GLOBAL_REGION, Names } from "./names.ts";
import { writeParameter } from "./parameters/parameter.ts";
import { Replicas } from "./parameters/replica.ts";
import type { Settings } from "./settings.ts";
import { perMinute, Watch } from "./watch/watch.ts";

/**
 * The part of the Security stack that CloudFront wants in us-east-1: its firewall. Its ARN is a parameter here and, where
 * the servers run in another region, there too.
 */
export class GlobalStack extends Stack {
  constructor(scope: Construct, id: string, settings: Settings, props: StackProps = {}) {
    super(scope, id, { ...props, env: { account: settings.account, region: GLOBAL_REGION } });
    const names = new Names(settings);
    const firewall = new WebAcl(this, "Firewall", {
      name: names.of("cloudfront"),
      scope: "CLOUDFRONT",
      logGroupName: names.firewallLogs("cloudfront"),
      requestsPerAddress: settings.firewall.requestsPerAddress,
      count: settings.firewall.count,
    });
    const name = names.stackParameter("firewall-arn");
    writeParameter(this, name, firewall.arn, "Firewall of CloudFront");
    if (settings.region !== GLOBAL_REGION) {
      const replicas = new Replicas(this, "Replicas", { functionName: names.of("replicas"), region: settings.region });
      replicas.add("FirewallArn", name, firewall.arn);
    }

    const watch = new Watch(this, "Watch", { names, part: "cloudfront-firewall", email: settings.alarmEmail });
    watch.alarm("cloudfront-blocked", {
      metric: perMinute("AWS/WAFV2", "BlockedRequests", { WebACL: names.of("cloudfront"), Rule: "ALL" }),
      threshold: 100,
      meaning: "CloudFront's firewall blocks many requests: an attack, or a rule that is wrong. See its log group.",
    });
  }
}
