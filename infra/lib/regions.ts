// What AWS's regions differ in, as far as the stacks need to know.

/** Regions with VPC origins that every account has enabled. */
const ENABLED_BY_DEFAULT = [
  "ap-northeast-1",
  "ap-northeast-2",
  "ap-northeast-3",
  "ap-south-1",
  "ap-southeast-1",
  "ap-southeast-2",
  "ca-central-1",
  "eu-central-1",
  "eu-north-1",
  "eu-west-1",
  "eu-west-2",
  "eu-west-3",
  "sa-east-1",
  "us-east-1",
  "us-east-2",
  "us-west-1",
  "us-west-2",
];
/** Those that an account opts in to. */
const OPT_IN = [
  "af-south-1",
  "ap-east-1",
  "ap-south-2",
  "ap-southeast-3",
  "ap-southeast-4",
  "ca-west-1",
  "eu-central-2",
  "eu-south-1",
  "eu-south-2",
  "il-central-1",
  "me-central-1",
  "me-south-1",
];
/**
 * Regions whose VPCs CloudFront reaches through VPC origins ("Restrict access with VPC origins: Supported AWS Regions",
 * https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html). Cognito user pools
 * exist in all of them.
 */
const VPC_ORIGIN_REGIONS = [...ENABLED_BY_DEFAULT, ...OPT_IN].toSorted();

/**
 * Partitions of AWS other than the commercial one: how their regions' names begin, and why the stacks do not work there. What they
 * lack is in CloudFormation's lists of resource types, which cfn-lint ships: `test/regions.test.ts` compares.
 */
const OTHER_PARTITIONS: readonly [start: RegExp, name: string, why: string][] = [
  [/^us-gov-/, "AWS GovCloud (US)", "has no CloudFront"],
  [/^cn-/, "the China partition", "has no Cognito user pools and no VPC origins of CloudFront"],
  [
    /^eusc-/,
    "the AWS European Sovereign Cloud",
    "has accounts and a CloudFront of its own, and no us-east-1, in which the stacks put the firewall and the certificates of CloudFront",
  ],
  [/^(?:us|eu)-iso[a-z]?-/, "an isolated partition", "has no connection to the edge"],
];

const otherPartitionOf = (region: string) => OTHER_PARTITIONS.find(([start]) => start.test(region));

/** Whether a region is in the commercial partition, `aws`. */
export const isCommercial = (region: string) => otherPartitionOf(region) === undefined;

/** Why a deployment cannot have its home in a region; nothing if it can. */
export function regionProblem(region: string): string | undefined {
  const [, partition, why] = otherPartitionOf(region) ?? [];
  if (partition) return `${region} is in ${partition}, which ${why}; choose a region of the commercial partition, such as eu-central-1`;
  if (VPC_ORIGIN_REGIONS.includes(region)) return undefined;
  return `CloudFront has no VPC origins in ${region}; choose one of ${VPC_ORIGIN_REGIONS.join(", ")}`;
}

/**
 * Whether CloudFront delivers standard logs (legacy) to buckets of a region: it does not in regions that an account opts in
 * to (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logging-legacy-s3.html).
 */
export const takesCloudFrontLogs = (region: string) => ENABLED_BY_DEFAULT.includes(region);

/** The domain of AWS's services in the commercial partition: `amazonaws.com.cn` and `amazonaws.eu` are those of others. */
export const AWS_DOMAIN = "amazonaws.com";

/** The issuer of a user pool, in the form that a new pool has. */
export const cognitoIssuer = (region: string, userPoolId: string) => `https://cognito-idp.${region}.${AWS_DOMAIN}/${userPoolId}`;

interface Zones {
  /** Ids of zones that cannot hold a VPC origin, by the same documentation. */
  readonly unsupported: string;
  /** Two that can and that accounts of any age have: by default the deployment is in these. */
  readonly usual: readonly [string, string];
}

const ZONES: Readonly<Record<string, Zones>> = {
  "ap-northeast-1": { unsupported: "apne1-az3", usual: ["apne1-az1", "apne1-az4"] },
  "ca-central-1": { unsupported: "cac1-az3", usual: ["cac1-az1", "cac1-az2"] },
  "us-east-1": { unsupported: "use1-az3", usual: ["use1-az1", "use1-az2"] },
  "us-west-1": { unsupported: "usw1-az2", usual: ["usw1-az1", "usw1-az3"] },
};

/** The zone of a region, by its id, that cannot hold a VPC origin. */
export const unsupportedZone = (region: string) => ZONES[region]?.unsupported;

/**
 * Ids of the zones that a deployment is in: those of its settings, else known good ones where a region has a zone that cannot
 * hold a VPC origin. Elsewhere nothing: CloudFormation takes the first two. Ids name the same zone in every account; names do
 * not. The choice depends on the settings only, because a subnet in another zone is another subnet.
 */
export function zonesOf(region: string, zones: readonly string[] | undefined): readonly string[] | undefined {
  return zones ?? ZONES[region]?.usual;
}

/** Why a deployment cannot be in these zones of a region; nothing if it can. */
export function zonesProblem(region: string, zones: readonly string[] | undefined): string | undefined {
  const unsupported = unsupportedZone(region);
  if (!zones) return undefined;
  if (new Set(zones).size < zones.length) return "must be different zones: a load balancer needs two";
  if (unsupported && zones.includes(unsupported)) return `CloudFront's VPC origins do not support ${unsupported}; choose another zone of ${region}`;
  return undefined;
}
