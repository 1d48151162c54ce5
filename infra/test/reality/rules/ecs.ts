import { FARGATE_MEMORY } from "../../../lib/server/task-size.ts";
import { all, only, type Templates } from "../../templates.ts";
import { dependsOn, entries, entriesOfAll, first } from "../find.ts";
import type { Rule } from "../rule.ts";

const tasks = ({ server }: Templates) => entries(server, "AWS::ECS::TaskDefinition");
const services = ({ server }: Templates) => entries(server, "AWS::ECS::Service");
const service = (t: Templates) => only(t.server, "AWS::ECS::Service");
const containers = (t: Templates) =>
  tasks(t).flatMap(([id, { Properties }]) => Properties["ContainerDefinitions"].map((container: any) => ({ id, container })));
const container = (t: Templates) => first(containers(t)).container;

/** Where a container finds its parameters. */
const parameterPath = ({ Environment = [] }: any) =>
  Environment.find(({ Name }: any) => Name === "EDGEWARD_PARAMETER_PATH")?.Value as string | undefined;

/** The parameters that the stacks write for a container. */
const parametersOf = (t: Templates, path: string) =>
  entriesOfAll(t, "AWS::SSM::Parameter").filter(([, { Properties }]) => `${Properties["Name"]}`.startsWith(`${path}/`));

/** Listeners that lead to a target group. */
const listenersOf = ({ server }: Templates, targetGroup: unknown) =>
  entries(server, "AWS::ElasticLoadBalancingV2::Listener").filter(([, { Properties }]) =>
    JSON.stringify(Properties["DefaultActions"]).includes(JSON.stringify(targetGroup)),
  );

const within = (value: number | undefined, least: number, most: number) => value === undefined || (value >= least && value <= most);

export const ECS_RULES: readonly Rule[] = [
  {
    name: "Fargate has only some pairs of CPU and memory",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size",
    broken: (t) =>
      tasks(t).flatMap(([id, { Properties: { Cpu, Memory } }]) => {
        const possible: readonly number[] = FARGATE_MEMORY[Number(Cpu) as keyof typeof FARGATE_MEMORY] ?? [];
        return possible.includes(Number(Memory)) ? [] : [`${id}: ${Cpu} CPU units and ${Memory} MiB`];
      }),
    mutate: (t) => void (only(t.server, "AWS::ECS::TaskDefinition").Properties["Memory"] = "4096"),
  },
  {
    name: "a desired count beside autoscaling undoes what autoscaling has done, with each deployment",
    source: "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ecs-service.html: DesiredCount",
    broken: (t) => {
      const scaled = all(t.server, "AWS::ApplicationAutoScaling::ScalableTarget").map(({ Properties }) => Properties["ResourceId"]);
      return services(t).flatMap(([id, { Properties }]) =>
        Properties["DesiredCount"] !== undefined && scaled.some((target) => JSON.stringify(target).includes(JSON.stringify([id, "Name"])))
          ? [`${id}: has a desired count`]
          : [],
      );
    },
    mutate: (t) => void (service(t).Properties["DesiredCount"] = 2),
  },
  {
    name: "tasks read their parameters when they start, and ECS starts new ones for a new task definition only",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/update-service.html",
    broken: (t) =>
      containers(t).flatMap(({ id, container }) => {
        const path = parameterPath(container);
        if (!path) return [];
        const text = JSON.stringify(container);
        return parametersOf(t, path).flatMap(([parameter, { Properties }]) =>
          text.includes(JSON.stringify(Properties["Value"])) ? [] : [`${id}: does not change with ${parameter}`],
        );
      }),
    mutate: (t) => void (first(parametersOf(t, "/edgeward/test/origin"))[1].Properties["Value"] = "https://another.example.com"),
  },
  {
    name: "a service waits for the listener of its target group: ECS refuses a group without a load balancer",
    source: "https://github.com/aws/aws-cdk/issues/2261 and botocore ecs 2014-11-13 CreateService: InvalidParameterException",
    broken: (t) =>
      services(t).flatMap(([id, resource]) =>
        (resource.Properties["LoadBalancers"] ?? []).flatMap(({ TargetGroupArn }: any) =>
          listenersOf(t, TargetGroupArn).some(([listener]) => dependsOn(resource).includes(listener)) ? [] : [`${id}: waits for no listener`],
        ),
      ),
    mutate: (t) => {
      const [listener] = first(entries(t.server, "AWS::ElasticLoadBalancingV2::Listener"));
      service(t).DependsOn = dependsOn(service(t)).filter((id) => id !== listener);
    },
  },
  {
    name: "a deployment can start a new task before it stops an old one, also when there is one only",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-type-ecs.html: minimumHealthyPercent, maximumPercent",
    broken: (t) =>
      services(t).flatMap(([id, { Properties }]) => {
        const { MinimumHealthyPercent = 100, MaximumPercent = 200 } = Properties["DeploymentConfiguration"] ?? {};
        return MinimumHealthyPercent <= 100 && MaximumPercent >= 200 ? [] : [`${id}: ${MinimumHealthyPercent} to ${MaximumPercent} percent`];
      }),
    mutate: (t) => void (service(t).Properties["DeploymentConfiguration"].MaximumPercent = 100),
  },
  {
    name: "Fargate gives a container two minutes to stop",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html: stopTimeout",
    broken: (t) => containers(t).flatMap(({ id, container: { StopTimeout } }) => (within(StopTimeout, 0, 120) ? [] : [`${id}: ${StopTimeout} s`])),
    mutate: (t) => void (container(t).StopTimeout = 180),
  },
  {
    name: "an image from scratch has no shell, so its health check has none",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html: command, and origin/Dockerfile",
    broken: (t) =>
      containers(t).flatMap(({ id, container: { HealthCheck } }) =>
        HealthCheck && (HealthCheck.Command[0] !== "CMD" || !`${HealthCheck.Command[1]}`.startsWith("/")) ? [`${id}: ${HealthCheck.Command.join(" ")}`] : [],
      ),
    mutate: (t) => void (container(t).HealthCheck.Command[0] = "CMD-SHELL"),
  },
  {
    name: "a container's health check has limits of its own",
    source: "https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html: interval 5-300, timeout 2-60, startPeriod 0-300, retries 1-10",
    broken: (t) =>
      containers(t).flatMap(({ id, container: { HealthCheck: { Interval, Timeout, StartPeriod, Retries } = {} as any } }) =>
        within(Interval, 5, 300) && within(Timeout, 2, 60) && within(StartPeriod, 0, 300) && within(Retries, 1, 10) ? [] : [`${id}: a value is out of range`],
      ),
    mutate: (t) => void (container(t).HealthCheck.Timeout = 1),
  },
];
