// Metrics that templates name, in alarms and in dashboards.

import type { TemplateJson, Templates } from "../../templates.ts";

/** One metric that an alarm or a dashboard looks at. */
export interface Watched {
  readonly stack: keyof Templates;
  /** Logical id of the alarm or dashboard. */
  readonly by: string;
  readonly isAlarm: boolean;
  readonly namespace: string;
  readonly name: string;
  /** Values that CloudFormation works out are objects, or `?` in dashboards. */
  readonly dimensions: Readonly<Record<string, unknown>>;
  readonly statistic: string;
  readonly seconds: number;
}

/** A query of Metrics Insights that an alarm makes. */
export interface Query {
  readonly by: string;
  readonly text: string;
  readonly seconds: number;
  readonly periods: number;
}

const record = (dimensions: any[] = []) => Object.fromEntries(dimensions.map(({ Name, Value }) => [Name, Value]));

const stacks = (templates: Templates) => Object.entries(templates) as [keyof Templates, TemplateJson][];

function ofType(templates: Templates, type: string) {
  return stacks(templates).flatMap(([stack, { Resources }]) =>
    Object.entries(Resources).flatMap(([id, { Type, Properties }]) => (Type === type ? [{ stack, id, properties: Properties }] : [])),
  );
}

/** Every alarm: its stack, logical id and properties. */
export const alarms = (templates: Templates) => ofType(templates, "AWS::CloudWatch::Alarm");

function inAlarms(templates: Templates): Watched[] {
  return alarms(templates).flatMap(({ stack, id, properties }) => {
    const common = { stack, by: id, isAlarm: true };
    const single = properties["MetricName"]
      ? [{ Metric: properties, Stat: properties["Statistic"] ?? properties["ExtendedStatistic"], Period: properties["Period"] }]
      : [];
    const several = (properties["Metrics"] ?? []).flatMap(({ MetricStat }: any) => MetricStat ?? []);
    return [...single, ...several].map(({ Metric, Stat, Period }) => ({
      ...common,
      namespace: Metric.Namespace,
      name: Metric.MetricName,
      dimensions: record(Metric.Dimensions),
      statistic: Stat,
      seconds: Period,
    }));
  });
}

/** A dashboard's body is JSON, in which CloudFormation replaces some pieces. */
function parseBody(body: any): any {
  const pieces: unknown[] = typeof body === "string" ? [body] : body["Fn::Join"][1];
  return JSON.parse(pieces.map((piece) => (typeof piece === "string" ? piece : "?")).join(""));
}

function inDashboards(templates: Templates): Watched[] {
  return ofType(templates, "AWS::CloudWatch::Dashboard").flatMap(({ stack, id, properties }) =>
    parseBody(properties["DashboardBody"]).widgets.flatMap(({ properties: widget }: any) =>
      (widget.metrics ?? []).flatMap((row: any[]) => {
        if (typeof row[0] !== "string") return [];
        const [namespace, name, ...rest] = row.filter((item) => typeof item === "string");
        const dimensions: Record<string, unknown> = {};
        for (let index = 0; index < rest.length; index += 2) dimensions[rest[index]!] = rest[index + 1];
        const { stat = "Average", period = 300 } = row.find((item) => typeof item === "object") ?? {};
        return [{ stack, by: id, isAlarm: false, namespace, name, dimensions, statistic: stat, seconds: period }];
      }),
    ),
  );
}

export function watched(templates: Templates): Watched[] {
  return [...inAlarms(templates), ...inDashboards(templates)];
}

export function queries(templates: Templates): Query[] {
  return alarms(templates).flatMap(({ id, properties }) =>
    (properties["Metrics"] ?? [])
      .filter(({ Expression }: any) => /^\s*SELECT\b/i.test(Expression ?? ""))
      .map(({ Expression, Period }: any) => ({ by: id, text: Expression, seconds: Period, periods: properties["EvaluationPeriods"] })),
  );
}
