import { describe, expect, test } from "vitest";
import { PARTS } from "../../lib/names.ts";
import { synthesize, type Resource, type TemplateJson } from "../templates.ts";
import { changesOf } from "./diff.ts";
import { IMMUTABLE } from "./immutable.ts";
import { LASTING } from "./lasting.ts";
import { keyOf, REPEATABLE, UNIQUE } from "./unique.ts";
import { verdict } from "./verdict.ts";

const template = (Resources: Record<string, Partial<Resource> & { Type: string }>) => ({ Resources }) as unknown as TemplateJson;
const kinds = (before: TemplateJson, after: TemplateJson) => changesOf(before, after).map(({ id, kind }) => `${id} ${kind}`);

const GROUP = { Type: "AWS::ElasticLoadBalancingV2::TargetGroup", Properties: { Name: "origin", Port: 8080 } };
const LISTENER = { Type: "AWS::ElasticLoadBalancingV2::Listener", Properties: { Port: 80, DefaultActions: [{ TargetGroupArn: { Ref: "Group" } }] } };

describe("changes of a template", () => {
  test("are told apart", () => {
    const before = template({ Group: GROUP, Listener: LISTENER, Old: { Type: "AWS::SNS::Topic" } });
    const after = template({
      Group: { ...GROUP, Properties: { ...GROUP.Properties, HealthCheckPath: "/" } },
      Listener: LISTENER,
      New: { Type: "AWS::SNS::Topic" },
    });
    expect(kinds(before, after)).toEqual(["Old removed", "New added", "Group updated"]);
    expect(kinds(before, before)).toEqual([]);
  });

  test("follow what is replaced to what names it", () => {
    const moved = { ...GROUP, Properties: { ...GROUP.Properties, Port: 9090 } };
    expect(kinds(template({ Group: GROUP, Listener: LISTENER }), template({ Group: moved, Listener: LISTENER }))).toEqual([
      "Group replaced",
      "Listener updated",
    ]);
    const logs = (name: string) => ({ Type: "AWS::Logs::LogGroup", Properties: { LogGroupName: name } });
    const flow = { Type: "AWS::EC2::FlowLog", Properties: { LogGroupName: { "Fn::Sub": "${Logs}" } } };
    expect(kinds(template({ Logs: logs("a"), Flow: flow }), template({ Logs: logs("b"), Flow: flow }))).toEqual(["Logs replaced", "Flow replaced"]);
  });

  test("of a resource's type are refused", () => {
    expect(() => changesOf(template({ One: GROUP }), template({ One: LISTENER }))).toThrow("One: CloudFormation does not change a resource's type");
  });
});

describe("an update is refused", () => {
  test("that replaces what keeps its name", () => {
    const moved = { ...GROUP, Properties: { ...GROUP.Properties, Port: 9090 } };
    const renamed = { ...GROUP, Properties: { Name: "origin-9090", Port: 9090 } };
    const means = { [GROUP.Type]: "a test" };
    expect(verdict(template({ Group: GROUP }), template({ Group: moved }), means)).toEqual([expect.stringContaining("still stands")]);
    expect(verdict(template({ Group: GROUP }), template({ Group: renamed }), means)).toEqual([]);
  });

  test("that gives a new resource the name of one that goes", () => {
    const topic = { Type: "AWS::SNS::Topic", Properties: { TopicName: "alarms" } };
    const means = { [topic.Type]: "a test" };
    expect(verdict(template({ Old: topic }), template({ New: topic }), means)).toEqual([expect.stringMatching(/^New: is made while Old/)]);
  });

  test.each(Object.keys(LASTING))("that loses a resource of %s", (type) => {
    expect(verdict(template({ One: { Type: type } }), template({}))).toEqual([expect.stringContaining("One: removed")]);
    expect(verdict(template({ One: { Type: type } }), template({}), { [type]: "meant" })).toEqual([]);
  });

  test("that leaves something naming what is gone", () => {
    const before = template({ Group: GROUP, Listener: LISTENER });
    expect(verdict(before, template({ Listener: LISTENER }), { [GROUP.Type]: "a test" })).toEqual(["Listener: names a resource that is gone"]);
  });
});

describe("AWS refuses in place", () => {
  const cases: Record<string, [before: object, after: object, allowed: object]> = {
    "AWS::CloudFront::VpcOrigin": [{ Tags: [1] }, { Tags: [2] }, { Tags: [1] }],
    "AWS::Cognito::UserPool": [
      { AliasAttributes: ["email"], Schema: [{ Name: "email", Required: true }] },
      { AliasAttributes: [], Schema: [] },
      { AliasAttributes: ["email"], Schema: [{ Name: "email", Required: true }, { Name: "team" }] },
    ],
    "AWS::SSM::Parameter": [{ Tier: "Advanced" }, { Tier: "Standard" }, { Tier: "Intelligent-Tiering" }],
    "AWS::ECS::Service": [{ DeploymentController: { Type: "ECS" } }, { DesiredCount: 2 }, { DeploymentController: { Type: "ECS" }, DesiredCount: 2 }],
  };

  test.each(IMMUTABLE)("what contradicts: $fact", ({ fact, type, source }) => {
    const [before, after, allowed] = cases[type]!.map((Properties) => template({ One: { Type: type, Properties: Properties as Record<string, any> } }));
    expect(verdict(before!, after!)).toContain(`One: ${fact}`);
    expect(verdict(before!, allowed!)).not.toContain(`One: ${fact}`);
    expect(source).toMatch(/^https:/);
  });
});

describe("what there is one of", () => {
  test("is known of every type that the stacks have", () => {
    const variants = [{}, { server: { outbound: "endpoints" } }, { userPool: { retain: false, resourceServers: { files: { read: "Read" } } } }];
    const templates = variants.map((settings) => synthesize("test", settings)).flatMap((all) => PARTS.map((part) => all[part]));
    const resources = templates.flatMap(({ Resources }) => Object.values(Resources));
    expect(() => resources.map(keyOf)).not.toThrow();
    expect(Object.keys(UNIQUE).filter((type) => REPEATABLE.has(type))).toEqual([]);
    for (const { source } of Object.values(UNIQUE)) expect(source).toMatch(/https:\/\/|botocore/);
  });

  test("of another type is asked for", () => {
    expect(() => keyOf({ Type: "AWS::SQS::Queue", Properties: {} })).toThrow("nothing is known of what is unique of AWS::SQS::Queue");
  });
});
