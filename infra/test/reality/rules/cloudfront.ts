import { fingerprint } from "../../../lib/server/vpc-origin.ts";
import { takesCloudFrontLogs } from "../../../lib/regions.ts";
import { all, only, type Templates } from "../../templates.ts";
import { dependsOn, entries, first, homeRegion, refersTo } from "../find.ts";
import type { Rule } from "../rule.ts";

const VPC_ORIGINS = "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html";

const vpcOrigins = ({ server }: Templates) => entries(server, "AWS::CloudFront::VpcOrigin");
const vpcOrigin = (t: Templates) => first(vpcOrigins(t))[1];
const distributions = ({ server }: Templates) => entries(server, "AWS::CloudFront::Distribution");
const config = (t: Templates) => only(t.server, "AWS::CloudFront::Distribution").Properties["DistributionConfig"];

/** Buckets that CloudFront's standard logs (legacy) go to. */
const logBuckets = (t: Templates) =>
  entries(t.server, "AWS::S3::Bucket").filter(([id]) =>
    distributions(t).some(([, { Properties }]) => refersTo(Properties["DistributionConfig"].Logging?.Bucket, id)),
  );

/** Statuses that CloudFront keeps and that can be configured. It keeps no 416. */
const KEPT = [400, 403, 404, 405, 414, 500, 501, 502, 503, 504];

