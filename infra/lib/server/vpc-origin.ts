import { createHash } from "node:crypto";
import { Stack } from "aws-cdk-lib";
import { OriginProtocolPolicy, OriginSslPolicy, VpcOrigin, VpcOriginEndpoint } from "aws-cdk-lib/aws-cloudfront";
import type { CfnVPCGatewayAttachment } from "aws-cdk-lib/aws-ec2";
import type { IApplicationLoadBalancer } from "aws-cdk-lib/aws-elasticloadbalancingv2";
import type { Construct } from "constructs";
import type { Names } from "../names.ts";

/** What a VPC origin is made of, in CloudFormation's words. */
export interface Endpoint {
  readonly Arn: unknown;
  readonly HTTPPort?: number;
  readonly HTTPSPort?: number;
  readonly OriginProtocolPolicy?: string;
  readonly OriginSSLProtocols?: readonly string[];
}

/** The same for the same endpoint, and another one for another. */
export function fingerprint({ Arn, HTTPPort, HTTPSPort, OriginProtocolPolicy, OriginSSLProtocols }: Endpoint): string {
  const text = JSON.stringify([Arn, HTTPPort, HTTPSPort, OriginProtocolPolicy, OriginSSLProtocols]);
  return createHash("sha256").update(text).digest("hex").slice(0, 8);
}

export interface OriginProps {
  readonly names: Names;
  readonly balancer: IApplicationLoadBalancer;
  readonly internetGateway: CfnVPCGatewayAttachment;
  /** Whether CloudFront speaks TLS to the load balancer. */
  readonly tls: boolean;
}

/**
 * The load balancer as an origin of CloudFront's.
 *
 * CloudFront refuses to change a VPC origin that a distribution uses (status 409; hashicorp/terraform-provider-aws#40905,
 * aws/aws-cdk#34629), and no two have the same name. So name and logical id come from what it is made of: CloudFormation
 * creates the new one, switches the distribution to it, and then deletes the old one.
 */
export function vpcOrigin(scope: Construct, { names, balancer, internetGateway, tls }: OriginProps): VpcOrigin {
  const endpoint = {
    Arn: Stack.of(scope).resolve(balancer.loadBalancerArn),
    HTTPPort: 80,
    HTTPSPort: 443,
    OriginProtocolPolicy: tls ? OriginProtocolPolicy.HTTPS_ONLY : OriginProtocolPolicy.HTTP_ONLY,
    OriginSSLProtocols: [OriginSslPolicy.TLS_V1_2],
  };
  const version = fingerprint(endpoint);
  const origin = new VpcOrigin(scope, `VpcOrigin${version}`, {
    vpcOriginName: names.of(`alb-${version}`),
    endpoint: VpcOriginEndpoint.applicationLoadBalancer(balancer),
    httpPort: endpoint.HTTPPort,
    httpsPort: endpoint.HTTPSPort,
    protocolPolicy: endpoint.OriginProtocolPolicy,
    originSslProtocols: endpoint.OriginSSLProtocols,
  });
  // CloudFormation does not see this dependency: the origin does not refer to the gateway.
  origin.node.addDependency(internetGateway);
  return origin;
}
