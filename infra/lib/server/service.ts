import { Duration, RemovalPolicy, Stack } from "aws-cdk-lib";
import { SecurityGroup, type IVpc } from "aws-cdk-lib/aws-ec2";
import { Repository } from "aws-cdk-lib/aws-ecr";
import { Platform } from "aws-cdk-lib/aws-ecr-assets";
import {
  Cluster,
  ContainerImage,
  ContainerInsights,
  CpuArchitecture,
  FargateService,
  FargateTaskDefinition,
  LogDriver,
  OperatingSystemFamily,
  type ContainerDefinition,
} from "aws-cdk-lib/aws-ecs";
import type { ApplicationTargetGroup } from "aws-cdk-lib/aws-elasticloadbalancingv2";
import { PolicyStatement } from "aws-cdk-lib/aws-iam";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { explain } from "../explain.ts";
import { PARAMETER_PATH_VARIABLE, type Names, type OriginParameter } from "../names.ts";
import type { Settings } from "../settings.ts";
import { compiledOrigin } from "./compiled-origin.ts";
import { parseEcrImage } from "./image-uri.ts";
import { memoryOf } from "./task-size.ts";

export interface ServiceProps {
  readonly settings: Settings;
  readonly names: Names;
  readonly vpc: IVpc;
}

/** Port that the origin listens on. */
export const PORT = 8080;

/** The origin's tasks on Fargate. */
export class Service extends Construct {
  readonly service: FargateService;
  readonly cluster: Cluster;
  readonly securityGroup: SecurityGroup;
  private readonly container: ContainerDefinition;
  private readonly tasks: Settings["server"]["tasks"];

  constructor(scope: Construct, id: string, props: ServiceProps) {
    super(scope, id);
    const { settings, names, vpc } = props;
    const { server } = settings;
    this.tasks = server.tasks;
    const arm = server.architecture === "arm64";

    // If it is not there, Container Insights makes a group of this name, which nobody deletes.
    const insights = new LogGroup(this, "Insights", {
      logGroupName: `/aws/ecs/containerinsights/${names.of("cluster")}/performance`,
      retention: RetentionDays.ONE_WEEK,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.cluster = new Cluster(this, "Cluster", {
      clusterName: names.of("cluster"),
      vpc,
      containerInsightsV2: ContainerInsights.ENABLED,
    });
    this.cluster.node.addDependency(insights);
    const task = new FargateTaskDefinition(this, "Task", {
      family: names.of("origin"),
      cpu: server.cpu,
      memoryLimitMiB: memoryOf(server),
      runtimePlatform: {
        cpuArchitecture: arm ? CpuArchitecture.ARM64 : CpuArchitecture.X86_64,
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
    });
    this.container = task.addContainer("origin", {
      image: server.image
        ? this.given(server.image)
        : ContainerImage.fromAsset(compiledOrigin(server.architecture), {
            platform: arm ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64,
          }),
      environment: {
        [PARAMETER_PATH_VARIABLE]: names.originParameterPath,
        ...(server.otlpEndpoint && {
          OTEL_EXPORTER_OTLP_ENDPOINT: server.otlpEndpoint,
          OTEL_RESOURCE_ATTRIBUTES: `deployment.environment.name=${settings.deployment}`,
        }),
      },
      portMappings: [{ containerPort: PORT }],
      readonlyRootFilesystem: true,
      user: "65532:65532",
      privileged: false,
      healthCheck: {
        command: ["CMD", "/edgeward-origin", "--health"],
        interval: Duration.seconds(10),
        timeout: Duration.seconds(3),
        startPeriod: Duration.seconds(10),
        retries: 3,
      },
      // Longer than the origin takes to let open streams end.
      stopTimeout: Duration.seconds(30),
      logging: LogDriver.awsLogs({
        streamPrefix: "origin",
        logGroup: new LogGroup(this, "Logs", {
          logGroupName: `/edgeward/${names.of("origin")}`,
          retention: server.logDays,
          removalPolicy: RemovalPolicy.DESTROY,
        }),
      }),
    });
    task.addToTaskRolePolicy(
      new PolicyStatement({
        actions: ["ssm:GetParametersByPath", "ssm:GetParameter"],
        resources: [
          Stack.of(this).formatArn({ service: "ssm", resource: "parameter", resourceName: names.originParameterPath.slice(1) }),
          Stack.of(this).formatArn({ service: "ssm", resource: "parameter", resourceName: `${names.originParameterPath.slice(1)}/*` }),
        ],
      }),
    );

    explain(
      task.taskRole,
      `AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:ssm:${settings.region}:${settings.account}:parameter${names.originParameterPath}/*]`,
      "The origin's own parameters, all of them, and no others",
    );
    if (task.executionRole) {
      explain(task.executionRole, "AwsSolutions-IAM5[Resource::*]", "ecr:GetAuthorizationToken knows no resource");
    }
    explain(task, "AwsSolutions-ECS2", "The variables are where parameters are and where metrics go; settings and secrets are parameters");

    this.securityGroup = new SecurityGroup(this, "SecurityGroup", {
      securityGroupName: names.of("origin"),
      vpc,
      description: "Tasks of the origin",
      allowAllOutbound: true,
    });
    // Without a desired count, which each deployment would set again, however many tasks autoscaling has started.
    this.service = new FargateService(this, "Service", {
      serviceName: names.of("origin"),
      cluster: this.cluster,
      taskDefinition: task,
      securityGroups: [this.securityGroup],
      assignPublicIp: false,
      circuitBreaker: { enable: true, rollback: true },
      minHealthyPercent: 100,
      maxHealthyPercent: 200,
      enableExecuteCommand: false,
      healthCheckGracePeriod: Duration.seconds(30),
    });
  }

  /** An image in ECR comes with the permission to pull it. */
  private given(uri: string): ContainerImage {
    const ecr = parseEcrImage(uri);
    if (!ecr) return ContainerImage.fromRegistry(uri);
    const { region, registry: account, repository, id } = ecr;
    const repositoryArn = Stack.of(this).formatArn({ service: "ecr", region, account, resource: "repository", resourceName: repository });
    const repositoryName = repository;
    return ContainerImage.fromEcrRepository(
      Repository.fromRepositoryAttributes(this, "Repository", { repositoryArn, repositoryName }),
      "imageDigest" in id ? id.imageDigest : id.imageTag,
    );
  }

  /**
   * Replaces the tasks when one of these values changes. Tasks read their parameters when they start, and ECS starts new ones
   * for a new task definition only, so the values are labels in it.
   */
  restartFor(values: Readonly<Partial<Record<OriginParameter, string>>>): void {
    for (const [name, value] of Object.entries(values)) this.container.addDockerLabel(`edgeward.${name}`, value);
  }

  /** More tasks when they are busy or many requests come, fewer when not. */
  scaleBy(targetGroup: ApplicationTargetGroup): void {
    const scaling = this.service.autoScaleTaskCount({ minCapacity: this.tasks.least, maxCapacity: this.tasks.most });
    scaling.scaleOnCpuUtilization("Cpu", { targetUtilizationPercent: 60 });
    scaling.scaleOnRequestCount("Requests", { requestsPerTarget: 6000, targetGroup });
  }
}
