// What AWS has only one of. CloudFormation makes a replacement before it deletes what is replaced, and what is new before it
// deletes what is gone: the two stand side by side for a while, and must differ in this.

import type { Resource } from "../templates.ts";

export interface Unique {
  /** Properties that together are there once. Missing ones are AWS's to choose, so that nothing collides. */
  readonly properties: readonly string[];
  readonly source: string;
  /** Tells apart what the properties do not. */
  readonly kind?: (properties: Record<string, any>) => string;
}

const NAMES = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-properties-name.html";
const named = (...properties: string[]): Unique => ({ properties, source: NAMES });

export const UNIQUE: Readonly<Record<string, Unique>> = {
  "AWS::CloudWatch::Alarm": named("AlarmName"),
  "AWS::CloudWatch::Dashboard": named("DashboardName"),
  "AWS::ECS::Cluster": named("ClusterName"),
  "AWS::ECS::Service": named("Cluster", "ServiceName"),
  "AWS::ElasticLoadBalancingV2::LoadBalancer": named("Name"),
  "AWS::ElasticLoadBalancingV2::TargetGroup": named("Name"),
  "AWS::EC2::SecurityGroup": named("VpcId", "GroupName"),
  "AWS::IAM::Role": named("RoleName"),
  "AWS::IAM::Policy": named("PolicyName", "Roles"),
  "AWS::Lambda::Function": named("FunctionName"),
  "AWS::Logs::LogGroup": named("LogGroupName"),
  "AWS::S3::Bucket": named("BucketName"),
  "AWS::SNS::Topic": named("TopicName"),
  "AWS::SSM::Parameter": named("Name"),
  "AWS::SecretsManager::Secret": named("Name"),
  "AWS::WAFv2::WebACL": named("Name", "Scope"),
  "AWS::ApplicationAutoScaling::ScalingPolicy": named("PolicyName", "ScalingTargetId"),
  "AWS::ApplicationAutoScaling::ScalableTarget": {
    properties: ["ServiceNamespace", "ResourceId", "ScalableDimension"],
    source: "https://docs.aws.amazon.com/autoscaling/application/APIReference/API_RegisterScalableTarget.html",
  },
  "AWS::CloudFront::VpcOrigin": {
    properties: ["VpcOriginEndpointConfig.Name"],
    source: "botocore cloudfront 2020-05-31 CreateVpcOrigin: EntityAlreadyExists",
  },
  "AWS::Cognito::ManagedLoginBranding": {
    properties: ["UserPoolId", "ClientId"],
    source: "botocore cognito-idp 2016-04-18 CreateManagedLoginBranding: ManagedLoginBrandingExistsException",
  },
  // A pool has one domain of Cognito's and one of its own.
  "AWS::Cognito::UserPoolDomain": {
    properties: ["UserPoolId"],
    kind: ({ CustomDomainConfig }) => (CustomDomainConfig ? "custom" : "prefix"),
    source: "https://github.com/aws/aws-cdk/issues/10062",
  },
  "AWS::Cognito::UserPoolIdentityProvider": {
    properties: ["UserPoolId", "ProviderName"],
    source: "botocore cognito-idp 2016-04-18 CreateIdentityProvider: DuplicateProviderException",
  },
  "AWS::Cognito::UserPoolResourceServer": {
    properties: ["UserPoolId", "Identifier"],
    source: "https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateResourceServer.html",
  },
  "AWS::EC2::Route": {
    properties: ["RouteTableId", "DestinationCidrBlock"],
    source: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html RouteAlreadyExists",
  },
  "AWS::EC2::SecurityGroupEgress": {
    properties: ["GroupId", "IpProtocol", "FromPort", "ToPort", "DestinationSecurityGroupId"],
    source: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html InvalidPermission.Duplicate",
  },
  "AWS::EC2::SecurityGroupIngress": {
    properties: ["GroupId", "IpProtocol", "FromPort", "ToPort", "SourceSecurityGroupId"],
    source: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html InvalidPermission.Duplicate",
  },
  "AWS::EC2::Subnet": {
    properties: ["VpcId", "CidrBlock"],
    source: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html InvalidSubnet.Conflict",
  },
  "AWS::EC2::SubnetRouteTableAssociation": {
    properties: ["SubnetId"],
    source: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html Resource.AlreadyAssociated",
  },
  "AWS::EC2::VPCEndpoint": {
    properties: ["VpcId", "ServiceName"],
    source: "https://docs.aws.amazon.com/vpc/latest/privatelink/manage-dns-names.html: one private DNS name in a VPC",
  },
  "AWS::EC2::VPCGatewayAttachment": {
    properties: ["VpcId"],
    source: "https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html InternetGatewayLimitExceeded",
  },
  "AWS::ElasticLoadBalancingV2::Listener": {
    properties: ["LoadBalancerArn", "Port"],
    source: "botocore elbv2 2015-12-01 CreateListener: DuplicateListenerException",
  },
  "AWS::S3::BucketPolicy": {
    properties: ["Bucket"],
    source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-resource-s3-bucketpolicy.html",
  },
  "AWS::WAFv2::LoggingConfiguration": {
    properties: ["ResourceArn"],
    source: "https://docs.aws.amazon.com/waf/latest/APIReference/API_PutLoggingConfiguration.html",
  },
};

/** Types of which there may be two that are alike. */
export const REPEATABLE: ReadonlySet<string> = new Set([
  "AWS::CDK::Metadata",
  "AWS::CloudFront::Distribution",
  "AWS::Cognito::UserPool",
  "AWS::Cognito::UserPoolClient",
  "AWS::EC2::EIP",
  "AWS::EC2::FlowLog",
  "AWS::EC2::InternetGateway",
  "AWS::EC2::NatGateway",
  "AWS::EC2::RouteTable",
  "AWS::EC2::VPC",
  "AWS::ECS::TaskDefinition",
  "AWS::Lambda::Permission",
  // Subscribing twice and setting twice is the same as once.
  "AWS::SNS::Subscription",
  "AWS::SNS::TopicPolicy",
  "AWS::WAFv2::WebACLAssociation",
]);

/** What there can be only one of, as text; nothing where AWS would choose it, or where there may be many. */
export function keyOf({ Type, Properties = {} }: Resource): string | undefined {
  if (Type.startsWith("Custom::") || REPEATABLE.has(Type)) return undefined;
  const unique = UNIQUE[Type];
  if (!unique) throw new Error(`nothing is known of what is unique of ${Type}: add it to test/updates/unique.ts`);
  const values = unique.properties.map((path) => path.split(".").reduce<any>((value, key) => value?.[key], Properties));
  if (values.every((value) => value === undefined) || values.at(-1) === undefined) return undefined;
  return JSON.stringify([Type, unique.kind?.(Properties), ...values]);
}
