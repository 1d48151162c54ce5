import { all, type Templates } from "../../templates.ts";
import { entries, first, homeRegion, refersTo } from "../find.ts";
import type { Rule } from "../rule.ts";

const ATTRIBUTES = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html";
const ACCESS_LOGS = "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/enable-access-logging.html";

const balancers = ({ server }: Templates) => entries(server, "AWS::ElasticLoadBalancingV2::LoadBalancer");
const targetGroups = ({ server }: Templates) => entries(server, "AWS::ElasticLoadBalancingV2::TargetGroup");
const attribute = (properties: Record<string, any>, key: string) =>
  properties["LoadBalancerAttributes"]?.find(({ Key }: any) => Key === key);
const balancer = (t: Templates) => first(balancers(t))[1].Properties;

/** Buckets that load balancers write access logs to. */
const logBuckets = (t: Templates) =>
  entries(t.server, "AWS::S3::Bucket").filter(([id]) =>
    balancers(t).some(([, { Properties }]) => refersTo(attribute(Properties, "access_logs.s3.bucket")?.Value, id)),
  );

/** How long CloudFront waits for the load balancer, and keeps a connection that nothing goes over. */
function cloudFrontSeconds({ server }: Templates): number {
  const origins = all(server, "AWS::CloudFront::Distribution").flatMap(({ Properties }) => Properties["DistributionConfig"].Origins);
  return Math.max(...origins.flatMap(({ VpcOriginConfig: { OriginReadTimeout = 30, OriginKeepaliveTimeout = 5 } = {} }: any) => [OriginReadTimeout, OriginKeepaliveTimeout]));
}

/** Regions in which the load balancer writes its logs as an account of its own; in newer ones it is a service. */
const LOGS_AS_ACCOUNT = [
  "us-east-1", "us-east-2", "us-west-1", "us-west-2", "af-south-1", "ap-east-1", "ap-southeast-3", "ap-south-1", "ap-northeast-3",
  "ap-northeast-2", "ap-southeast-1", "ap-southeast-2", "ap-northeast-1", "ca-central-1", "eu-central-1", "eu-west-1", "eu-west-2",
  "eu-south-1", "eu-west-3", "eu-north-1", "me-south-1", "sa-east-1",
];
const LOG_SERVICE = "logdelivery.elasticloadbalancing.amazonaws.com";

/** Who may write to a bucket, by its policy. */
const writers = ({ server }: Templates, bucket: string): any[] =>
  all(server, "AWS::S3::BucketPolicy")
    .filter(({ Properties }) => refersTo(Properties["Bucket"], bucket))
    .flatMap(({ Properties }) => Properties["PolicyDocument"].Statement)
    .filter(({ Effect, Action }: any) => Effect === "Allow" && [Action].flat().includes("s3:PutObject"));

const isLogger = (region: string, { Principal }: any) =>
  LOGS_AS_ACCOUNT.includes(region) ? JSON.stringify(Principal?.AWS ?? "").includes(":iam::") : Principal?.Service === LOG_SERVICE;

export const LOAD_BALANCER_RULES: readonly Rule[] = [
  {
    name: "the load balancer keeps a silent connection for longer than CloudFront waits, and for 4,000 seconds at the most",
    source: `${ATTRIBUTES}#connection-idle-timeout`,
    broken: (t) =>
      balancers(t).flatMap(([id, { Properties }]) => {
        const seconds = Number(attribute(Properties, "idle_timeout.timeout_seconds")?.Value ?? 60);
        return seconds > cloudFrontSeconds(t) && seconds <= 4000 ? [] : [`${id}: gives up after ${seconds} s, and CloudFront waits ${cloudFrontSeconds(t)} s`];
      }),
    mutate: (t) => void (attribute(balancer(t), "idle_timeout.timeout_seconds").Value = "60"),
  },
  {
    name: "a bucket for a load balancer's logs is encrypted with S3's own keys",
    source: `${ACCESS_LOGS}: SSE-S3 is the only encryption that access logs support`,
    broken: (t) =>
      logBuckets(t).flatMap(([id, { Properties }]) => {
        const rules: any[] = Properties["BucketEncryption"]?.ServerSideEncryptionConfiguration ?? [];
        return rules.every(({ ServerSideEncryptionByDefault: { SSEAlgorithm } }) => SSEAlgorithm === "AES256") ? [] : [`${id}: has another key`];
      }),
    mutate: (t) => {
      const [rule] = first(logBuckets(t))[1].Properties["BucketEncryption"].ServerSideEncryptionConfiguration;
      rule.ServerSideEncryptionByDefault.SSEAlgorithm = "aws:kms";
    },
  },
  {
    name: "a load balancer writes its logs as an account in regions before August 2022, and as a service in later ones",
    source: `${ACCESS_LOGS}: bucket policy`,
    broken: (t) =>
      logBuckets(t).flatMap(([id]) =>
        writers(t, id).some((statement) => isLogger(homeRegion(t), statement)) ? [] : [`${id}: its policy does not let ${homeRegion(t)}'s load balancers write`],
      ),
    settings: { region: "eu-south-2" },
    mutate: (t) => {
      for (const [id] of logBuckets(t)) {
        for (const statement of writers(t, id)) if (isLogger("eu-south-2", statement)) statement.Principal = { AWS: "arn:aws:iam::156460612806:root" };
      }
    },
  },
  {
    name: "a health check gives up before the next begins",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/target-group-health-checks.html: interval 5-300, time-out 2-120, thresholds 2-10",
    broken: (t) =>
      targetGroups(t).flatMap(([id, { Properties }]) => {
        const { HealthCheckIntervalSeconds: interval = 30, HealthCheckTimeoutSeconds: timeout = 5, HealthyThresholdCount: healthy = 5, UnhealthyThresholdCount: unhealthy = 2 } = Properties;
        const good = interval >= 5 && interval <= 300 && timeout >= 2 && timeout < interval && [healthy, unhealthy].every((count) => count >= 2 && count <= 10);
        return good ? [] : [`${id}: every ${interval} s for ${timeout} s`];
      }),
    mutate: (t) => void (first(targetGroups(t))[1].Properties["HealthCheckTimeoutSeconds"] = 10),
  },
  {
    name: "the strictest desync mitigation mode refuses harmless requests, such as one with an empty header",
    source: `${ATTRIBUTES}#desync-mitigation-mode: strictest lets only compliant requests through, not the acceptable ones, which pose no known threat`,
    broken: (t) =>
      balancers(t).flatMap(([id, { Properties }]) => {
        const mode = attribute(Properties, "routing.http.desync_mitigation_mode")?.Value ?? "defensive";
        return mode === "strictest" ? [`${id}: is in the strictest mode`] : [];
      }),
    mutate: (t) => void (attribute(balancer(t), "routing.http.desync_mitigation_mode").Value = "strictest"),
  },
];
