// The properties that matter for security: each tells whether it holds, and has a change that breaks it.

import { userPoolId } from "./firewall/firewalls.ts";
import { text } from "./firewall/template.ts";
import { all, only, type Resource, type Templates } from "./templates.ts";

export interface Property {
  readonly name: string;
  readonly holds: (templates: Templates) => boolean;
  /** Makes it fail, and must make nothing else fail. */
  readonly mutate: (templates: Templates) => void;
}

const pool = (t: Templates) => only(t.security, "AWS::Cognito::UserPool");
const client = (t: Templates) => only(t.security, "AWS::Cognito::UserPoolClient").Properties;
const task = (t: Templates) => only(t.server, "AWS::ECS::TaskDefinition").Properties;
const container = (t: Templates) => task(t).ContainerDefinitions[0];
const service = (t: Templates) => only(t.server, "AWS::ECS::Service").Properties;
const balancer = (t: Templates) => only(t.server, "AWS::ElasticLoadBalancingV2::LoadBalancer").Properties;
const distribution = (t: Templates) => only(t.server, "AWS::CloudFront::Distribution").Properties.DistributionConfig;
const acls = (t: Templates) => [t.global, t.security, t.server].map((template) => only(template, "AWS::WAFv2::WebACL").Properties);
const firewallLogs = (t: Templates) =>
  [t.global, t.security, t.server].map((template) => only(template, "AWS::WAFv2::LoggingConfiguration").Properties);
const firewallRule = (t: Templates, stack: keyof Templates, name: string) =>
  only(t[stack], "AWS::WAFv2::WebACL").Properties["Rules"].find((rule: any) => rule.Name === name);
const albAcl = (t: Templates) => only(t.server, "AWS::WAFv2::WebACL").Properties;
const attribute = (t: Templates, key: string) => balancer(t).LoadBalancerAttributes.find((a: any) => a.Key === key);
const buckets = (t: Templates): Resource[] => all(t.server, "AWS::S3::Bucket");

/** Managed groups that stop requests, by firewall. */
const STOPPING = {
  global: ["ip-reputation", "known-bad-inputs"],
  security: ["ip-reputation", "known-bad-inputs", "common"],
  server: ["known-bad-inputs"],
};
const REDACTED = ["authorization", "cookie", "x-edgeward-identity", "x-origin-secret"];

/** Statements of a role's policies. */
function statements(t: Templates, stack: keyof Templates, holder: string): any[] {
  const policies = Object.entries(t[stack].Resources).filter(
    ([id, resource]) => resource.Type === "AWS::IAM::Policy" && id.startsWith(holder),
  );
  return policies.flatMap(([, policy]) => policy.Properties.PolicyDocument.Statement);
}
const taskStatements = (t: Templates) => statements(t, "server", "OriginTaskTaskRole");
/** The replicas of both stacks that have some, and what the role of each stack may do with parameters. */
const replications = (t: Templates) =>
  (["global", "server"] as const).map((stack) => ({
    names: all(t[stack], "Custom::ParameterReplica").map(({ Properties }) => Properties["name"]),
    statements: statements(t, stack, "ReplicasRole").filter((s) => JSON.stringify(s.Action).includes("ssm:")),
  }));

const ingress = (t: Templates) =>
  all(t.server, "AWS::EC2::SecurityGroup").flatMap((group) => group.Properties.SecurityGroupIngress ?? []);

