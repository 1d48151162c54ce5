import { describe, expect, test } from "vitest";
import { all, only, synthesize, type TemplateJson, type Templates } from "./templates.ts";

/** Properties that name a thing in its account or region. */
const NAME = /^(Name|.*Name|RoleName|Family|Domain|Comment)$/;
/** Names that are of AWS's making. */
const NOT_PHYSICAL = new Set(["MetricName"]);
/** A role's own policies are named within it, and the domain of an address is a kind of network. */
const WITHOUT_NAME = new Set(["AWS::IAM::Policy", "AWS::EC2::EIP"]);

function physicalNames(template: TemplateJson): string[] {
  const resources = Object.values(template.Resources).filter(({ Type }) => !WITHOUT_NAME.has(Type));
  return resources.flatMap(({ Properties = {} }) =>
    Object.entries(Properties).flatMap(([key, value]) =>
      NAME.test(key) && !NOT_PHYSICAL.has(key) && typeof value === "string" ? [value] : [],
    ),
  );
}

describe("deployments", () => {
  test("two of one account share no physical name, and each name says whose it is", () => {
    const names = (deployment: string) => Object.values(synthesize(deployment)).flatMap(physicalNames);
    const [one, other] = [names("one"), names("other")];
    expect(one.length).toBeGreaterThan(20);
    expect(one.filter((name) => !name.includes("one"))).toEqual([]);
    expect(one.filter((name) => other.includes(name))).toEqual([]);
  });

  test("are the same each time", () => {
    expect(synthesize()).toEqual(synthesize());
  });

  test("whose servers are in us-east-1 replicate nothing", () => {
    const replicas = ({ global, server }: Templates) => [global, server].map((template) => all(template, "Custom::ParameterReplica"));
    expect(replicas(synthesize("test", { region: "us-east-1" }))).toEqual([[], []]);
    expect(replicas(synthesize())).toMatchObject([
      [{ Properties: { region: "eu-west-1", name: "/edgeward/test/stack/firewall-arn" } }],
      [{ Properties: { region: "us-east-1", name: "/edgeward/test/stack/distribution-id" } }],
    ]);
  });

  test("without NAT reach AWS through endpoints", () => {
    const count = (t: TemplateJson, type: string) => all(t, type).length;
    const nat = synthesize().server;
    const endpoints = synthesize("test", { server: { outbound: "endpoints" } }).server;
    expect([count(nat, "AWS::EC2::NatGateway"), count(nat, "AWS::EC2::VPCEndpoint")]).toEqual([2, 1]);
    expect([count(endpoints, "AWS::EC2::NatGateway"), count(endpoints, "AWS::EC2::VPCEndpoint")]).toEqual([0, 5]);
    const group = all(endpoints, "AWS::EC2::SecurityGroup").find(({ Properties }) => Properties.GroupName === "edgeward-test-endpoints");
    // An address that CloudFormation would work out is one that cdk-nag refuses to judge.
    expect(group?.Properties.SecurityGroupIngress).toMatchObject([{ CidrIp: "10.0.0.0/16", FromPort: 443 }]);
  });

  test.each([["origin:2", ":2"], [`origin@sha256:${"a".repeat(64)}`, "@sha256:aaa"]])("whose image is %s in ECR may pull it", (image, id) => {
    const { server } = synthesize("test", { server: { image: `210987654321.dkr.ecr.eu-west-1.amazonaws.com/${image}` } });
    const { ContainerDefinitions } = only(server, "AWS::ECS::TaskDefinition").Properties;
    expect(JSON.stringify(ContainerDefinitions[0].Image)).toContain(`/origin${id}`);
    const pulls = JSON.stringify(all(server, "AWS::IAM::Policy").filter((policy) => JSON.stringify(policy).includes("ecr:BatchGetImage")));
    expect(pulls).toContain("210987654321:repository/origin");
  });

  test("count with a rule instead of blocking where the settings say so", () => {
    const rule = (template: TemplateJson, name: string) =>
      only(template, "AWS::WAFv2::WebACL").Properties.Rules.find((r: any) => r.Name === name);
    const { security, server } = synthesize("test", { firewall: { count: ["common", "rate"] } });
    expect(rule(security, "common").OverrideAction).toEqual({ Count: {} });
    expect(rule(security, "known-bad-inputs").OverrideAction).toEqual({ None: {} });
    expect(rule(server, "rate").Action).toEqual({ Count: {} });
    expect(rule(server, "body-size").Action).toHaveProperty("Block");
  });

  test("for trying things out leave nothing behind", () => {
    const { security, server, global } = synthesize("test", { userPool: { retain: false } });
    expect(only(security, "AWS::Cognito::UserPool").DeletionPolicy).toBe("Delete");
    expect(all(server, "AWS::S3::Bucket").map((bucket) => bucket.DeletionPolicy)).toEqual(["Delete", "Delete"]);
    const resources = [security, server, global].flatMap((template) => Object.values(template.Resources));
    expect(resources.filter(({ DeletionPolicy }) => DeletionPolicy?.startsWith("Retain"))).toEqual([]);
  });

  test("keep what is retained, but not what a failed first deployment has made", () => {
    const { security, server } = synthesize();
    const retained = [only(security, "AWS::Cognito::UserPool"), ...all(server, "AWS::S3::Bucket")];
    expect(retained.map(({ DeletionPolicy }) => DeletionPolicy)).toEqual(Array(3).fill("RetainExceptOnCreate"));
  });

  test("protect no stack that is being created, or CloudFormation could not take it back", () => {
    const isProtected = ({ security, server }: Templates) => [
      only(security, "AWS::Cognito::UserPool").Properties.DeletionProtection === "ACTIVE",
      only(server, "AWS::ElasticLoadBalancingV2::LoadBalancer").Properties.LoadBalancerAttributes.some(
        ({ Key, Value }: any) => Key === "deletion_protection.enabled" && Value === "true",
      ),
    ];
    expect(isProtected(synthesize())).toEqual([true, true]);
    expect(isProtected(synthesize("test", {}, ["server"]))).toEqual([true, false]);
    expect(isProtected(synthesize("test", {}, ["global", "security", "server"]))).toEqual([false, false]);
  });

  test("send mails through SES where the settings name a sender", () => {
    const sender = (email?: object) => only(synthesize("test", { userPool: { email } }).security, "AWS::Cognito::UserPool").Properties.EmailConfiguration;
    expect(sender()).toEqual({ EmailSendingAccount: "COGNITO_DEFAULT" });
    const named = { from: "no-reply@example.com", fromName: "Acme", replyTo: "help@example.com", verifiedDomain: "example.com", region: "us-east-1" };
    const configured = sender(named);
    expect(configured).toMatchObject({ EmailSendingAccount: "DEVELOPER", From: "Acme <no-reply@example.com>", ReplyToEmailAddress: "help@example.com" });
    expect(JSON.stringify(configured.SourceArn)).toContain(":ses:us-east-1:123456789012:identity/example.com");
  });

  test("say what the DNS records of their own names lead to", () => {
    const certificateArn = "arn:aws:acm:us-east-1:123456789012:certificate/1";
    const { security, server } = synthesize("test", {
      userPool: { customDomain: { name: "login.example.com", certificateArn } },
      server: { domain: { name: "origin.example.com", certificateArn } },
    });
    expect(security.Outputs?.LoginAliasTarget?.Value["Fn::GetAtt"][1]).toBe("CloudFrontDistribution");
    expect(server.Outputs?.ServerAliasTarget?.Value["Fn::GetAtt"][1]).toBe("DomainName");
    const unnamed = synthesize();
    expect([unnamed.security.Outputs?.LoginAliasTarget, unnamed.server.Outputs?.ServerAliasTarget]).toEqual([undefined, undefined]);
  });

  test("have their identity providers, and secrets of theirs in no template", () => {
    const provider = { kind: "oidc", name: "corp", issuer: "https://id.example.com", clientId: "edgeward" };
    const clientSecretArn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:corp-AbCdEf";
    const { security } = synthesize("test", { userPool: { identityProviders: [{ ...provider, clientSecretArn }] } });
    const { ProviderDetails } = only(security, "AWS::Cognito::UserPoolIdentityProvider").Properties;
    expect(ProviderDetails.client_secret).toContain("{{resolve:secretsmanager:");
    const { SupportedIdentityProviders } = only(security, "AWS::Cognito::UserPoolClient").Properties;
    expect(JSON.stringify(SupportedIdentityProviders)).toContain("COGNITO");
    expect(SupportedIdentityProviders).toHaveLength(2);
  });

  test("tell the edge which groups and e-mail addresses the origin gets, and whose addresses count as verified", () => {
    const oidc = { kind: "oidc", name: "entra", issuer: "https://id.example.com", clientId: "edgeward" };
    const secret = { clientSecretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:corp-AbCdEf" };
    const parameters = (settings: object) =>
      Object.fromEntries(
        all(synthesize("test", settings).security, "AWS::SSM::Parameter").map(({ Properties }) => [Properties["Name"].split("/").at(-1), Properties["Value"]]),
      );
    expect(
      parameters({
        edge: { originGroups: ["admins", "app-*"], unverifiedEmail: "tell" },
        userPool: {
          identityProviders: [
            { ...oidc, ...secret, trustEmail: true },
            { kind: "saml", name: "partner", metadataUrl: "https://id.example.org/metadata", trustEmail: false },
            { kind: "google", clientId: "edgeward", ...secret, trustEmail: true },
          ],
        },
      }),
    ).toMatchObject({ "origin-groups": "admins app-*", "unverified-email": "tell", "trusted-email-providers": "entra Google" });
    const untold = parameters({ userPool: { identityProviders: [{ ...oidc, ...secret }] } });
    for (const name of ["origin-groups", "unverified-email", "trusted-email-providers"]) expect(untold).not.toHaveProperty(name);
  });

  test("have an app client that the edge can sign people in and refresh with", () => {
    const { Properties } = only(synthesize("test", { userPool: { identityProviders: [] } }).security, "AWS::Cognito::UserPoolClient");
    expect(Properties).toMatchObject({
      GenerateSecret: true,
      ExplicitAuthFlows: ["ALLOW_USER_AUTH"],
      AllowedOAuthFlows: ["code"],
      AllowedOAuthFlowsUserPoolClient: true,
      EnableTokenRevocation: true,
      PreventUserExistenceErrors: "ENABLED",
      RefreshTokenRotation: { Feature: "ENABLED", RetryGracePeriodSeconds: 60 },
      RefreshTokenValidity: 30 * 24 * 60,
      TokenValidityUnits: { RefreshToken: "minutes" },
    });
    // Left out, Cognito lets it read email and email_verified, and write what providers' attributes are mapped to.
    expect([Properties["ReadAttributes"], Properties["WriteAttributes"]]).toEqual([undefined, undefined]);
    const federated = only(synthesize("test", { userPool: { identityProviders: [{ kind: "saml", name: "corp", metadataUrl: "https://id.example.com/m" }] } }).security, "AWS::Cognito::UserPoolClient");
    expect(federated.Properties["RefreshTokenValidity"]).toBe(7 * 24 * 60);
  });

  test("map a provider's word for an address, where it gives one, to the attribute of Cognito's that the edge reads", () => {
    const secret = { clientId: "edgeward", clientSecretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:corp-AbCdEf" };
    const { security } = synthesize("test", {
      userPool: {
        identityProviders: [
          { kind: "oidc", name: "okta", issuer: "https://id.example.com", ...secret },
          { kind: "google", ...secret },
          { kind: "saml", name: "partner", metadataUrl: "https://id.example.org/metadata" },
        ],
      },
    });
    const mappings = all(security, "AWS::Cognito::UserPoolIdentityProvider").map(({ Properties }) => [Properties["ProviderName"], Properties["AttributeMapping"]]);
    expect(Object.fromEntries(mappings)).toEqual({
      okta: { email: "email", email_verified: "email_verified" },
      Google: { email: "email", email_verified: "email_verified" },
      partner: { email: "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress" },
    });
  });

  test("enable the scopes of Cognito that the edge maps its own to, once they are there", () => {
    const scopes = { read: "Read", write: { words: "Write", implies: ["read"], groups: ["editors"], cognito_scope: "files/write" } };
    const { security } = synthesize("test", {
      edge: { resources: [{ path: "/mcp", scopes, policy: { tools: { "delete_*": ["write"] } }, compares_headers: true }] },
      userPool: { resourceServers: { files: { write: "Write files" } } },
    });
    const [client] = Object.values(security.Resources).filter(({ Type }) => Type === "AWS::Cognito::UserPoolClient");
    expect(client?.Properties["AllowedOAuthScopes"]).toEqual(["openid", "email", "files/write"]);
    const servers = Object.entries(security.Resources).filter(([, { Type }]) => Type === "AWS::Cognito::UserPoolResourceServer");
    expect(client).toMatchObject({ DependsOn: expect.arrayContaining(servers.map(([id]) => id)) });
  });

  test("match what was reviewed", () => {
    const hashes = /"[0-9a-f]{64}(\.zip)?"|[0-9a-f]{64}/g;
    const text = JSON.stringify(synthesize(), null, 1).replaceAll(hashes, "HASH");
    expect(text).toMatchSnapshot();
  });
});
