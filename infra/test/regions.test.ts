import { expect, test } from "vitest";
import { memoryOf, memoryProblem } from "../lib/server/task-size.ts";
import { regionProblem, takesCloudFrontLogs, unsupportedZone, zonesOf, zonesProblem } from "../lib/regions.ts";
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