export const PROPERTIES: Property[] = [
  {
    name: "the user pool and its users outlive the stack",
    holds: (t) => pool(t).DeletionPolicy === "RetainExceptOnCreate" && pool(t).Properties.DeletionProtection === "ACTIVE",
    mutate: (t) => void (pool(t).Properties.DeletionProtection = "INACTIVE"),
  },
  {
    name: "nobody signs themselves up unless the settings say so",
    holds: (t) => pool(t).Properties.AdminCreateUserConfig.AllowAdminCreateUserOnly === true,
    mutate: (t) => void (pool(t).Properties.AdminCreateUserConfig.AllowAdminCreateUserOnly = false),
  },
  {
    name: "passwords are long",
    holds: (t) => pool(t).Properties.Policies.PasswordPolicy.MinimumLength >= 12,
    mutate: (t) => void (pool(t).Properties.Policies.PasswordPolicy.MinimumLength = 8),
  },
  {
    name: "a second factor is offered, and never by SMS",
    holds: (t) =>
      pool(t).Properties.MfaConfiguration !== "OFF" && pool(t).Properties.EnabledMfas.join() === "SOFTWARE_TOKEN_MFA",
    mutate: (t) => void (pool(t).Properties.EnabledMfas = ["SMS_MFA"]),
  },
  {
    name: "the app client is confidential",
    holds: (t) => client(t).GenerateSecret === true,
    mutate: (t) => void (client(t).GenerateSecret = false),
  },
  {
    name: "the app client has the code flow only",
    holds: (t) => client(t).AllowedOAuthFlows.join() === "code" && client(t).AllowedOAuthFlowsUserPoolClient === true,
    mutate: (t) => client(t).AllowedOAuthFlows.push("implicit"),
  },
  {
    name: "the app client sends codes to the edge only",
    holds: (t) => client(t).CallbackURLs.join() === "https://mcp.example.com/callback",
    mutate: (t) => client(t).CallbackURLs.push("http://localhost/callback"),
  },
  {
    name: "refresh tokens rotate, with a minute of grace",
    holds: (t) =>
      client(t).RefreshTokenRotation?.Feature === "ENABLED" && client(t).RefreshTokenRotation.RetryGracePeriodSeconds === 60,
    mutate: (t) => void (client(t).RefreshTokenRotation.Feature = "DISABLED"),
  },
  {
    name: "tokens can be revoked",
    holds: (t) => client(t).EnableTokenRevocation === true,
    mutate: (t) => void (client(t).EnableTokenRevocation = false),
  },
  {
    name: "an unknown user looks like a wrong password",
    holds: (t) => client(t).PreventUserExistenceErrors === "ENABLED",
    mutate: (t) => void (client(t).PreventUserExistenceErrors = "LEGACY"),
  },
  {
    name: "managed rules stop known attacks, and the login pages are inspected as well",
    holds: (t) =>
      Object.entries(STOPPING).every(([stack, names]) =>
        names.every((name) => {
          const rule = firewallRule(t, stack as keyof Templates, name);
          return rule.Statement.ManagedRuleGroupStatement !== undefined && rule.OverrideAction.None !== undefined;
        }),
      ),
    mutate: (t) => void (firewallRule(t, "security", "common").OverrideAction = { Count: {} }),
  },
  {
    name: "only the edge's calls pass the login pages' firewall without being looked at",
    holds: (t) => {
      const paths = acls(t)[1]!.Rules.map(({ Statement }: any) => {
        const { ScopeDownStatement: scope } = Statement.RateBasedStatement ?? Statement.ManagedRuleGroupStatement;
        return scope.NotStatement.Statement.OrStatement.Statements.map(({ ByteMatchStatement: match }: any) =>
          [match.PositionalConstraint, match.TextTransformations.map(({ Type }: any) => Type), text(match.SearchString)].join(" "),
        );
      });
      const unseen = ["/oauth2/token", "/oauth2/revoke", "/oauth2/userInfo", `/${userPoolId(t)}/.well-known/jwks.json`];
      return paths.every((some: string[]) => some.join() === unseen.map((path) => `EXACTLY NONE ${path}`).join());
    },
    mutate: (t) => {
      const { ScopeDownStatement: scope } = firewallRule(t, "security", "rate").Statement.RateBasedStatement;
      scope.NotStatement.Statement.OrStatement.Statements[0].ByteMatchStatement.PositionalConstraint = "STARTS_WITH";
    },
  },
  {
    name: "no rule lets a request through before the others have seen it",
    holds: (t) => acls(t).every(({ Rules }) => Rules.every((rule: any) => rule.Action?.Allow === undefined)),
    mutate: (t) => acls(t)[2]!.Rules.push({ Name: "health", Action: { Allow: {} }, Statement: {}, Priority: 99 }),
  },
  {
    name: "every firewall limits rates",
    holds: (t) => acls(t).every(({ Rules }) => Rules.some((r: any) => r.Statement.RateBasedStatement && r.Action.Block)),
    mutate: (t) => void (acls(t)[1]!.Rules = acls(t)[1]!.Rules.filter((r: any) => !r.Statement.RateBasedStatement)),
  },
  {
    name: "bodies that are too long do not get to the origin",
    holds: (t) =>
      (["global", "server"] as const).every((stack) => {
        const { Action, Statement } = firewallRule(t, stack, "body-size");
        return Action.Block?.CustomResponse.ResponseCode === 413 && Statement.RegexMatchStatement.FieldToMatch.SingleHeader.Name === "content-length";
      }),
    mutate: (t) => void (firewallRule(t, "global", "body-size").Action = { Count: {} }),
  },
  {
    name: "firewalls' logs hold no credentials",
    holds: (t) =>
      firewallLogs(t).every(({ RedactedFields }) =>
        REDACTED.every((name) => RedactedFields.some((field: any) => field.SingleHeader.Name === name)),
      ),
    mutate: (t) => firewallLogs(t)[0]!.RedactedFields.shift(),
  },
  {
    name: "the load balancer's firewall lets only CloudFront through, with either of two values",
    holds: (t) => {
      const rule = albAcl(t).Rules.find((r: any) => r.Name === "origin-secret");
      const values = rule?.Statement.NotStatement?.Statement.OrStatement?.Statements;
      return (
        rule?.Action.Block !== undefined &&
        values?.length === 2 &&
        values.every((v: any) => v.ByteMatchStatement.FieldToMatch.SingleHeader.Name === "x-origin-secret")
      );
    },
    mutate: (t) => void (albAcl(t).Rules.find((r: any) => r.Name === "origin-secret").Action = { Count: {} }),
  },
  {
    name: "secrets stand in no template",
    holds: (t) =>
      JSON.stringify(distribution(t).Origins).includes("{{resolve:secretsmanager:") &&
      JSON.stringify(albAcl(t).Rules).includes("{{resolve:secretsmanager:"),
    mutate: (t) => void (distribution(t).Origins[0].OriginCustomHeaders[0].HeaderValue = "open sesame"),
  },
  {
    name: "the firewalls stand before what they protect",
    holds: (t) =>
      distribution(t).WebACLId !== undefined &&
      all(t.server, "AWS::WAFv2::WebACLAssociation").length === 1 &&
      all(t.security, "AWS::WAFv2::WebACLAssociation").length === 1,
    mutate: (t) => void delete distribution(t).WebACLId,
  },
  {
    name: "the load balancer is not on the internet",
    holds: (t) => balancer(t).Scheme === "internal" && distribution(t).Origins.every((o: any) => o.VpcOriginConfig),
    mutate: (t) => void (balancer(t).Scheme = "internet-facing"),
  },
  {
    name: "the load balancer drops what proxies disagree about, and logs",
    holds: (t) =>
      attribute(t, "routing.http.drop_invalid_header_fields.enabled")?.Value === "true" &&
      attribute(t, "routing.http.desync_mitigation_mode")?.Value === "defensive" &&
      attribute(t, "access_logs.s3.enabled")?.Value === "true",
    mutate: (t) => void (attribute(t, "routing.http.desync_mitigation_mode").Value = "monitor"),
  },
  {
    name: "nothing is open to the world",
    holds: (t) => ingress(t).every((rule) => rule.CidrIp !== "0.0.0.0/0"),
    mutate: (t) => {
      const group = all(t.server, "AWS::EC2::SecurityGroup").find((g) => g.Properties.SecurityGroupIngress);
      group!.Properties.SecurityGroupIngress[0].CidrIp = "0.0.0.0/0";
    },
  },
  {
    name: "CloudFront speaks https only, and keeps nothing",
    holds: (t) =>
      distribution(t).DefaultCacheBehavior.ViewerProtocolPolicy === "https-only" &&
      // CachingDisabled
      distribution(t).DefaultCacheBehavior.CachePolicyId === "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
    mutate: (t) => void (distribution(t).DefaultCacheBehavior.ViewerProtocolPolicy = "allow-all"),
  },
  {
    name: "CloudFront holds no stream back",
    holds: (t) => distribution(t).DefaultCacheBehavior.Compress === false,
    mutate: (t) => void (distribution(t).DefaultCacheBehavior.Compress = true),
  },
  {
    name: "the container is nobody's and cannot write",
    holds: (t) =>
      container(t).ReadonlyRootFilesystem === true && container(t).User === "65532:65532" && container(t).Privileged === false,
    mutate: (t) => void (container(t).ReadonlyRootFilesystem = false),
  },
  {
    name: "tasks have no public address",
    holds: (t) => service(t).NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp === "DISABLED",
    mutate: (t) => void (service(t).NetworkConfiguration.AwsvpcConfiguration.AssignPublicIp = "ENABLED"),
  },
  {
    name: "a bad deployment is rolled back",
    holds: (t) => service(t).DeploymentConfiguration.DeploymentCircuitBreaker.Rollback === true,
    mutate: (t) => void (service(t).DeploymentConfiguration.DeploymentCircuitBreaker.Rollback = false),
  },
  {
    name: "nobody opens a shell in a task",
    holds: (t) => service(t).EnableExecuteCommand === false,
    mutate: (t) => void (service(t).EnableExecuteCommand = true),
  },
  {
    name: "the origin reads its own parameters and nothing else",
    holds: (t) =>
      taskStatements(t).length > 0 &&
      taskStatements(t).every(
        (s) =>
          [s.Action].flat().every((a: string) => a.startsWith("ssm:Get")) &&
          JSON.stringify(s.Resource).match(/parameter\/edgeward\/[a-z0-9-]+\/origin/g)?.length === [s.Resource].flat().length,
      ),
    mutate: (t) => void (taskStatements(t)[0].Resource = "*"),
  },
  {
    name: "the replications write their own parameters and nothing else",
    holds: (t) =>
      replications(t).every(
        ({ names, statements }) =>
          names.length === statements.length &&
          names.every((name) => statements.some((s) => JSON.stringify(s.Resource).endsWith(`:parameter${name}"]]}`))),
      ),
    mutate: (t) => void (replications(t)[1]!.statements[0].Resource = "*"),
  },
  {
    name: "buckets are private and encrypted",
    holds: (t) =>
      buckets(t).every(
        ({ Properties: p }) =>
          Object.values(p.PublicAccessBlockConfiguration).every((value) => value === true) && p.BucketEncryption !== undefined,
      ),
    mutate: (t) => void (buckets(t)[0]!.Properties.PublicAccessBlockConfiguration.BlockPublicPolicy = false),
  },
];
