import { describe, expect, test } from "vitest";
import { advise } from "../../lib/deploy/causes.ts";

describe("a reason of AWS's", () => {
  test.each([
    ["Domain already associated with another user pool. (Service: CognitoIdentityProvider)", "userPool.domainPrefix"],
    ["Unable to fetch parameters [/cdk-bootstrap/hnb659fds/version] from parameter store", "BOOTSTRAP=yes"],
    ["exec /edgeward-origin: exec format error", "server.architecture"],
    ["CannotPullContainerError: image Manifest does not contain descriptor matching platform 'linux/arm64'", "server.architecture"],
    ["CannotPullContainerError: pull access denied, repository does not exist or may require authorization", "server.image"],
    ["Error occurred during operation 'ECS Deployment Circuit Breaker was triggered'.", "their reasons are below"],
    ["Resource of type 'AWS::ECS::Service' did not stabilize", "their reasons are below"],
    ["The maximum number of addresses has been reached. (Service: Ec2, Status Code: 400)", "Elastic IPs"],
    ["The maximum number of VPCs has been reached.", "VPCs per Region"],
    ["LimitExceededException: too many parameters", "Service Quotas"],
    ["Your account must be verified before you can add or update CloudFront resources.", "AWS Support"],
    ["edgeward-prod-123456789012-alb-logs already exists (Service: S3) bucket edgeward already exists", "aws s3 rb"],
    ["BucketAlreadyOwnedByYou", "aws s3 rb"],
    ["You can't create this secret because a secret with this name is already scheduled for deletion.", "originSecretGeneration"],
    ["edgeward-prod-alb already exists in stack arn:aws:cloudformation", "rename the deployment"],
    ["Stack [x] cannot be deleted while TerminationProtection is enabled", "update-termination-protection"],
    ["User: arn:aws:sts::1:assumed-role/x is not authorized to perform: ec2:CreateVpc", "permission"],
    ["The specified SSL certificate doesn't exist", "certificate must be issued"],
  ])("%s comes with what to do", (reason, advice) => expect(advise(reason)).toContain(advice));

  test("that is not known comes without", () => expect(advise("Internal failure")).toBeUndefined());
});
