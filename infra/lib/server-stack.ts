import { CfnOutput, Duration, Fn, Stack, type StackProps } from "aws-cdk-lib";
import { StringParameter } from "aws-cdk-lib/aws-ssm";
import { HttpCodeTarget } from "aws-cdk-lib/aws-elasticloadbalancingv2";
import type { Construct } from "constructs";
import { loadBalancerRules, RESPONSES } from "./firewall/origin-rules.ts";
import { WebAcl } from "./firewall/web-acl.ts";
import { GLOBAL_REGION, Names, ORIGIN_SECRET_GENERATION, SERVER_ALIAS_TARGET } from "./names.ts";
import { writeParameter } from "./parameters/parameter.ts";
import { Replicas } from "./parameters/replica.ts";
import { Distribution } from "./server/distribution.ts";
import { LoadBalancer } from "./server/load-balancer.ts";
import { Network } from "./server/network.ts";
import { OriginSecret } from "./server/origin-secret.ts";
import { Service } from "./server/service.ts";
import { zonesOf } from "./regions.ts";
import type { Settings } from "./settings.ts";
import { missingTasks, perMinute, Watch } from "./watch/watch.ts";

/** The MCP server: CloudFront, firewall, load balancer and tasks, and what origin and edge are told of them. */
export class ServerStack extends Stack {
  constructor(scope: Construct, id: string, settings: Settings, props: StackProps = {}) {
    super(scope, id, { ...props, env: { account: settings.account, region: settings.region } });
    const names = new Names(settings);
    const { server } = settings;
    const zones = zonesOf(settings.region, server.zones);
    const { vpc, internetGateway } = new Network(this, "Network", { names, outbound: server.outbound, zones });
    const service = new Service(this, "Origin", { settings, names, vpc });
    const retain = settings.userPool.retain;
    const loadBalancer = new LoadBalancer(this, "LoadBalancer", { names, vpc, service, tls: server.tls, retain });
    service.scaleBy(loadBalancer.targetGroup);

    const secret = new OriginSecret(this, "OriginSecret", { names, generation: server.originSecretGeneration });
    const firewall = new WebAcl(this, "Firewall", {
      name: names.of("alb"),
      scope: "REGIONAL",
      logGroupName: names.firewallLogs("alb"),
      rules: loadBalancerRules(settings, secret.accepted),
      responses: RESPONSES,
    });
    firewall.protect("LoadBalancer", loadBalancer.balancer.loadBalancerArn);

    const { distribution, domainName } = new Distribution(this, "CloudFront", {
      names,
      balancer: loadBalancer.balancer,
      internetGateway,
      firewallArn: StringParameter.valueForStringParameter(this, names.stackParameter("firewall-arn")),
      secret: secret.sent,
      tls: server.tls,
      domain: server.domain,
      retain,
    });
    // When the secret changes, CloudFront sends the new one before the old one is refused.
    firewall.changeAfter(distribution);

    const originUrl = `https://${domainName}`;
    const host = server.tls?.name ?? loadBalancer.balancer.loadBalancerDnsName;
    const told = [
      writeParameter(this, names.originParameter("audience"), originUrl, "What the edge calls the origin"),
      writeParameter(this, names.originParameter("allowed-hosts"), host, "Values of Host that the origin answers to"),
      writeParameter(this, names.originParameter("weather-url"), server.weatherUrl, "Weather service"),
    ];
    service.restartFor({ issuer: settings.publicUrl, audience: originUrl, "allowed-hosts": host, "weather-url": server.weatherUrl });
    // A task that starts without them would refuse to.
    service.service.node.addDependency(...told);
    writeParameter(this, names.edgeParameter("origin-url"), originUrl, "Where the edge forwards to");
    writeParameter(this, names.edgeParameter("origin-audience"), originUrl, "What the edge calls the origin");
    writeParameter(this, names.stackParameter("distribution-domain"), domainName, "CloudFront in front of the origin");
    const idParameter = names.stackParameter("distribution-id");
    writeParameter(this, idParameter, distribution.distributionId, "CloudFront's distribution");
    if (settings.region !== GLOBAL_REGION) {
      const replicas = new Replicas(this, "Replicas", { functionName: names.of("server-replicas"), region: GLOBAL_REGION });
      replicas.add("DistributionId", idParameter, distribution.distributionId);
    }
    new CfnOutput(this, "OriginUrl", { value: originUrl });
    // After an update that failed, CloudFormation still says the generation from before.
    new CfnOutput(this, ORIGIN_SECRET_GENERATION, { value: String(server.originSecretGeneration) });
    if (server.domain) new CfnOutput(this, SERVER_ALIAS_TARGET, { value: distribution.distributionDomainName });

    this.watch(settings, names, loadBalancer, service);
  }

  /** Two zones of whichever region this is, without asking it at synthesis. */
  override get availabilityZones(): string[] {
    return [0, 1].map((index) => Fn.select(index, Fn.getAzs()));
  }

  private watch(settings: Settings, names: Names, { balancer, targetGroup }: LoadBalancer, service: Service) {
    const watch = new Watch(this, "Watch", { names, part: "origin", email: settings.alarmEmail });
    const period = Duration.minutes(1);
    watch.alarm("origin-5xx", {
      metric: targetGroup.metrics.httpCodeTarget(HttpCodeTarget.TARGET_5XX_COUNT, { period, statistic: "Sum" }),
      threshold: 5,
      meaning: "The origin answers with errors of its own. See its log group.",
    });
    watch.alarm("alb-5xx", {
      metric: perMinute("AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", { LoadBalancer: balancer.loadBalancerFullName }),
      threshold: 5,
      meaning: "The load balancer finds no healthy task. See the service's events.",
    });
    watch.alarm("origin-latency", {
      metric: targetGroup.metrics.targetResponseTime({ period, statistic: "p99" }),
      threshold: 5,
      meaning: "One request in a hundred waits five seconds for the first byte.",
    });
    watch.alarm("origin-tasks-missing", {
      metric: missingTasks({ ClusterName: service.cluster.clusterName, ServiceName: service.service.serviceName }),
      threshold: 1,
      // A task that scaling adds is missing for a minute or two while it starts; a deployment keeps the old ones until then.
      periods: 5,
      breaching: 3,
      meaning: "Fewer tasks of the origin run than should: they stop, or do not start. See the stopped tasks' reasons.",
    });
    watch.alarm("origin-unhealthy", {
      metric: targetGroup.metrics.unhealthyHostCount({ period, statistic: "Maximum" }),
      threshold: 1,
      periods: 5,
      meaning: "A task of the origin does not answer its health check.",
    });
    watch.alarm("alb-blocked", {
      metric: perMinute("AWS/WAFV2", "BlockedRequests", { WebACL: names.of("alb"), Region: this.region, Rule: "ALL" }),
      threshold: 100,
      meaning: "The load balancer's firewall blocks many requests. CloudFront may send an old secret.",
    });
  }
}
