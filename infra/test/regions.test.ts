import { expect, test } from "vitest";
import { memoryOf, memoryProblem } from "../lib/server/task-size.ts";
import { parseEcrImage } from "../lib/server/image-uri.ts";
import { AWS_DOMAIN, cognitoIssuer, isCommercial, regionProblem, takesCloudFrontLogs, unsupportedZone, zonesOf, zonesProblem } from "../lib/regions.ts";
import { typesMissing } from "./cloudformation-schemas.ts";
import { all, only, synthesize } from "./templates.ts";

const subnetZones = (settings: object) =>
  all(synthesize("test", settings).server, "AWS::EC2::Subnet").map(({ Properties }) => Properties["AvailabilityZoneId"] ?? Properties["AvailabilityZone"]);

test("the usual zones of a region are none that it cannot use", () => {
  for (const region of ["ap-northeast-1", "ca-central-1", "us-east-1", "us-west-1"]) {
    const usual = zonesOf(region, undefined);
    expect(usual).toHaveLength(2);
    expect(zonesProblem(region, usual)).toBeUndefined();
    expect(zonesProblem(region, [usual![0]!, unsupportedZone(region)!])).toContain(unsupportedZone(region));
  }
});

test("subnets are in the zones of the settings, else in the usual ones, else in those that CloudFormation finds first", () => {
  expect(subnetZones({ server: { zones: ["euw1-az2", "euw1-az3"] } })).toEqual(["euw1-az2", "euw1-az3", "euw1-az2", "euw1-az3"]);
  expect(subnetZones({ region: "us-east-1" })).toEqual(["use1-az1", "use1-az2", "use1-az1", "use1-az2"]);
  expect(subnetZones({})).toEqual([0, 1, 0, 1].map((index) => ({ "Fn::Select": [index, { "Fn::GetAZs": "" }] })));
});

test("a region of the commercial partition with VPC origins is a home, also one that an account opts in to", () => {
  for (const region of ["eu-west-1", "us-east-1", "eu-south-1", "me-central-1"]) expect(regionProblem(region)).toBeUndefined();
  expect([takesCloudFrontLogs("eu-west-1"), takesCloudFrontLogs("eu-south-1")]).toEqual([true, false]);
});

/** A region of each other partition, and what CloudFormation's list says that it lacks. */
test.each([
  ["us-gov-west-1", ["AWS::CloudFront::Distribution", "AWS::CloudFront::VpcOrigin"]],
  ["us-gov-east-1", ["AWS::CloudFront::Distribution", "AWS::CloudFront::VpcOrigin"]],
  ["cn-north-1", ["AWS::CloudFront::VpcOrigin", "AWS::Cognito::UserPool"]],
  ["cn-northwest-1", ["AWS::CloudFront::VpcOrigin", "AWS::Cognito::UserPool"]],
  // What is missing there is us-east-1.
  ["eusc-de-east-1", []],
])("%s is refused by the name of its partition, and lacks what is said", (region, missing) => {
  expect(regionProblem(region)).toMatch(new RegExp(`^${region} is in (AWS GovCloud \\(US\\)|the China partition|the AWS European Sovereign Cloud), which has`));
  expect(isCommercial(region)).toBe(false);
  expect(typesMissing(region, ["AWS::CloudFront::Distribution", "AWS::CloudFront::VpcOrigin", "AWS::Cognito::UserPool"])).toEqual(missing);
});

test("a region that no deployment can have, but that is in the commercial partition, is told apart", () => {
  expect(regionProblem("mx-central-1")).toContain("no VPC origins");
  expect(isCommercial("mx-central-1")).toBe(true);
});

test("names of AWS's services have the commercial partition's domain, in each region that a deployment may have", () => {
  expect(cognitoIssuer("eu-south-1", "eu-south-1_Example")).toBe("https://cognito-idp.eu-south-1.amazonaws.com/eu-south-1_Example");
  const { server, security, global, watch } = synthesize("test", { region: "eu-south-1" });
  const names = JSON.stringify([server, security, global, watch]).match(/amazonaws\.(?!global)[a-z.]*[a-z]/g) ?? [];
  expect(new Set(names)).toEqual(new Set([AWS_DOMAIN]));
  expect(parseEcrImage("123456789012.dkr.ecr.eu-west-1.amazonaws.com/o:1")?.region).toBe("eu-west-1");
  expect(parseEcrImage("123456789012.dkr.ecr.eusc-de-east-1.amazonaws.eu/o:1")).toBeUndefined();
});

test("CloudFront writes no logs where they would not arrive", () => {
  const { server } = synthesize("test", { region: "eu-south-1" });
  expect(only(server, "AWS::CloudFront::Distribution").Properties["DistributionConfig"].Logging).toBeUndefined();
  expect(only(server, "AWS::S3::Bucket").Properties["BucketName"]).toBe("edgeward-test-123456789012-alb-logs");
});

test("a task has the least memory that Fargate has for its cpu, unless the settings say more", () => {
  for (const cpu of [256, 512, 1024, 2048] as const) {
    expect(memoryProblem({ cpu })).toBeUndefined();
    expect(memoryProblem({ cpu, memoryMiB: memoryOf({ cpu }) - 256 })).toContain("choose one of");
  }
  expect(memoryOf({ cpu: 256, memoryMiB: 2048 })).toBe(2048);
});
