import { ArnFormat, Duration, Stack } from "aws-cdk-lib";
import {
  Alarm,
  ComparisonOperator,
  Dashboard,
  GraphWidget,
  MathExpression,
  Metric,
  TreatMissingData,
  type IMetric,
} from "aws-cdk-lib/aws-cloudwatch";
import { SnsAction } from "aws-cdk-lib/aws-cloudwatch-actions";
import { PolicyStatement, ServicePrincipal } from "aws-cdk-lib/aws-iam";
import { Topic } from "aws-cdk-lib/aws-sns";
import { EmailSubscription } from "aws-cdk-lib/aws-sns-subscriptions";
import { Construct } from "constructs";
import type { Names } from "../names.ts";

export interface WatchProps {
  readonly names: Names;
  /** What the watch is about: part of the alarms' names. */
  readonly part: string;
  /** Who is told. @default nobody: the alarms stand in the console */
  readonly email: string | undefined;
}

export interface Threshold {
  readonly metric: IMetric;
  readonly threshold: number;
  /** Periods that are looked at. @default 3 */
  readonly periods?: number;
  /** How many of them must be at or above the threshold. @default all */
  readonly breaching?: number;
  /** What it means, and what to look at first. */
  readonly meaning: string;
}

/** Alarms, the topic they go to, and a dashboard that shows what they look at. */
export class Watch extends Construct {
  private readonly action: SnsAction;
  private readonly dashboard: Dashboard;
  private readonly names: Names;

  constructor(scope: Construct, id: string, props: WatchProps) {
    super(scope, id);
    this.names = props.names;
    const topic = new Topic(this, "Topic", { topicName: props.names.of(`${props.part}-alarms`), enforceSSL: true });
    allowAlarms(topic, props.names);
    if (props.email) topic.addSubscription(new EmailSubscription(props.email));
    this.action = new SnsAction(topic);
    this.dashboard = new Dashboard(this, "Dashboard", { dashboardName: props.names.of(props.part) });
  }

  /** Shows a metric, and raises an alarm when it is at or above its threshold. */
  alarm(name: string, { metric, threshold, periods = 3, breaching = periods, meaning }: Threshold): Alarm {
    const alarm = new Alarm(this, name, {
      alarmName: this.names.of(name),
      alarmDescription: meaning,
      metric,
      threshold,
      evaluationPeriods: periods,
      ...(breaching === periods ? {} : { datapointsToAlarm: breaching }),
      comparisonOperator: ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
      treatMissingData: TreatMissingData.NOT_BREACHING,
    });
    alarm.addAlarmAction(this.action);
    alarm.addOkAction(this.action);
    this.dashboard.addWidgets(
      new GraphWidget({ title: name, left: [metric], leftAnnotations: [alarm.toAnnotation()], width: 8 }),
    );
    return alarm;
  }
}

/** A topic's policy replaces SNS's default one, which would let CloudWatch publish. */
function allowAlarms(topic: Topic, names: Names) {
  const stack = Stack.of(topic);
  const alarms = stack.formatArn({
    service: "cloudwatch",
    resource: "alarm",
    resourceName: names.of("*"),
    arnFormat: ArnFormat.COLON_RESOURCE_NAME,
  });
  topic.addToResourcePolicy(
    new PolicyStatement({
      sid: "AllowAlarms",
      principals: [new ServicePrincipal("cloudwatch.amazonaws.com")],
      actions: ["sns:Publish"],
      resources: [topic.topicArn],
      conditions: { StringEquals: { "aws:SourceAccount": stack.account }, ArnLike: { "aws:SourceArn": alarms } },
    }),
  );
}

type Dimensions = Record<string, string>;

const metric = (minutes: number) => (namespace: string, metricName: string, dimensionsMap: Dimensions, statistic = "Sum") =>
  new Metric({ namespace, metricName, dimensionsMap, statistic, period: Duration.minutes(minutes) });

/** A metric of AWS's over a minute. */
export const perMinute = metric(1);

/** A metric of AWS's over five minutes: Cognito publishes its metrics no more often. */
export const perFiveMinutes = metric(5);

/** How often one of Cognito's metrics was 0, which Cognito writes for each failure, in five minutes. */
export function failures(metricName: string, dimensions: Dimensions): IMetric {
  return new MathExpression({
    expression: "all - good",
    usingMetrics: {
      all: perFiveMinutes("AWS/Cognito", metricName, dimensions, "SampleCount"),
      good: perFiveMinutes("AWS/Cognito", metricName, dimensions, "Sum"),
    },
    label: `${metricName} that were none`,
  });
}

/** How many tasks of a service are missing. Container Insights writes both numbers each minute. */
export function missingTasks(service: { ClusterName: string; ServiceName: string }): IMetric {
  const count = (name: string) => perMinute("ECS/ContainerInsights", name, service, "Average");
  return new MathExpression({
    expression: "desired - running",
    usingMetrics: { desired: count("DesiredTaskCount"), running: count("RunningTaskCount") },
    label: "missing tasks",
    period: Duration.minutes(1),
  });
}
