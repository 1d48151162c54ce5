import { CloudFormationClient, CreateStackCommand, DeleteStackCommand } from "@aws-sdk/client-cloudformation";
import { CloudWatchClient, GetMetricStatisticsCommand, paginateDescribeAlarms, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient, paginateDescribeLogGroups } from "@aws-sdk/client-cloudwatch-logs";
import {
  AdminCreateUserCommand,
  AdminDisableUserCommand,
  AdminEnableUserCommand,
  AdminInitiateAuthCommand,
  AdminSetUserPasswordCommand,
  AdminUpdateUserAttributesCommand,
  AdminUserGlobalSignOutCommand,
  CognitoIdentityProviderClient,
} from "@aws-sdk/client-cognito-identity-provider";
import { paginateGetResources, ResourceGroupsTaggingAPIClient } from "@aws-sdk/client-resource-groups-tagging-api";
import { AwsSdk } from "../lib/deploy/aws-sdk.ts";
import type { Alarm, TrialAws } from "./outside.ts";

/** AWS itself. */
export class TrialAwsSdk extends AwsSdk implements TrialAws {
  async alarms(region: string, prefix: string): Promise<Alarm[]> {
    const found: Alarm[] = [];
    for await (const page of paginateDescribeAlarms({ client: new CloudWatchClient({ region }) }, { AlarmNamePrefix: prefix })) {
      for (const { AlarmName = "", AlarmActions = [] } of page.MetricAlarms ?? []) {
        found.push({ name: AlarmName, topics: AlarmActions.flatMap((arn) => (arn.includes(":sns:") ? (arn.split(":").at(-1) ?? []) : [])) });
      }
    }
    return found;
  }

  async setAlarm(region: string, name: string, state: "ALARM" | "OK"): Promise<void> {
    const StateReason = "Edgeward's trial: fired on purpose";
    await new CloudWatchClient({ region }).send(new SetAlarmStateCommand({ AlarmName: name, StateValue: state, StateReason }));
  }

  async delivered(region: string, topic: string, since: Date): Promise<number> {
    const { Datapoints = [] } = await new CloudWatchClient({ region }).send(
      new GetMetricStatisticsCommand({
        Namespace: "AWS/SNS",
        MetricName: "NumberOfNotificationsDelivered",
        Dimensions: [{ Name: "TopicName", Value: topic }],
        StartTime: since,
        EndTime: new Date(),
        Period: 60,
        Statistics: ["Sum"],
      }),
    );
    return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
  }

  async tagged(region: string, key: string, value: string): Promise<string[]> {
    const arns: string[] = [];
    const client = new ResourceGroupsTaggingAPIClient({ region });
    for await (const page of paginateGetResources({ client }, { TagFilters: [{ Key: key, Values: [value] }] })) {
      arns.push(...(page.ResourceTagMappingList ?? []).flatMap(({ ResourceARN }) => ResourceARN ?? []));
    }
    return arns;
  }

  async logGroups(region: string, text: string): Promise<string[]> {
    const names: string[] = [];
    for await (const page of paginateDescribeLogGroups({ client: new CloudWatchLogsClient({ region }) }, { logGroupNamePattern: text })) {
      names.push(...(page.logGroups ?? []).flatMap(({ logGroupName }) => logGroupName ?? []));
    }
    return names;
  }

  async createStack(region: string, name: string, template: object, tags: Readonly<Record<string, string>>): Promise<string> {
    const { StackId } = await new CloudFormationClient({ region }).send(
      new CreateStackCommand({
        StackName: name,
        TemplateBody: JSON.stringify(template),
        Capabilities: ["CAPABILITY_IAM"],
        OnFailure: "ROLLBACK",
        Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
      }),
    );
    if (!StackId) throw new Error("CloudFormation says no id of the stack that it makes");
    return StackId;
  }

  async deleteStack(region: string, name: string): Promise<void> {
    await new CloudFormationClient({ region }).send(new DeleteStackCommand({ StackName: name }));
  }

  async createUser(region: string, pool: string, name: string, password: string, attributes: Readonly<Record<string, string>>): Promise<void> {
    const client = new CognitoIdentityProviderClient({ region });
    const user = { UserPoolId: pool, Username: name };
    const UserAttributes = Object.entries(attributes).map(([Name, Value]) => ({ Name, Value }));
    await client.send(new AdminCreateUserCommand({ ...user, UserAttributes, MessageAction: "SUPPRESS" }));
    await client.send(new AdminSetUserPasswordCommand({ ...user, Password: password, Permanent: true }));
  }

  async setAttribute(region: string, pool: string, user: string, name: string, value: string): Promise<void> {
    const UserAttributes = [{ Name: name, Value: value }];
    await new CognitoIdentityProviderClient({ region }).send(
      new AdminUpdateUserAttributesCommand({ UserPoolId: pool, Username: user, UserAttributes }),
    );
  }

  async setEnabled(region: string, pool: string, user: string, isEnabled: boolean): Promise<void> {
    const which = { UserPoolId: pool, Username: user };
    const client = new CognitoIdentityProviderClient({ region });
    if (isEnabled) await client.send(new AdminEnableUserCommand(which));
    else await client.send(new AdminDisableUserCommand(which));
  }

  async signOutEverywhere(region: string, pool: string, user: string): Promise<void> {
    await new CognitoIdentityProviderClient({ region }).send(new AdminUserGlobalSignOutCommand({ UserPoolId: pool, Username: user }));
  }

  async signInAsAdmin(region: string, pool: string, client: string, user: string, password: string): Promise<string> {
    const { AuthenticationResult, ChallengeName } = await new CognitoIdentityProviderClient({ region }).send(
      new AdminInitiateAuthCommand({
        UserPoolId: pool,
        ClientId: client,
        AuthFlow: "ADMIN_USER_PASSWORD_AUTH",
        AuthParameters: { USERNAME: user, PASSWORD: password },
      }),
    );
    const token = AuthenticationResult?.RefreshToken;
    if (!token) throw new Error(`Cognito gives no refresh token, but ${ChallengeName ?? "nothing"}`);
    return token;
  }
}
