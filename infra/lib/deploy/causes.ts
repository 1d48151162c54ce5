// Reasons that AWS gives for failures, and what to do about them.

interface Cause {
  readonly pattern: RegExp;
  readonly advice: string;
}

/** The first that matches counts. */
const CAUSES: readonly Cause[] = [
  {
    pattern: /Domain already associated with another user pool/i,
    advice: "somebody has that prefix for login pages, perhaps another account: set userPool.domainPrefix to another one",
  },
  {
    pattern: /\/cdk-bootstrap\/|toolkit stack must be deployed|has not been bootstrapped/i,
    advice: "the CDK is not bootstrapped there: deploy with BOOTSTRAP=yes",
  },
  {
    pattern: /exec format error|Manifest does not contain descriptor matching platform/i,
    advice: "the image is for another architecture: set server.architecture to the image's, or push an image for this one",
  },
  {
    pattern: /CannotPullContainer/i,
    advice:
      "the image cannot be pulled: compare server.image with the registry's names, and if tasks reach no registry outside AWS " +
      '(server.outbound "endpoints"), put the image into ECR in the same region',
  },
  {
    pattern: /circuit breaker|did not stabilize|Exceeded attempts to wait/i,
    advice: "the tasks do not stay up: their reasons are below; the origin's log group says more, as long as it is there",
  },
  {
    pattern: /service[- ]linked role/i,
    advice: "AWS makes that role at the first use of a service, and it was not ready: deploy again",
  },
  {
    pattern: /AddressLimitExceeded|maximum number of addresses/i,
    advice:
      'no elastic address is left for the NAT gateways: ask for more in Service Quotas (EC2-VPC Elastic IPs), release some, or ' +
      'set server.outbound to "endpoints"',
  },
  {
    pattern: /VpcLimitExceeded|maximum number of VPCs/i,
    advice: "no VPC is left in this region: ask for more in Service Quotas (VPCs per Region), or delete one",
  },
  {
    pattern: /must be verified before you can add (?:or|new)|account .{0,40}not been verified|account must be verified/i,
    advice: "AWS has not verified this account for CloudFront: open a case with AWS Support, which is free, and deploy again",
  },
  {
    pattern: /LimitExceeded|quota|maximum number of/i,
    advice: "a quota of the account is used up: ask for more in Service Quotas, or delete what is not needed",
  },
  {
    pattern: /bucket.{0,80}already exists|BucketAlready(?:Exists|OwnedByYou)/i,
    advice: "the bucket is left from an earlier deployment: keep its logs elsewhere, then `aws s3 rb s3://BUCKET --force`",
  },
  {
    pattern: /bucket you tried to delete is not empty/i,
    advice: "logs are still in the bucket: `aws s3 rb s3://BUCKET --force`, and do this again",
  },
  {
    pattern: /scheduled for deletion/i,
    advice: "a secret of that name is being deleted: raise server.originSecretGeneration by one",
  },
  {
    pattern: /already exists/i,
    advice: "something of that name is there, from an earlier deployment or somebody else: delete it, or rename the deployment",
  },
  {
    pattern: /TerminationProtection/i,
    advice:
      "the stack is protected: `aws cloudformation update-termination-protection --no-enable-termination-protection " +
      "--stack-name STACK --region REGION`",
  },
  {
    pattern: /deletion protection/i,
    advice: "it is protected from deletion: switch that off for the user pool or the load balancer in the console, and go on",
  },
  {
    pattern: /not authorized|AccessDenied|Access Denied|UnauthorizedOperation/i,
    advice:
      "a permission is missing, of your own or of the CDK's roles; where an organization's policy denies it, its administrator " +
      "must allow it. Bootstrapping anew mends the CDK's roles",
  },
  {
    pattern: /certificate/i,
    advice: "the certificate must be issued, cover the name, and be in the region that the settings' message names",
  },
];

/** What to do about a reason, if it is a known one. */
export function advise(reason: string): string | undefined {
  return CAUSES.find(({ pattern }) => pattern.test(reason))?.advice;
}
