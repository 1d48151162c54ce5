import { Duration } from "aws-cdk-lib";
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
  /** Periods in a row. @default 3 */
  readonly periods?: number;
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
    if (props.email) topic.addSubscription(new EmailSubscription(props.email));
    this.action = new SnsAction(topic);
    this.dashboard = new Dashboard(this, "Dashboard", { dashboardName: props.names.of(props.part) });
  }

  /** Shows a metric, and raises an alarm when it is at or above its threshold. */
  alarm(name: string, { metric, threshold, periods = 3, meaning }: Threshold): Alarm {
    const alarm = new Alarm(this, name, {
      alarmName: this.names.of(name),
      alarmDescription: meaning,
      metric,
      threshold,
      evaluationPeriods: periods,
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

/** A metric of AWS's over a minute. */
export function perMinute(namespace: string, metricName: string, dimensionsMap: Record<string, string>, statistic = "Sum") {
  return new Metric({ namespace, metricName, dimensionsMap, statistic, period: Duration.minutes(1) });
}

/** How often a metric was 0, which Cognito writes for each failure. */
export function failures(namespace: string, metricName: string, dimensions: Record<string, string>): IMetric {
  return new MathExpression({
    expression: "all - good",
    usingMetrics: {
      all: perMinute(namespace, metricName, dimensions, "SampleCount"),
      good: perMinute(namespace, metricName, dimensions, "Sum"),
    },
    label: `${metricName} that were none`,
    period: Duration.minutes(1),
  });
}
