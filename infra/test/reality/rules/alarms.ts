import { GLOBAL_REGION, regionOf } from "../../../lib/names.ts";
import { all, only, type Templates } from "../../templates.ts";
import { COGNITO_CATEGORIES, GLOBAL_NAMESPACE, PUBLISHED } from "../aws/metrics.ts";
import { alarms, queries, watched, type Watched } from "../aws/watched.ts";
import type { Rule } from "../rule.ts";

const published = ({ namespace, name }: Pick<Watched, "namespace" | "name">) =>
  PUBLISHED.find((entry) => entry.namespace === namespace && entry.names.includes(name));

const metricOf = ({ by, namespace, name }: Watched) => `${by}: ${namespace} ${name}`;

const sameNames = (some: readonly string[], others: readonly string[]) => some.toSorted().join() === others.toSorted().join();

const alarm = (templates: Templates, name: string) => {
  const found = alarms(templates).find(({ properties }) => properties["AlarmName"] === `edgeward-test-${name}`);
  if (!found) throw new Error(`there is no alarm ${name}`);
  return found.properties;
};

/** The topics that alarms notify, with their policies; a topic and its alarms are in one stack. */
function notified(templates: Templates) {
  return Object.values(templates).flatMap((template) => {
    const ids = new Set(all(template, "AWS::CloudWatch::Alarm").flatMap(({ Properties: { AlarmActions = [], OKActions = [] } }) =>
      [...AlarmActions, ...OKActions].flatMap(({ Ref }) => Ref ?? []),
    ));
    return [...ids].map((id) => ({
      id,
      topic: template.Resources[id]!.Properties,
      policies: all(template, "AWS::SNS::TopicPolicy").filter(({ Properties }) => Properties["Topics"].some(({ Ref }: any) => Ref === id)),
    }));
  });
}

const allowsAlarms = ({ Effect, Action, Principal }: any) =>
  Effect === "Allow" && [Action].flat().some((action) => /^(sns:Publish|sns:\*)$/i.test(action)) && Principal?.Service === "cloudwatch.amazonaws.com";

/** What AWS calls the firewalls of a stack in their metrics. */
const firewalls = (templates: Templates, scope: string) =>
  Object.values(templates).flatMap((template) =>
    all(template, "AWS::WAFv2::WebACL").flatMap(({ Properties: { Name, Scope, VisibilityConfig } }) =>
      Scope === scope && VisibilityConfig.MetricName === Name ? [Name] : [],
    ),
  );

