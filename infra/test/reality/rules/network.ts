import { unsupportedZone } from "../../../lib/regions.ts";
import { ORIGIN_FACING } from "../../../lib/server/prefix-list.ts";
import { all, type Templates } from "../../templates.ts";
import { entries, entriesOfAll, first, homeRegion, refersTo } from "../find.ts";
import type { Rule } from "../rule.ts";

interface Ingress {
  readonly id: string;
  readonly group: string;
  readonly rule: Record<string, any>;
}

/** The ingress rules of all groups, wherever they are written. */
function ingress({ server }: Templates): Ingress[] {
  return entries(server, "AWS::EC2::SecurityGroup").flatMap(([group, { Properties }]) => [
    ...(Properties["SecurityGroupIngress"] ?? []).map((rule: any) => ({ id: group, group, rule })),
    ...entries(server, "AWS::EC2::SecurityGroupIngress").flatMap(([id, { Properties: rule }]) =>
      refersTo(rule["GroupId"], group) ? [{ id, group, rule }] : [],
    ),
  ]);
}

/** The groups of load balancers that CloudFront reaches through a VPC origin. */
function balancerGroups({ server }: Templates): string[] {
  const origins = all(server, "AWS::CloudFront::VpcOrigin").map(({ Properties }) => Properties["VpcOriginEndpointConfig"].Arn);
  const balancers = entries(server, "AWS::ElasticLoadBalancingV2::LoadBalancer").filter(([id]) => origins.some((arn) => refersTo(arn, id)));
  return entries(server, "AWS::EC2::SecurityGroup").flatMap(([group]) =>
    balancers.some(([, { Properties }]) => refersTo(Properties["SecurityGroups"], group)) ? [group] : [],
  );
}

/** Whether a rule's source is the id that a lookup of CloudFront's list found. */
const isOriginFacing = ({ server }: Templates, { SourcePrefixListId }: Ingress["rule"]) =>
  entries(server, "Custom::PrefixList").some(
    ([id, { Properties }]) => refersTo(SourcePrefixListId, id) && JSON.stringify(Properties).includes(ORIGIN_FACING),
  );

const prefixListRule = (t: Templates) => first(ingress(t).filter(({ rule }) => rule["SourcePrefixListId"])).rule;

/** Rules that CloudFront's list counts for, and rules that a group has. */
const LIST_WEIGHT = 55;
const MOST_RULES = 60;