export const CLOUDFRONT_RULES: readonly Rule[] = [
  {
    name: "CloudFront refuses to change a VPC origin in place, so its name and logical id come from what it is made of",
    source: `https://github.com/hashicorp/terraform-provider-aws/issues/40905 and ${VPC_ORIGINS}: CannotUpdateEntityWhileInUse, status 409`,
    broken: (t) =>
      vpcOrigins(t).flatMap(([id, { Properties }]) => {
        const endpoint = Properties["VpcOriginEndpointConfig"];
        const version = fingerprint(endpoint);
        return id.includes(version) && `${endpoint.Name}`.endsWith(`-${version}`) ? [] : [`${id}: ${endpoint.Name} may have been made of something else`];
      }),
    mutate: (t) => void (vpcOrigin(t).Properties["VpcOriginEndpointConfig"].OriginProtocolPolicy = "https-only"),
  },
  {
    name: "CloudFront refuses to change the tags of a VPC origin, so it has none",
    source: "https://github.com/aws/aws-cdk/issues/35765",
    broken: (t) => vpcOrigins(t).flatMap(([id, { Properties }]) => (Properties["Tags"] ? [`${id}: has tags`] : [])),
    mutate: (t) => void (vpcOrigin(t).Properties["Tags"] = [{ Key: "edgeward:deployment", Value: "test" }]),
  },
  {
    name: "a VPC origin needs the VPC's internet gateway to be attached",
    source: `${VPC_ORIGINS}: prerequisites`,
    broken: (t) => {
      const attachments = entries(t.server, "AWS::EC2::VPCGatewayAttachment").filter(([, { Properties }]) => Properties["InternetGatewayId"]);
      return vpcOrigins(t).flatMap(([id, resource]) =>
        attachments.some(([attachment]) => dependsOn(resource).includes(attachment)) ? [] : [`${id}: does not wait for an internet gateway`],
      );
    },
    mutate: (t) => void delete vpcOrigin(t).DependsOn,
  },
  {
    name: "CloudFront keeps errors for ten seconds whatever the cache policy says, unless each has a time of its own",
    source:
      "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/HTTPStatusCodes.html and " +
      "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/custom-error-pages-expiration.html",
    broken: (t) =>
      distributions(t).flatMap(([id, { Properties }]) => {
        const responses: any[] = Properties["DistributionConfig"].CustomErrorResponses ?? [];
        const forgotten = KEPT.filter((status) => !responses.some(({ ErrorCode, ErrorCachingMinTTL }) => ErrorCode === status && ErrorCachingMinTTL === 0));
        return forgotten.map((status) => `${id}: keeps ${status} for everybody`);
      }),
    mutate: (t) => void config(t).CustomErrorResponses.pop(),
  },
  {
    name: "CloudFront waits for an origin 120 seconds at the most, and keeps a connection as long",
    source: "https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_VpcOriginConfig.html: OriginReadTimeout, OriginKeepaliveTimeout",
    broken: (t) =>
      distributions(t).flatMap(([id, { Properties }]) =>
        Properties["DistributionConfig"].Origins.flatMap(({ VpcOriginConfig, CustomOriginConfig }: any) => {
          const { OriginReadTimeout = 30, OriginKeepaliveTimeout = 5 } = VpcOriginConfig ?? CustomOriginConfig ?? {};
          return Math.max(OriginReadTimeout, OriginKeepaliveTimeout) > 120 ? [`${id}: waits for ${OriginReadTimeout} s, keeps for ${OriginKeepaliveTimeout} s`] : [];
        }),
      ),
    mutate: (t) => void (config(t).Origins[0].VpcOriginConfig.OriginKeepaliveTimeout = 150),
  },
  {
    name: "CloudFront delivers standard logs (legacy) to no bucket in a region that an account opts in to",
    source: "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html",
    broken: (t) =>
      takesCloudFrontLogs(homeRegion(t))
        ? []
        : distributions(t).flatMap(([id, { Properties }]) => (Properties["DistributionConfig"].Logging ? [`${id}: logs to ${homeRegion(t)}`] : [])),
    settings: { region: "eu-south-1" },
    mutate: (t) => void (config(t).Logging = { Bucket: "logs.s3.eu-south-1.amazonaws.com" }),
  },
  {
    name: "a bucket for CloudFront's standard logs (legacy) lets the writer set access-control lists",
    source: "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html: permissions",
    broken: (t) =>
      logBuckets(t).flatMap(([id, { Properties }]) => {
        const rules: any[] = Properties["OwnershipControls"]?.Rules ?? [];
        return rules.some(({ ObjectOwnership }) => ObjectOwnership !== "BucketOwnerEnforced") ? [] : [`${id}: takes no access-control lists`];
      }),
    mutate: (t) => void (first(logBuckets(t))[1].Properties["OwnershipControls"].Rules[0].ObjectOwnership = "BucketOwnerEnforced"),
  },
  {
    name: "CloudFront takes certificates of us-east-1 only",
    source: "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cnames-and-https-requirements.html",
    broken: (t) =>
      distributions(t).flatMap(([id, { Properties }]) => {
        const arn: unknown = Properties["DistributionConfig"].ViewerCertificate?.AcmCertificateArn;
        return typeof arn === "string" && !arn.startsWith("arn:aws:acm:us-east-1:") ? [`${id}: ${arn}`] : [];
      }),
    settings: { server: { domain: { name: "origin.example.com", certificateArn: "arn:aws:acm:us-east-1:123456789012:certificate/1" } } },
    mutate: (t) => void (config(t).ViewerCertificate.AcmCertificateArn = "arn:aws:acm:eu-west-1:123456789012:certificate/1"),
  },
  {
    name: "the load balancer drops headers whose names have other characters than letters, digits and hyphens",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html: drop_invalid_header_fields",
    broken: (t) => {
      const drops = all(t.server, "AWS::ElasticLoadBalancingV2::LoadBalancer").some(({ Properties }) =>
        Properties["LoadBalancerAttributes"].some(({ Key, Value }: any) => Key === "routing.http.drop_invalid_header_fields.enabled" && Value === "true"),
      );
      if (!drops) return [];
      return distributions(t).flatMap(([id, { Properties }]) =>
        Properties["DistributionConfig"].Origins.flatMap(({ OriginCustomHeaders = [] }: any) =>
          OriginCustomHeaders.flatMap(({ HeaderName }: any) => (/^[-A-Za-z0-9]+$/.test(HeaderName) ? [] : [`${id}: ${HeaderName}`])),
        ),
      );
    },
    mutate: (t) => void config(t).Origins[0].OriginCustomHeaders.push({ HeaderName: "x_origin", HeaderValue: "1" }),
  },
];
