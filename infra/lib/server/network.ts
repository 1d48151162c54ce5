import { RemovalPolicy, Stack, type CfnResource } from "aws-cdk-lib";
import {
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  InterfaceVpcEndpointAwsService,
  IpAddresses,
  Peer,
  Port,
  SecurityGroup,
  SubnetType,
  Vpc,
  type CfnSubnet,
  type CfnVPCGatewayAttachment,
  type ISubnet,
} from "aws-cdk-lib/aws-ec2";
import { LogGroup, RetentionDays } from "aws-cdk-lib/aws-logs";
import { Construct } from "constructs";
import { functionLogs } from "../function-logs.ts";
import type { Names } from "../names.ts";
import type { Settings } from "../settings.ts";

export interface NetworkProps {
  readonly names: Names;
  readonly outbound: Settings["server"]["outbound"];
  /** Ids of the availability zones. @default the first two that CloudFormation finds */
  readonly zones?: readonly string[] | undefined;
}

/** The network's addresses. */
export const CIDR = "10.0.0.0/16";

/** What tasks call at AWS: images, logs, parameters, secrets. */
const ENDPOINTS = {
  EcrApi: InterfaceVpcEndpointAwsService.ECR,
  EcrImages: InterfaceVpcEndpointAwsService.ECR_DOCKER,
  Logs: InterfaceVpcEndpointAwsService.CLOUDWATCH_LOGS,
  Parameters: InterfaceVpcEndpointAwsService.SSM,
};

/**
 * The origin's network: two availability zones, tasks without public addresses. Outbound either through NAT gateways, or
 * with endpoints only; then the tasks reach nothing but AWS, so the weather tools need another `weatherUrl`, and the
 * edge's keys come as a parameter.
 */
export class Network extends Construct {
  readonly vpc: Vpc;
  /** What CloudFront's VPC origins need before they are made. */
  readonly internetGateway: CfnVPCGatewayAttachment;

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { names, outbound } = props;
    const nat = outbound === "nat";
    const flowLogs = new LogGroup(this, "FlowLogs", {
      logGroupName: `/edgeward/${names.of("network")}`,
      retention: RetentionDays.ONE_MONTH,
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.vpc = new Vpc(this, "Vpc", {
      vpcName: names.of("vpc"),
      ipAddresses: IpAddresses.cidr(CIDR),
      maxAzs: 2,
      natGateways: nat ? 2 : 0,
      subnetConfiguration: [
        // CloudFront's VPC origins want an internet gateway in the VPC, though nothing is routed through it.
        { name: "public", subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        { name: "private", subnetType: nat ? SubnetType.PRIVATE_WITH_EGRESS : SubnetType.PRIVATE_ISOLATED, cidrMask: 22 },
      ],
      flowLogs: { All: { destination: FlowLogDestination.toCloudWatchLogs(flowLogs) } },
    });
    this.internetGateway = this.vpc.node.findChild("VPCGW") as CfnVPCGatewayAttachment;
    for (const subnets of [this.vpc.publicSubnets, this.vpc.privateSubnets, this.vpc.isolatedSubnets]) {
      placeIn(subnets, props.zones);
    }
    // The CDK gives no log group to its function that empties the default security group.
    const restrict = Stack.of(this).node.tryFindChild("Custom::VpcRestrictDefaultSGCustomResourceProvider");
    const handler = restrict?.node.findChild("Handler") as CfnResource | undefined;
    handler?.addPropertyOverride("LoggingConfig", {
      LogGroup: functionLogs(this, "RestrictLogs", names.of("restrict-default-group")).logGroupName,
    });
    this.vpc.addGatewayEndpoint("S3", { service: GatewayVpcEndpointAwsService.S3 });
    if (!nat) {
      const securityGroup = new SecurityGroup(this, "Endpoints", {
        securityGroupName: names.of("endpoints"),
        vpc: this.vpc,
        description: "Endpoints of AWS services",
        allowAllOutbound: false,
      });
      securityGroup.addIngressRule(Peer.ipv4(CIDR), Port.tcp(443), "Whatever is in the network");
      for (const [name, service] of Object.entries(ENDPOINTS)) {
        this.vpc.addInterfaceEndpoint(name, { service, securityGroups: [securityGroup], open: false });
      }
    }
  }
}

/** The CDK knows zones by their names, which are different places in different accounts. */
function placeIn(subnets: readonly ISubnet[], zones: readonly string[] = []): void {
  for (const [index, id] of zones.entries()) {
    const subnet = subnets[index]?.node.defaultChild as CfnSubnet | undefined;
    subnet?.addPropertyDeletionOverride("AvailabilityZone");
    subnet?.addPropertyOverride("AvailabilityZoneId", id);
  }
}
