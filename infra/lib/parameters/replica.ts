import { fileURLToPath } from "node:url";
import { ArnFormat, CustomResource, Duration, Stack } from "aws-cdk-lib";
import { Architecture, Runtime, type CfnFunction } from "aws-cdk-lib/aws-lambda";
import { NodejsFunction, OutputFormat } from "aws-cdk-lib/aws-lambda-nodejs";
import { PolicyStatement, Role, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Provider } from "aws-cdk-lib/custom-resources";
import { Construct } from "constructs";
import { explain } from "../explain.ts";
import { functionLogs } from "../function-logs.ts";

export interface ReplicasProps {
  /** Physical name of the function. */
  readonly functionName: string;
  /** Region that the replicas are in. */
  readonly region: string;
}

/**
 * Parameters of this stack's region, replicated to another one: ECS and the stacks there read only their own region's.
 *
 * The value is a property of the custom resource, so CloudFormation calls the function when the value has changed and
 * never else, and deletes the replica with its original.
 */
export class Replicas extends Construct {
  private readonly provider: Provider;
  private readonly handler: NodejsFunction;
  private readonly region: string;

  constructor(scope: Construct, id: string, props: ReplicasProps) {
    super(scope, id);
    this.region = props.region;
    const role = new Role(this, "Role", { assumedBy: new ServicePrincipal("lambda.amazonaws.com") });
    const logGroup = functionLogs(this, "Logs", props.functionName);
    this.handler = new NodejsFunction(this, "Handler", {
      functionName: props.functionName,
      description: "Replicates parameters to another region",
      entry: fileURLToPath(new URL("replica-handler.ts", import.meta.url)),
      depsLockFilePath: fileURLToPath(new URL("../../package-lock.json", import.meta.url)),
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      timeout: Duration.seconds(30),
      role,
      logGroup,
      // The SDK comes with the runtime.
      bundling: { format: OutputFormat.CJS, externalModules: ["@aws-sdk/*"], forceDockerBundling: false },
    });
    logGroup.grantWrite(role);
    const providerFunctionName = `${props.functionName}-framework`;
    this.provider = new Provider(this, "Provider", {
      onEventHandler: this.handler,
      providerFunctionName,
      logGroup: functionLogs(this, "FrameworkLogs", providerFunctionName),
    });
    explain(
      this.provider,
      "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]",
      "CDK's own function: it writes its log, and calls ours",
    );
    const handlerId = Stack.of(this).getLogicalId(this.handler.node.defaultChild as CfnFunction);
    explain(this.provider, `AwsSolutions-IAM5[Resource::<${handlerId}.Arn>:*]`, "Any version of our function, and no other");
  }

  /** Replicates one parameter. */
  add(id: string, name: string, value: string): CustomResource {
    const arn = Stack.of(this).formatArn({
      service: "ssm",
      region: this.region,
      resource: "parameter",
      resourceName: name.replace(/^\//, ""),
      arnFormat: ArnFormat.SLASH_RESOURCE_NAME,
    });
    this.handler.addToRolePolicy(
      new PolicyStatement({ actions: ["ssm:PutParameter", "ssm:DeleteParameter"], resources: [arn] }),
    );
    return new CustomResource(this, id, {
      serviceToken: this.provider.serviceToken,
      resourceType: "Custom::ParameterReplica",
      properties: { region: this.region, name, value },
    });
  }
}
