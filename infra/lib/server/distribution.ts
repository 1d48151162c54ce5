import { Duration, Stack } from "aws-cdk-lib";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import {
  AllowedMethods,
  CachePolicy,
  Distribution as CloudFrontDistribution,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  OriginSslPolicy,
  PriceClass,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from "aws-cdk-lib/aws-cloudfront";
import { VpcOrigin } from "aws-cdk-lib/aws-cloudfront-origins";
import type { IApplicationLoadBalancer } from "aws-cdk-lib/aws-elasticloadbalancingv2";
import { Construct } from "constructs";
import { ORIGIN_SECRET_HEADER, type Names } from "../names.ts";
import { explain } from "../explain.ts";
import type { Settings } from "../settings.ts";
import { LogBucket } from "./log-bucket.ts";

export interface DistributionProps {
  readonly names: Names;
  readonly balancer: IApplicationLoadBalancer;
  readonly firewallArn: string;
  /** What CloudFront shows the load balancer's firewall. */
  readonly secret: string;
  readonly tls: Settings["server"]["tls"];
  readonly domain: Settings["server"]["domain"];
  /** Whether its logs outlive it. */
  readonly retain: boolean;
}

/**
 * CloudFront in front of the load balancer. Nothing is cached and nothing of a request is left out: MCP's answers are for
 * one user each. `Host` alone is the load balancer's, so it is what the origin must answer to.
 */
export class Distribution extends Construct {
  readonly distribution: CloudFrontDistribution;
  /** Public host name. */
  readonly domainName: string;

  constructor(scope: Construct, id: string, props: DistributionProps) {
    super(scope, id);
    const { names, balancer, tls, domain } = props;
    this.distribution = new CloudFrontDistribution(this, "Distribution", {
      comment: names.of("origin"),
      webAclId: props.firewallArn,
      httpVersion: HttpVersion.HTTP2_AND_3,
      priceClass: PriceClass.PRICE_CLASS_ALL,
      logBucket: new LogBucket(this, "AccessLogs", {
        name: names.logBucket(Stack.of(this).account, "cdn"),
        retain: props.retain,
        accessControlLists: true,
      }),
      ...(domain
        ? {
            minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
            domainNames: [domain.name],
            certificate: Certificate.fromCertificateArn(this, "Certificate", domain.certificateArn),
          }
        : {}),
      defaultBehavior: {
        origin: VpcOrigin.withApplicationLoadBalancer(balancer, {
          ...(tls ? { domainName: tls.name } : {}),
          vpcOriginName: names.of("alb"),
          protocolPolicy: tls ? OriginProtocolPolicy.HTTPS_ONLY : OriginProtocolPolicy.HTTP_ONLY,
          originSslProtocols: [OriginSslPolicy.TLS_V1_2],
          // The most that needs no quota increase; a stream that is silent for longer must send a comment.
          readTimeout: Duration.seconds(60),
          keepaliveTimeout: Duration.seconds(60),
          connectionAttempts: 3,
          connectionTimeout: Duration.seconds(5),
          customHeaders: { [ORIGIN_SECRET_HEADER]: props.secret },
        }),
        allowedMethods: AllowedMethods.ALLOW_ALL,
        cachePolicy: CachePolicy.CACHING_DISABLED,
        originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
        // Compressing would hold a stream's events back.
        compress: false,
      },
    });
    explain(this.distribution, "AwsSolutions-CFR1", "Its viewers are the edge's machines, wherever they are; users meet the edge");
    if (!domain) {
      explain(
        this.distribution,
        "AwsSolutions-CFR4",
        "With CloudFront's own domain name the versions of TLS are CloudFront's; the edge, its one viewer, speaks 1.3. `server.domain` demands 1.2",
      );
    }
    this.domainName = domain?.name ?? this.distribution.distributionDomainName;
  }
}
