import { Duration, Stack } from "aws-cdk-lib";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import {
  AllowedMethods,
  CachePolicy,
  Distribution as CloudFrontDistribution,
  HttpVersion,
  OriginRequestPolicy,
  PriceClass,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from "aws-cdk-lib/aws-cloudfront";
import { VpcOrigin } from "aws-cdk-lib/aws-cloudfront-origins";
import type { CfnVPCGatewayAttachment } from "aws-cdk-lib/aws-ec2";
import type { IApplicationLoadBalancer } from "aws-cdk-lib/aws-elasticloadbalancingv2";
import { Construct } from "constructs";
import { ORIGIN_SECRET_HEADER, type Names } from "../names.ts";
import { explain } from "../explain.ts";
import { takesCloudFrontLogs } from "../regions.ts";
import type { Settings } from "../settings.ts";
import { LogBucket } from "./log-bucket.ts";
import { vpcOrigin } from "./vpc-origin.ts";

export interface DistributionProps {
  readonly names: Names;
  readonly balancer: IApplicationLoadBalancer;
  readonly internetGateway: CfnVPCGatewayAttachment;
  readonly firewallArn: string;
  /** What CloudFront shows the load balancer's firewall. */
  readonly secret: string;
  readonly tls: Settings["server"]["tls"];
  readonly domain: Settings["server"]["domain"];
  /** Whether its logs outlive it. */
  readonly retain: boolean;
}

/** How long CloudFront waits for the origin's next bytes. */
export const READ_TIMEOUT = Duration.seconds(120);

/**
 * CloudFront caches the origin's errors for ten seconds, whatever the cache policy says, and for everybody: one user's 404
 * would be the next user's. These are the statuses whose time can be set, without 416, which CloudFront does not cache
 * (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html).
 */
const CACHED_ERRORS = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504];

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
    const { names, balancer, internetGateway, tls, domain } = props;
    const { account, region } = Stack.of(this);
    const logs = takesCloudFrontLogs(region);
    this.distribution = new CloudFrontDistribution(this, "Distribution", {
      comment: names.of("origin"),
      webAclId: props.firewallArn,
      httpVersion: HttpVersion.HTTP2_AND_3,
      priceClass: PriceClass.PRICE_CLASS_ALL,
      ...(logs && {
        logBucket: new LogBucket(this, "AccessLogs", {
          name: names.logBucket(account, "cdn"),
          retain: props.retain,
          accessControlLists: true,
        }),
      }),
      ...(domain
        ? {
            minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
            domainNames: [domain.name],
            certificate: Certificate.fromCertificateArn(this, "Certificate", domain.certificateArn),
          }
        : {}),
      defaultBehavior: {
        origin: VpcOrigin.withVpcOrigin(vpcOrigin(this, { names, balancer, internetGateway, tls: tls !== undefined }), {
          domainName: tls?.name ?? balancer.loadBalancerDnsName,
          // The most that needs no quota increase; a stream that is silent for longer must send a comment.
          readTimeout: READ_TIMEOUT,
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
      errorResponses: CACHED_ERRORS.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
    });
    if (!logs) {
      explain(this.distribution, "AwsSolutions-CFR3", `CloudFront delivers no standard logs to ${region}; the load balancer's have all that reaches it`);
    }
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