/** Characters of descriptions: no apostrophe, for one. */
const DESCRIPTION = /^[a-zA-Z0-9. _\-:/()#,@[\]+=&;{}!$*]{0,255}$/;

/** Subnets of load balancers behind a VPC origin. */
function balancerSubnets({ server }: Templates) {
  const balancers = all(server, "AWS::ElasticLoadBalancingV2::LoadBalancer");
  return entries(server, "AWS::EC2::Subnet").filter(([id]) => balancers.some(({ Properties }) => refersTo(Properties["Subnets"], id)));
}

const zoneOf = ({ Properties }: { Properties: Record<string, any> }) => Properties["AvailabilityZoneId"] ?? Properties["AvailabilityZone"];

export const NETWORK_RULES: readonly Rule[] = [
  {
    name: "a load balancer behind a VPC origin admits CloudFront's addresses, which are not the VPC's",
    source:
      "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html: the security group must " +
      "allow the prefix list or the group of the VPC origin's network interfaces",
    broken: (t) =>
      balancerGroups(t).flatMap((group) => {
        const rules = ingress(t).filter((entry) => entry.group === group);
        const cidrs = rules.filter(({ rule }) => rule["CidrIp"] || rule["CidrIpv6"]);
        return [
          ...cidrs.map(({ id }) => `${id}: CloudFront does not call from these addresses`),
          ...(rules.some(({ rule }) => isOriginFacing(t, rule)) ? [] : [`${group}: does not admit ${ORIGIN_FACING}`]),
        ];
      }),
    mutate: (t) => {
      const rule = prefixListRule(t);
      delete rule["SourcePrefixListId"];
      rule["CidrIp"] = "10.0.0.0/16";
    },
  },
  {
    name: "a security group has 60 rules, of which CloudFront's prefix list takes 55, also while it is being changed",
    source:
      "https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html (weight) and " +
      "https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html (rules per group)",
    broken: (t) => {
      const weight = ({ rule }: Ingress) => (rule["SourcePrefixListId"] ? LIST_WEIGHT : 1);
      return entries(t.server, "AWS::EC2::SecurityGroup").flatMap(([group]) => {
        const sum = ingress(t).filter((entry) => entry.group === group).map(weight).reduce((a, b) => a + b, 0);
        return sum > MOST_RULES ? [`${group}: its rules weigh ${sum}`] : [];
      });
    },
    mutate: (t) => {
      const { group, rule } = first(ingress(t).filter((entry) => entry.rule["SourcePrefixListId"]));
      t.server.Resources["Second"] = { Type: "AWS::EC2::SecurityGroupIngress", Properties: { ...rule, GroupId: { Ref: group }, ToPort: 8443 } };
    },
  },
  {
    name: "a rule for a prefix list does not change with server.tls: there is no room for the new one beside the old one",
    source:
      "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-ec2-securitygroupingress.html (FromPort: " +
      "replacement; within a group the order of changes is not documented) and the weight of the list",
    broken: (t) =>
      ingress(t).flatMap(({ id, rule }) =>
        rule["SourcePrefixListId"] && !(rule["FromPort"] <= 80 && rule["ToPort"] >= 443) ? [`${id}: admits one of the ports 80 and 443 only`] : [],
      ),
    mutate: (t) => void (prefixListRule(t)["FromPort"] = 443),
  },
  {
    name: "EC2 takes few characters in descriptions of security groups and their rules",
    source: "botocore ec2 2016-11-15 CreateSecurityGroupRequest.Description: a-z, A-Z, 0-9, spaces, and ._-:/()#,@[]+=&;{}!$*",
    broken: (t) =>
      ["AWS::EC2::SecurityGroup", "AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"].flatMap((type) =>
        entriesOfAll(t, type).flatMap(([id, { Properties }]) => {
          const inline = [...(Properties["SecurityGroupIngress"] ?? []), ...(Properties["SecurityGroupEgress"] ?? [])];
          const texts = [Properties["GroupDescription"], Properties["Description"], ...inline.map(({ Description }) => Description)];
          return texts.flatMap((text) => (typeof text === "string" && !DESCRIPTION.test(text) ? [`${id}: ${text}`] : []));
        }),
      ),
    mutate: (t) => void (prefixListRule(t)["Description"] = "CloudFront's VPC origin"),
  },
  {
    name: "some availability zones cannot hold a VPC origin",
    source:
      "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-vpc-origins.html: use1-az3, usw1-az2, " +
      "apne1-az3, cac1-az3",
    broken: (t) => {
      const unsupported = unsupportedZone(homeRegion(t));
      if (!unsupported) return [];
      return balancerSubnets(t).flatMap(([id, { Properties }]) => {
        const zone = Properties["AvailabilityZoneId"];
        if (typeof zone !== "string") return [`${id}: names no zone by its id, so it may be in ${unsupported}`];
        return zone === unsupported ? [`${id}: is in ${zone}`] : [];
      });
    },
    settings: { region: "us-east-1" },
    mutate: (t) => void (first(balancerSubnets(t))[1].Properties["AvailabilityZoneId"] = "use1-az3"),
  },
  {
    name: "a load balancer has subnets in two zones",
    source: "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer",
    broken: (t) =>
      entries(t.server, "AWS::ElasticLoadBalancingV2::LoadBalancer").flatMap(([id]) => {
        const zones = balancerSubnets(t).map(([, subnet]) => JSON.stringify(zoneOf(subnet)));
        return new Set(zones).size < 2 ? [`${id}: all its subnets are in one zone`] : [];
      }),
    mutate: (t) => {
      const [[, one], [, other]] = balancerSubnets(t) as [any, any];
      other.Properties.AvailabilityZone = one.Properties.AvailabilityZone;
    },
  },
];
