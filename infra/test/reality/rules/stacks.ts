import { all, type Resource, type Templates } from "../../templates.ts";
import { dependsOn, entries, entriesOfAll, first, refersTo } from "../find.ts";
import type { Rule } from "../rule.ts";

/** Names that an emulator takes and AWS does not, by type: property, and what it must look like. */
const NAMES: Readonly<Record<string, readonly [property: string, pattern: RegExp]>> = {
  "AWS::CloudFront::VpcOrigin": ["VpcOriginEndpointConfig.Name", /^[\w-]{1,64}$/],
  "AWS::ECS::Cluster": ["ClusterName", /^[A-Za-z0-9_-]{1,255}$/],
  "AWS::ECS::Service": ["ServiceName", /^[A-Za-z0-9_-]{1,255}$/],
  "AWS::ElasticLoadBalancingV2::LoadBalancer": ["Name", /^(?!internal-)(?!-)[A-Za-z0-9-]{1,32}(?<!-)$/],
  "AWS::ElasticLoadBalancingV2::TargetGroup": ["Name", /^(?!-)[A-Za-z0-9-]{1,32}(?<!-)$/],
  "AWS::EC2::SecurityGroup": ["GroupName", /^(?!sg-)[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{1,255}$/],
  "AWS::Lambda::Function": ["FunctionName", /^[A-Za-z0-9_-]{1,64}$/],
  "AWS::Logs::LogGroup": ["LogGroupName", /^[.\-_/#A-Za-z0-9]{1,512}$/],
  "AWS::S3::Bucket": ["BucketName", /^(?!xn--)(?!sthree-)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/],
  "AWS::SecretsManager::Secret": ["Name", /^[A-Za-z0-9/_+=.@-]{1,512}$/],
  "AWS::SSM::Parameter": ["Name", /^(?!\/?(?:aws|ssm))[A-Za-z0-9_.\-/]{1,1011}$/i],
};

const property = ({ Properties = {} }: Partial<Resource>, path: string): unknown =>
  path.split(".").reduce<any>((value, name) => value?.[name], Properties);

/** Whether a log group is one of this stack's. */
const isOwnGroup = (template: Templates[keyof Templates], name: unknown) =>
  entries(template, "AWS::Logs::LogGroup").some(([id, { Properties }]) => refersTo(name, id) || Properties["LogGroupName"] === name);

const functions = (t: Templates) =>
  Object.values(t).flatMap((template) => entries(template, "AWS::Lambda::Function").map(([id, resource]) => ({ id, resource, template })));

/** Clusters whose Container Insights are on. */
const observed = ({ server }: Templates) =>
  entries(server, "AWS::ECS::Cluster").filter(([, { Properties }]) =>
    (Properties["ClusterSettings"] ?? []).some(({ Name, Value }: any) => Name === "containerInsights" && Value !== "disabled"),
  );

export const STACK_RULES: readonly Rule[] = [
  {
    name: "Lambda makes a log group for a function that has none, and nobody deletes it",
    source: "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-loggroups.html",
    broken: (t) =>
      functions(t).flatMap(({ id, resource: { Properties }, template }) => {
        const usual = typeof Properties["FunctionName"] === "string" ? `/aws/lambda/${Properties["FunctionName"]}` : undefined;
        const group = Properties["LoggingConfig"]?.LogGroup ?? usual;
        return group !== undefined && isOwnGroup(template, group) ? [] : [`${id}: logs to a group that outlives the stack`];
      }),
    mutate: (t) => {
      const { resource } = first(functions(t));
      delete resource.Properties["LoggingConfig"];
      resource.Properties["FunctionName"] = "another";
    },
  },
  {
    name: "Container Insights makes a log group for each cluster, and nobody deletes it",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-setup-logs-ECS.html: /aws/ecs/containerinsights/CLUSTER/performance",
    broken: (t) =>
      observed(t).flatMap(([id, cluster]) => {
        const name = `/aws/ecs/containerinsights/${cluster.Properties["ClusterName"]}/performance`;
        const group = entries(t.server, "AWS::Logs::LogGroup").find(([, { Properties }]) => Properties["LogGroupName"] === name);
        return group && dependsOn(cluster).includes(group[0]) ? [] : [`${id}: ${name} outlives the stack`];
      }),
    mutate: (t) => {
      for (const [, cluster] of observed(t)) delete cluster.DependsOn;
    },
  },
  {
    name: "names have lengths and characters of their own in each service",
    source:
      "botocore: elbv2 2015-12-01 LoadBalancerName, TargetGroupName; lambda 2015-03-31 FunctionName; logs 2014-03-28 LogGroupName; " +
      "secretsmanager 2017-10-17 NameType; ssm 2014-11-06 PSParameterName; and " +
      "https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html",
    broken: (t) =>
      Object.entries(NAMES).flatMap(([type, [path, pattern]]) =>
        entriesOfAll(t, type).flatMap(([id, resource]) => {
          const name = property(resource, path);
          return typeof name !== "string" || pattern.test(name) ? [] : [`${id}: ${name}`];
        }),
      ),
    mutate: (t) => void (first(all(t.server, "AWS::ElasticLoadBalancingV2::TargetGroup")).Properties["Name"] = "edgeward-a-name-of-thirty-three-ch"),
  },
];
