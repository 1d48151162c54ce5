// AWS itself. Region apart, everything comes from where AWS's tools take it: credentials, profile, endpoint.

import { CloudFormationClient, DescribeStacksCommand, paginateDescribeStackEvents } from "@aws-sdk/client-cloudformation";
import {
  CognitoIdentityProviderClient,
  DescribeUserPoolClientCommand,
  DescribeUserPoolCommand,
  DescribeUserPoolDomainCommand,
} from "@aws-sdk/client-cognito-identity-provider";
import { DescribeAvailabilityZonesCommand, EC2Client } from "@aws-sdk/client-ec2";
import { BatchGetImageCommand, ECRClient, GetDownloadUrlForLayerCommand } from "@aws-sdk/client-ecr";
import { DescribeTasksCommand, ECSClient, ListTasksCommand } from "@aws-sdk/client-ecs";
import { DeleteBucketCommand, DeleteObjectsCommand, HeadBucketCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { GetParameterCommand, paginateGetParametersByPath, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { EcrImage } from "../server/image-uri.ts";
import type { AppClient, Aws, Identity, Stack, StackEvent, StoppedTask, UserPoolDomain } from "./aws.ts";
import { explainIdentityError } from "./identity-error.ts";
import { architecturesOf, MANIFEST_TYPES } from "./manifest.ts";

/** The answer, or nothing where AWS says that there is no such thing. */
async function unless<T>(absent: RegExp, asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    const { name, message } = error as Error;
    if (absent.test(`${name}: ${message}`)) return undefined;
    throw error;
  }
}

const NO_STACK = /does not exist/;

export class AwsSdk implements Aws {
  async identity(region: string): Promise<Identity> {
    try {
      const { Account } = await new STSClient({ region }).send(new GetCallerIdentityCommand({}));
      return { kind: "known", account: Account ?? "" };
    } catch (error) {
      return explainIdentityError(error);
    }
  }

  async parameter(region: string, name: string): Promise<string | undefined> {
    const asked = new SSMClient({ region }).send(new GetParameterCommand({ Name: name }));
    return (await unless(/^ParameterNotFound/, asked))?.Parameter?.Value;
  }

  async hasParameter(region: string, name: string): Promise<boolean> {
    return (await this.parameter(region, name)) !== undefined;
  }

  async parametersBelow(region: string, path: string): Promise<string[]> {
    const names: string[] = [];
    for await (const page of paginateGetParametersByPath({ client: new SSMClient({ region }) }, { Path: path, Recursive: true })) {
      names.push(...(page.Parameters ?? []).flatMap(({ Name }) => Name ?? []));
    }
    return names;
  }

  async domainOwner(region: string, domain: string): Promise<string | undefined> {
    const client = new CognitoIdentityProviderClient({ region });
    const asked = client.send(new DescribeUserPoolDomainCommand({ Domain: domain }));
    return (await unless(/^ResourceNotFoundException/, asked))?.DomainDescription?.UserPoolId;
  }

  async hasUserPool(region: string, id: string): Promise<boolean> {
    return (await describePool(region, id)) !== undefined;
  }

  async userPoolDomain(region: string, pool: string): Promise<UserPoolDomain | undefined> {
    const { Domain, CustomDomain } = (await describePool(region, pool))?.UserPool ?? {};
    const name = CustomDomain ?? Domain;
    if (!name) return undefined;
    const client = new CognitoIdentityProviderClient({ region });
    const { DomainDescription } = await client.send(new DescribeUserPoolDomainCommand({ Domain: name }));
    return {
      host: CustomDomain ?? `${Domain}.auth.${region}.amazoncognito.com`,
      isManagedLogin: (DomainDescription?.ManagedLoginVersion ?? 1) >= 2,
    };
  }

  async appClient(region: string, pool: string, id: string): Promise<AppClient | undefined> {
    const client = new CognitoIdentityProviderClient({ region });
    const asked = client.send(new DescribeUserPoolClientCommand({ UserPoolId: pool, ClientId: id }));
    const found = (await unless(/^ResourceNotFoundException/, asked))?.UserPoolClient;
    // The member is newer than this SDK's types.
    const { ClientSecretArn: secretArn } = (found ?? {}) as { ClientSecretArn?: string };
    return found && { hasSecret: found.ClientSecret !== undefined || secretArn !== undefined, secretArn };
  }

  async sendsThroughSes(region: string, pool: string): Promise<boolean> {
    return (await describePool(region, pool))?.UserPool?.EmailConfiguration?.EmailSendingAccount === "DEVELOPER";
  }

  async zones(region: string): Promise<string[]> {
    const Filters = [
      { Name: "state", Values: ["available"] },
      { Name: "zone-type", Values: ["availability-zone"] },
    ];
    const { AvailabilityZones = [] } = await new EC2Client({ region }).send(new DescribeAvailabilityZonesCommand({ Filters }));
    return AvailabilityZones.flatMap(({ ZoneId }) => ZoneId ?? []);
  }

  async imageArchitectures({ registry, region, repository, id }: EcrImage): Promise<string[] | undefined> {
    const client = new ECRClient({ region });
    const which = { registryId: registry, repositoryName: repository };
    const asked = client.send(new BatchGetImageCommand({ ...which, imageIds: [id], acceptedMediaTypes: MANIFEST_TYPES }));
    const manifest = (await unless(/^(RepositoryNotFoundException|ImageNotFoundException)/, asked))?.images?.[0]?.imageManifest;
    if (!manifest) return undefined;
    return architecturesOf(manifest, async (layerDigest) => {
      const { downloadUrl } = await client.send(new GetDownloadUrlForLayerCommand({ ...which, layerDigest }));
      const answer = await fetch(downloadUrl ?? "");
      if (!answer.ok) throw new Error(`the image's configuration cannot be read: status ${answer.status}`);
      return answer.text();
    });
  }

  async stack(region: string, name: string): Promise<Stack | undefined> {
    const asked = new CloudFormationClient({ region }).send(new DescribeStacksCommand({ StackName: name }));
    const found = (await unless(NO_STACK, asked))?.Stacks?.[0];
    if (!found) return undefined;
    const outputs = (found.Outputs ?? []).map(({ OutputKey = "", OutputValue = "" }) => [OutputKey, OutputValue] as const);
    return {
      status: found.StackStatus ?? "",
      isProtected: found.EnableTerminationProtection ?? false,
      outputs: Object.fromEntries(outputs),
    };
  }

  async events(region: string, stack: string): Promise<StackEvent[]> {
    const pages = paginateDescribeStackEvents({ client: new CloudFormationClient({ region }) }, { StackName: stack });
    const read = async () => {
      const events: StackEvent[] = [];
      for await (const page of pages) {
        for (const event of page.StackEvents ?? []) {
          events.push({
            id: event.EventId ?? "",
            resource: event.LogicalResourceId ?? "",
            physicalId: event.PhysicalResourceId ?? "",
            type: event.ResourceType ?? "",
            status: event.ResourceStatus ?? "",
            reason: event.ResourceStatusReason ?? "",
          });
        }
      }
      return events;
    };
    return (await unless(NO_STACK, read())) ?? [];
  }

  async stoppedTasks(region: string, cluster: string): Promise<StoppedTask[]> {
    const client = new ECSClient({ region });
    const listed = await unless(/^ClusterNotFoundException/, client.send(new ListTasksCommand({ cluster, desiredStatus: "STOPPED" })));
    const tasks = listed?.taskArns ?? [];
    if (tasks.length === 0) return [];
    const described = await client.send(new DescribeTasksCommand({ cluster, tasks }));
    return (described.tasks ?? []).map((task) => ({
      id: task.taskArn ?? "",
      reason: task.stoppedReason ?? "",
      containers: (task.containers ?? []).map(({ name, reason, exitCode }) => ({ name: name ?? "", reason, exitCode })),
    }));
  }

  async hasBucket(region: string, name: string): Promise<boolean> {
    return (await unless(/^(NotFound|NoSuchBucket)/, s3(region).send(new HeadBucketCommand({ Bucket: name })))) !== undefined;
  }

  async removeBucket(region: string, name: string): Promise<void> {
    const client = s3(region);
    for await (const page of paginateListObjectsV2({ client }, { Bucket: name })) {
      const Objects = (page.Contents ?? []).map(({ Key }) => ({ Key }));
      if (Objects.length > 0) await client.send(new DeleteObjectsCommand({ Bucket: name, Delete: { Objects, Quiet: true } }));
    }
    await client.send(new DeleteBucketCommand({ Bucket: name }));
  }
}

function describePool(region: string, id: string) {
  const asked = new CognitoIdentityProviderClient({ region }).send(new DescribeUserPoolCommand({ UserPoolId: id }));
  return unless(/^ResourceNotFoundException/, asked);
}

/** An endpoint of one's own has no host name for each bucket. */
function s3(region: string): S3Client {
  return new S3Client({ region, forcePathStyle: process.env["AWS_ENDPOINT_URL"] !== undefined });
}
