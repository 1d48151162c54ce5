// Metrics of CloudWatch that AWS publishes, as far as alarms and dashboards here may name them.

/** Some metrics of one namespace. */
export interface Published {
  readonly namespace: string;
  readonly names: readonly string[];
  /** The sets of dimensions that AWS publishes them with: CloudWatch finds a metric by all of its dimensions only. */
  readonly dimensions: readonly (readonly string[])[];
  /** The only statistics that are meaningful. @default any */
  readonly statistics?: readonly string[];
  /** AWS publishes a value once in so many seconds. A shorter period of an alarm is empty most of the time. */
  readonly seconds: number;
  /** Where AWS documents them. */
  readonly source: string;
}

/** CloudWatch publishes these in us-east-1 only, wherever the distribution's origin is. */
export const GLOBAL_NAMESPACE = "AWS/CloudFront";

/**
 * Categories of requests that Cognito has quotas for: values of the dimension `Resource` in AWS/Usage.
 *
 * https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#category_operations
 */
export const COGNITO_CATEGORIES = [
  "UserAuthentication",
  "UserCreation",
  "UserFederation",
  "UserAccountRecovery",
  "UserRead",
  "UserUpdate",
  "UserToken",
  "UserResourceRead",
  "UserResourceUpdate",
  "UserList",
  "UserPoolRead",
  "UserPoolUpdate",
  "UserPoolResourceRead",
  "UserPoolResourceUpdate",
  "UserPoolClientRead",
  "UserPoolClientUpdate",
  "ClientAuthentication",
];

export const PUBLISHED: readonly Published[] = [
  {
    namespace: "AWS/Cognito",
    names: ["SignUpSuccesses", "SignUpThrottles", "SignInSuccesses", "SignInThrottles", "TokenRefreshSuccesses", "TokenRefreshThrottles"],
    dimensions: [["UserPool", "UserPoolClient"]],
    statistics: ["Sum", "SampleCount", "Average"],
    seconds: 300,
    source:
      "https://docs.aws.amazon.com/cognito/latest/developerguide/metrics-for-cognito-user-pools.html, and for the interval " +
      "https://docs.aws.amazon.com/cognito/latest/developerguide/tracking-quotas-and-usage-in-cloud-watch-and-service-quotas.html",
  },
  {
    namespace: "AWS/Cognito",
    names: ["FederationSuccesses", "FederationThrottles"],
    dimensions: [["IdentityProvider", "UserPool", "UserPoolClient"]],
    statistics: ["Sum", "SampleCount", "Average"],
    seconds: 300,
    source: "https://docs.aws.amazon.com/cognito/latest/developerguide/metrics-for-cognito-user-pools.html",
  },
  {
    namespace: "AWS/Usage",
    names: ["CallCount", "ThrottleCount"],
    dimensions: [["Class", "Resource", "Service", "Type"]],
    statistics: ["Sum"],
    seconds: 300,
    source: "https://docs.aws.amazon.com/cognito/latest/developerguide/metrics-for-cognito-user-pools.html",
  },
  {
    namespace: "AWS/WAFV2",
    names: ["AllowedRequests", "BlockedRequests", "CountedRequests"],
    dimensions: [
      ["Region", "Rule", "WebACL"],
      ["Rule", "WebACL"],
    ],
    statistics: ["Sum"],
    seconds: 60,
    source: "https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html",
  },
  {
    namespace: GLOBAL_NAMESPACE,
    names: ["4xxErrorRate", "5xxErrorRate", "TotalErrorRate"],
    dimensions: [["DistributionId", "Region"]],
    statistics: ["Average"],
    seconds: 60,
    source: "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html",
  },
  {
    namespace: GLOBAL_NAMESPACE,
    names: ["Requests", "BytesDownloaded", "BytesUploaded"],
    dimensions: [["DistributionId", "Region"]],
    statistics: ["Sum"],
    seconds: 60,
    source: "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html",
  },
  {
    namespace: "AWS/ApplicationELB",
    names: ["HTTPCode_ELB_5XX_Count", "HTTPCode_ELB_502_Count", "HTTPCode_ELB_503_Count", "HTTPCode_ELB_504_Count", "RejectedConnectionCount"],
    dimensions: [["LoadBalancer"], ["AvailabilityZone", "LoadBalancer"]],
    statistics: ["Sum"],
    seconds: 60,
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html",
  },
  {
    namespace: "AWS/ApplicationELB",
    names: ["HTTPCode_Target_4XX_Count", "HTTPCode_Target_5XX_Count", "TargetConnectionErrorCount", "RequestCount"],
    dimensions: [["LoadBalancer"], ["LoadBalancer", "TargetGroup"]],
    statistics: ["Sum"],
    seconds: 60,
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html",
  },
  {
    namespace: "AWS/ApplicationELB",
    names: ["TargetResponseTime"],
    dimensions: [["LoadBalancer"], ["LoadBalancer", "TargetGroup"]],
    seconds: 60,
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html",
  },
  {
    namespace: "AWS/ApplicationELB",
    names: ["HealthyHostCount", "UnHealthyHostCount"],
    dimensions: [["LoadBalancer", "TargetGroup"]],
    statistics: ["Average", "Minimum", "Maximum"],
    seconds: 60,
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html",
  },
  {
    // RestartCount is not among them: only containers with a restart policy have it.
    namespace: "ECS/ContainerInsights",
    names: ["DesiredTaskCount", "PendingTaskCount", "RunningTaskCount", "DeploymentCount"],
    dimensions: [["ClusterName", "ServiceName"]],
    seconds: 60,
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-metrics-ECS.html",
  },
];
