import { describe, expect, test } from "vitest";
import { entries, first } from "./reality/find.ts";
import { only, synthesize, type TemplateJson } from "./templates.ts";

const tls = { name: "alb.example.com", certificateArn: "arn:aws:acm:eu-west-1:123456789012:certificate/1" };
const [plain, encrypted] = [synthesize().server, synthesize("test", { server: { tls } }).server];

const vpcOrigin = (template: TemplateJson) => {
  const [id, { Properties }] = first(entries(template, "AWS::CloudFront::VpcOrigin"));
  return { id, name: Properties["VpcOriginEndpointConfig"].Name };
};
const labels = (template: TemplateJson) => only(template, "AWS::ECS::TaskDefinition").Properties["ContainerDefinitions"][0].DockerLabels;

describe("switching server.tls on", () => {
  test("makes another VPC origin beside the old one", () => {
    expect(vpcOrigin(encrypted).id).not.toBe(vpcOrigin(plain).id);
    expect(vpcOrigin(encrypted).name).not.toBe(vpcOrigin(plain).name);
    expect(vpcOrigin(synthesize().server)).toEqual(vpcOrigin(plain));
  });

  test("changes no security group, which has no room for CloudFront's addresses twice", () => {
    expect(entries(encrypted, "AWS::EC2::SecurityGroup")).toEqual(entries(plain, "AWS::EC2::SecurityGroup"));
  });

  test("replaces the tasks, whose Host is another one", () => {
    expect(labels(encrypted)).toEqual({ ...labels(plain), "edgeward.allowed-hosts": "alb.example.com" });
  });
});

test("another public URL replaces the tasks, which believe its issuer", () => {
  expect(labels(synthesize("test", { publicUrl: "https://other.example.com" }).server)["edgeward.issuer"]).toBe("https://other.example.com");
});
