// Keeps a parameter in another region equal to the one it replicates: the handler of a CloudFormation custom resource.

import { DeleteParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { CloudFormationCustomResourceEvent } from "aws-lambda";

/** What the handler needs of Parameter Store. */
export interface Store {
  put(name: string, value: string): Promise<void>;
  /** Deletes a parameter; nothing happens if there is none. */
  remove(name: string): Promise<void>;
}

interface Replica {
  region: string;
  name: string;
  value: string;
}

/** The name of a replica that CloudFormation remembers: another one means another parameter, so the old one is deleted. */
const idOf = ({ region, name }: Replica) => `${region}:${name}`;

function replicaOf(properties: Record<string, unknown>): Replica {
  const { region, name, value } = properties;
  if (typeof region !== "string" || typeof name !== "string" || typeof value !== "string") {
    throw new Error("a replica needs region, name and value");
  }
  return { region, name, value };
}

/** Does what CloudFormation asks. */
export async function replicate(event: CloudFormationCustomResourceEvent, open: (region: string) => Store) {
  const replica = replicaOf(event.ResourceProperties);
  const store = open(replica.region);
  if (event.RequestType === "Delete") {
    // A resource that was never made is deleted, too, when its stack rolls back.
    if (event.PhysicalResourceId === idOf(replica)) await store.remove(replica.name);
    return { PhysicalResourceId: event.PhysicalResourceId };
  }
  await store.put(replica.name, replica.value);
  return { PhysicalResourceId: idOf(replica) };
}

function parameterStore(region: string): Store {
  const client = new SSMClient({ region });
  return {
    async put(name, value) {
      const Tier = "Intelligent-Tiering";
      await client.send(new PutParameterCommand({ Name: name, Value: value, Type: "String", Tier, Overwrite: true }));
    },
    async remove(name) {
      try {
        await client.send(new DeleteParameterCommand({ Name: name }));
      } catch (error) {
        if (!(error instanceof ParameterNotFound)) throw error;
      }
    },
  };
}

/** Entry of the Lambda function. */
export const handler = (event: CloudFormationCustomResourceEvent) => replicate(event, parameterStore);