export const ALARM_RULES: readonly Rule[] = [
  {
    name: "AWS publishes every metric that an alarm or a dashboard names, with these dimensions and this statistic",
    source: PUBLISHED.map(({ source }) => source).join(" "),
    broken: (templates) =>
      watched(templates).flatMap((metric) => {
        const known = published(metric);
        if (!known) return [`${metricOf(metric)} is not published`];
        const names = Object.keys(metric.dimensions);
        const problems = known.dimensions.some((set) => sameNames(set, names)) ? [] : [`no metric has the dimensions ${names.join(", ")}`];
        if (known.statistics && !known.statistics.includes(metric.statistic)) problems.push(`${metric.statistic} means nothing`);
        return problems.map((problem) => `${metricOf(metric)}: ${problem}`);
      }),
    mutate: (templates) => void (alarm(templates, "alb-5xx").MetricName = "HTTPCode_LoadBalancer_5XX"),
  },
  {
    name: "CloudFront's metrics are in us-east-1 only, for the region Global",
    source:
      "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html " +
      "https://github.com/aws/aws-cdk/issues/30483",
    broken: (templates) =>
      watched(templates)
        .filter(({ namespace }) => namespace === GLOBAL_NAMESPACE)
        // A dashboard may name another region's metrics, but then they are in a widget of that region.
        .filter(({ stack, dimensions }) => regionOf(stack, "home") !== GLOBAL_REGION || dimensions["Region"] !== "Global")
        .map((metric) => `${metricOf(metric)} is asked for in the stack ${metric.stack}`),
    mutate: (templates) => {
      const [id, resource] = Object.entries(templates.watch.Resources).find(([, { Properties }]) => Properties["MetricName"] === "5xxErrorRate")!;
      delete templates.watch.Resources[id];
      const topic = Object.entries(templates.server.Resources).find(([, { Type }]) => Type === "AWS::SNS::Topic")![0];
      templates.server.Resources[id] = { ...resource, Properties: { ...resource.Properties, AlarmActions: [{ Ref: topic }], OKActions: [] } };
    },
  },
  {
    name: "an alarm's period is no shorter than the interval at which AWS publishes its metric",
    source: PUBLISHED.map(({ source }) => source).join(" "),
    broken: (templates) =>
      watched(templates).flatMap((metric) => {
        const least = published(metric)?.seconds ?? 0;
        return metric.isAlarm && metric.seconds < least ? [`${metricOf(metric)} every ${metric.seconds} s is published every ${least} s`] : [];
      }),
    mutate: (templates) => void (alarm(templates, "cognito-sign-in-throttles").Period = 60),
  },
  {
    name: "the policy of an alarm's topic allows CloudWatch to publish: a policy replaces SNS's default one",
    source:
      "https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html#sns-allow-cloudwatch-alarm-to-publish-to-topic-in-another-account " +
      "https://github.com/aws-solutions/automated-security-response-on-aws/issues/43",
    broken: (templates) =>
      notified(templates).flatMap(({ id, policies }) => {
        const statements = policies.flatMap(({ Properties }) => Properties["PolicyDocument"].Statement);
        return policies.length === 0 || statements.some(allowsAlarms) ? [] : [`${id}: no statement of its policy allows cloudwatch.amazonaws.com`];
      }),
    mutate: (templates) => {
      const policy = only(templates.server, "AWS::SNS::TopicPolicy").Properties["PolicyDocument"];
      policy.Statement = policy.Statement.filter(({ Effect }: any) => Effect === "Deny");
    },
  },
  {
    name: "an alarm's topic is not encrypted with a key that CloudWatch may not use, such as SNS's own",
    source: "https://github.com/ASFHyP3/hyp3/issues/762 https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns",
    broken: (templates) =>
      notified(templates).flatMap(({ id, topic }) => (topic["KmsMasterKeyId"] ? [`${id}: CloudWatch may not use its key`] : [])),
    mutate: (templates) => void (only(templates.server, "AWS::SNS::Topic").Properties["KmsMasterKeyId"] = "alias/aws/sns"),
  },
  {
    name: "a firewall's metric carries its metric name, and the region unless it is CloudFront's",
    source: "https://docs.aws.amazon.com/waf/latest/developerguide/waf-metrics.html",
    broken: (templates) =>
      watched(templates)
        .filter(({ namespace }) => namespace === "AWS/WAFV2")
        .filter(({ dimensions: { WebACL, Region } }) => !firewalls(templates, Region ? "REGIONAL" : "CLOUDFRONT").includes(WebACL as string))
        .map((metric) => `${metricOf(metric)} of ${JSON.stringify(metric.dimensions)} is no firewall's`),
    mutate: (templates) => {
      const { VisibilityConfig } = only(templates.server, "AWS::WAFv2::WebACL").Properties;
      VisibilityConfig.MetricName = "renamed";
    },
  },
  {
    name: "only a cluster with Container Insights has metrics of its services",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/deploy-container-insights-ECS-cluster.html",
    broken: (templates) => {
      const isWatched = watched(templates).some(({ namespace }) => namespace === "ECS/ContainerInsights");
      const clusters = Object.entries(templates.server.Resources).filter(([, { Type }]) => Type === "AWS::ECS::Cluster");
      const reports = (settings: any[] = []) => settings.some(({ Name, Value }) => Name === "containerInsights" && /^enabled|enhanced$/.test(Value));
      const silent = clusters.filter(([, { Properties }]) => !reports(Properties["ClusterSettings"]));
      return isWatched ? silent.map(([id]) => `${id}: Container Insights is off`) : [];
    },
    mutate: (templates) => void delete only(templates.server, "AWS::ECS::Cluster").Properties["ClusterSettings"],
  },
  {
    name: "a query of Metrics Insights asks for a category that Cognito has a quota for",
    source:
      "https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html#category_operations " +
      "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch-metrics-insights-querylanguage.html",
    broken: (templates) =>
      queries(templates).flatMap(({ by, text }) => {
        const [, name = "", namespace = "", category = ""] =
          /^SELECT SUM\((\w+)\) FROM "([\w/]+)" WHERE Resource = '(\w+)'$/.exec(text) ?? [];
        if (published({ namespace, name }) && COGNITO_CATEGORIES.includes(category)) return [];
        return [`${by}: ${text} finds nothing`];
      }),
    mutate: (templates) => {
      const [query] = alarm(templates, "cognito-quota-usertoken").Metrics;
      query.Expression = query.Expression.replace("'UserToken'", "'RevokeToken'");
    },
  },
  {
    name: "an alarm on Metrics Insights looks back three hours at the most, in periods of a minute or more",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-limits.html",
    broken: (templates) =>
      queries(templates).flatMap(({ by, seconds, periods }) =>
        seconds >= 60 && seconds * periods <= 3 * 3600 ? [] : [`${by}: ${periods} periods of ${seconds} s`],
      ),
    mutate: (templates) => void (alarm(templates, "cognito-quota-usertoken").Metrics[0].Period = 4 * 3600),
  },
  {
    name: "an alarm looks back a day at the most",
    source: "https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
    broken: (templates) =>
      alarms(templates).flatMap(({ id, properties }) => {
        const periods = watched(templates).filter(({ by, isAlarm }) => isAlarm && by === id).map(({ seconds }) => seconds);
        return periods.some((seconds) => seconds * properties["EvaluationPeriods"] > 86_400) ? [`${id}: it looks back more than a day`] : [];
      }),
    mutate: (templates) => void (alarm(templates, "origin-unhealthy").EvaluationPeriods = 2000),
  },
];
