import { Duration, Stack } from "aws-cdk-lib";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { Port, SecurityGroup, type IVpc } from "aws-cdk-lib/aws-ec2";
import {
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ApplicationTargetGroup,
  DesyncMitigationMode,
  SslPolicy,
  TargetType,
} from "aws-cdk-lib/aws-elasticloadbalancingv2";
import { Construct } from "constructs";
import type { Names } from "../names.ts";
import type { Settings } from "../settings.ts";
import { READ_TIMEOUT } from "./distribution.ts";
import { LogBucket } from "./log-bucket.ts";
import { OriginFacing } from "./prefix-list.ts";
import { PORT, type Service } from "./service.ts";

export interface LoadBalancerProps {
  readonly names: Names;
  readonly vpc: IVpc;
  readonly service: Service;
  readonly tls: Settings["server"]["tls"];
  /** Whether its logs outlive it. */
  readonly retain: boolean;
}

/** The internal load balancer: only CloudFront reaches it, through a VPC origin. */
export class LoadBalancer extends Construct {
  readonly balancer: ApplicationLoadBalancer;
  readonly targetGroup: ApplicationTargetGroup;

  constructor(scope: Construct, id: string, props: LoadBalancerProps) {
    super(scope, id);
    const { names, vpc, service, tls, retain } = props;
    const port = tls ? 443 : 80;
    const securityGroup = new SecurityGroup(this, "SecurityGroup", {
      securityGroupName: names.of("balancer"),
      vpc,
      description: "The load balancer",
      allowAllOutbound: false,
    });
    // CloudFront calls from its own addresses, not from the VPC's, although a VPC origin is a network interface in it.
    // The range does not depend on `tls`: the group has no room for CloudFront's addresses twice, which a change of the rule may
    // need. Only the listener's port answers.
    securityGroup.addIngressRule(new OriginFacing(this, "OriginFacing", names), Port.tcpRange(80, 443), "VPC origin of CloudFront");
    securityGroup.addEgressRule(service.securityGroup, Port.tcp(PORT), "Tasks of the origin");
    service.securityGroup.addIngressRule(securityGroup, Port.tcp(PORT), "The load balancer");

    this.balancer = new ApplicationLoadBalancer(this, "Balancer", {
      loadBalancerName: names.of("alb"),
      vpc,
      internetFacing: false,
      securityGroup,
      dropInvalidHeaderFields: true,
      // The strictest mode also refuses harmless requests that are not quite RFC 7230, such as one with an empty header.
      desyncMitigationMode: DesyncMitigationMode.DEFENSIVE,
      deletionProtection: Stack.of(this).terminationProtection ?? false,
      // Longer than CloudFront waits for the next bytes of a stream.
      idleTimeout: Duration.seconds(READ_TIMEOUT.toSeconds() + 60),
    });
    this.balancer.logAccessLogs(new LogBucket(this, "AccessLogs", { name: names.logBucket(Stack.of(this).account, "alb"), retain }));
    this.targetGroup = new ApplicationTargetGroup(this, "Targets", {
      targetGroupName: names.of("origin"),
      vpc,
      targetType: TargetType.IP,
      protocol: ApplicationProtocol.HTTP,
      port: PORT,
      targets: [service.service],
      healthCheck: { path: "/healthz", interval: Duration.seconds(10), timeout: Duration.seconds(3), healthyThresholdCount: 2 },
      // As long as the origin lets open streams go on.
      deregistrationDelay: Duration.seconds(20),
    });
    this.balancer.addListener("Listener", {
      port,
      protocol: tls ? ApplicationProtocol.HTTPS : ApplicationProtocol.HTTP,
      ...(tls
        ? { certificates: [Certificate.fromCertificateArn(this, "Certificate", tls.certificateArn)], sslPolicy: SslPolicy.TLS13_RES }
        : {}),
      open: false,
      defaultTargetGroups: [this.targetGroup],
    });
  }
}
