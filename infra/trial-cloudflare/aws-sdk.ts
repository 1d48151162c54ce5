import { PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { TrialAwsSdk } from "../trial/aws-sdk.ts";
import type { CloudflareAws } from "./outside.ts";

/** AWS itself. */
export class CloudflareAwsSdk extends TrialAwsSdk implements CloudflareAws {
  async changeParameter(region: string, name: string, value: string): Promise<void> {
    await new SSMClient({ region }).send(new PutParameterCommand({ Name: name, Value: value, Overwrite: true }));
  }
}
