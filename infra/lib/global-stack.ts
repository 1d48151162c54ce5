import { Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { cloudFrontRules, RESPONSES } from "./firewall/origin-rules.ts";
import { WebAcl } from "./firewall/web-acl.ts";
import { GLOBAL_REGION, Names } from "./names.ts";
import { writeParameter } from "./parameters/parameter.ts";
import { Replicas } from "./parameters/replica.ts";
import type { Settings } from "./settings.ts";

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
      rules: cloudFrontRules(settings),
      responses: RESPONSES,
    });
    const name = names.stackParameter("firewall-arn");
    writeParameter(this, name, firewall.arn, "Firewall of CloudFront");
    if (settings.region !== GLOBAL_REGION) {
      const replicas = new Replicas(this, "Replicas", { functionName: names.of("replicas"), region: settings.region });
      replicas.add("FirewallArn", name, firewall.arn);
    }
  }
}
