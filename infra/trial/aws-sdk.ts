import { CloudWatchClient, GetMetricStatisticsCommand, paginateDescribeAlarms, SetAlarmStateCommand } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogsClient, paginateDescribeLogGroups } from "@aws-sdk/client-cloudwatch-logs";
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
}
