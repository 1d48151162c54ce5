import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import type { Construct } from "constructs";
import { signInRules } from "./firewall/sign-in-rules.ts";
import { WebAcl } from "./firewall/web-acl.ts";
import { trustedEmailProviders } from "./identity/settings.ts";
import { ExistingSignIn } from "./identity/existing-sign-in.ts";
import { SignIn } from "./identity/sign-in.ts";
import { EXISTING_USER_POOL, LOGIN_ALIAS_TARGET, Names, type EdgeParameter } from "./names.ts";
import { writeParameter } from "./parameters/parameter.ts";
import type { Settings } from "./settings.ts";
import { COGNITO_QUOTAS, QUOTA_ALARM, QUOTA_PERIOD, requestsOf } from "./watch/quotas.ts";
import { failures, perFiveMinutes, perMinute, Watch } from "./watch/watch.ts";

/** As the edge's setting has them. */
function rateLimits({ calls, grant, client, redirectHost, address }: NonNullable<Settings["edge"]["rateLimits"]> = {}): string {
  const named = Object.entries({ calls, grant, client, "redirect-host": redirectHost, address });
  return named.flatMap(([name, number]) => (number ? [`${name}:${number}`] : [])).join(" ");
}

/**
 * Who may sign in, and how the edge asks: user pool, app client, the pool's firewall, and what the edge is told of it. A user pool
 * that exists keeps its own firewall: it can have one only.
 */
export class SecurityStack extends Stack {
  constructor(scope: Construct, id: string, settings: Settings, props: StackProps = {}) {
    super(scope, id, { ...props, env: { account: settings.account, region: settings.region } });
    const names = new Names(settings);
    const { edge, server } = settings;
    const { existing } = settings.userPool;
    const signIn = existing ? new ExistingSignIn(this, "SignIn", { settings, existing, names }) : new SignIn(this, "SignIn", { settings, names });
    if (!existing) {
      const firewall = new WebAcl(this, "Firewall", {
        name: names.of("users"),
        scope: "REGIONAL",
        logGroupName: names.firewallLogs("users"),
        rules: signInRules(settings, signIn.userPool.userPoolId),
      });
      firewall.protect("Users", signIn.userPool.userPoolArn);
    }

    const parameters: [EdgeParameter, string | undefined, string][] = [
      ["public-url", settings.publicUrl, "The edge's public origin, its issuer"],
      ["cognito-user-pool-id", signIn.userPool.userPoolId, "User pool"],
      ["cognito-client-id", signIn.client.userPoolClientId, "The edge's app client"],
      ["cognito-domain", signIn.domainName, "Host of the login pages"],
      ["cognito-client-secret", existing?.clientSecretArn, "Where Secrets Manager keeps the app client's secret"],
      ["origin-url", server.existing?.url, "Where the edge forwards to"],
      ["origin-audience", server.existing?.audience, "What the edge calls the origin"],
      ["cognito-scopes", edge.cognitoScopes?.join(" "), "Scopes that the edge asks for at Cognito"],
      ["resources", edge.resources && JSON.stringify(edge.resources), "Protected resources and their scopes"],
      ["registration", edge.registration, "Dynamic client registration"],
      ["private-use-schemes", edge.privateUseSchemes?.join(" "), "Private-use schemes of redirect URIs"],
      ["allowed-origins", edge.allowedOrigins?.join(" "), "Origins whose pages may call"],
      ["access-token-seconds", edge.accessTokenSeconds?.toString(), "Lifetime of access tokens"],
      ["client-metadata-documents", edge.clientMetadataDocuments, "Whether clients may be described by a document at their URL"],
      ["client-metadata-hosts", edge.clientMetadataHosts?.join(" "), "The only hosts whose documents are taken"],
      ["client-metadata-denied-hosts", edge.clientMetadataDeniedHosts?.join(" "), "Hosts whose documents are not taken"],
      ["redirect-hosts", edge.redirectHosts?.join(" "), "The only hosts that users are sent to"],
      ["consent", edge.consent, "When users are asked for consent"],
      ["brand", edge.brand && JSON.stringify(edge.brand), "How pages look"],
      ["rate-limits", rateLimits(edge.rateLimits), "Requests a minute that one party may make"],
      ["server-timing", edge.serverTiming, "Whether answers say how long they took"],
      ["metrics-dataset", edge.metricsDataset, "Where counts and times are written to"],
      ["origin-groups", edge.originGroups?.join(" "), "Groups that the origin is told of"],
      ["unverified-email", edge.unverifiedEmail, "Whether the origin is told of unverified e-mail addresses"],
      [
        "trusted-email-providers",
        trustedEmailProviders(settings.userPool.identityProviders),
        "Identity providers whose e-mail addresses count as verified",
      ],
      ["sign-out-urls", settings.userPool.logoutUrls.join(" "), "Where /logout may send browsers"],
    ];
    for (const [name, value, description] of parameters) {
      if (value) writeParameter(this, names.edgeParameter(name), value, description);
    }
    if (server.existing) writeParameter(this, names.originParameter("existing"), server.existing.url, "The origin, which is not the stacks'");
    else writeParameter(this, names.originParameter("issuer"), settings.publicUrl, "The edge that the origin believes");
    writeParameter(this, names.stackParameter("issuer"), signIn.issuer, "Issuer of Cognito's tokens");

    if (existing) new CfnOutput(this, EXISTING_USER_POOL, { value: existing.id });
    if (signIn.aliasTarget) new CfnOutput(this, LOGIN_ALIAS_TARGET, { value: signIn.aliasTarget });
    this.watch(settings, names, signIn);
  }

  private watch(settings: Settings, names: Names, { userPool, client }: SignIn | ExistingSignIn) {
    const watch = new Watch(this, "Watch", { names, part: "sign-in", email: settings.alarmEmail });
    const pool = { UserPool: userPool.userPoolId, UserPoolClient: client.userPoolClientId };
    watch.alarm("sign-in-failures", {
      metric: failures("SignInSuccesses", pool),
      threshold: 150,
      periods: 1,
      meaning: "Many sign-ins fail: somebody tries passwords, or an identity provider is down.",
    });
    for (const name of ["SignInThrottles", "TokenRefreshThrottles"]) {
      watch.alarm(`cognito-${name.replace(/(?<=.)[A-Z]/g, (letter) => `-${letter}`).toLowerCase()}`, {
        metric: perFiveMinutes("AWS/Cognito", name, pool),
        threshold: 1,
        periods: 1,
        meaning: "Cognito turns requests of the edge away. One app client has 300 requests a second at its domain.",
      });
    }
    for (const [category, quota] of Object.entries(COGNITO_QUOTAS) as [keyof typeof COGNITO_QUOTAS, number][]) {
      watch.alarm(`cognito-quota-${category.toLowerCase()}`, {
        metric: requestsOf(category),
        threshold: quota * QUOTA_PERIOD.toSeconds() * QUOTA_ALARM,
        periods: 1,
        meaning: `Four fifths of Cognito's quota of ${quota} requests a second are used. Ask for more in Service Quotas.`,
      });
    }
    if (settings.userPool.existing) return;
    watch.alarm("users-blocked", {
      metric: perMinute("AWS/WAFV2", "BlockedRequests", { WebACL: names.of("users"), Region: this.region, Rule: "ALL" }),
      threshold: 100,
      meaning: "The user pool's firewall blocks many requests: an attack, or a rule that is wrong. See its log group.",
    });
  }
}
