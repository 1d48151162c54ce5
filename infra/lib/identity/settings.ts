// Settings of the user pool, within the limits of Cognito's API (botocore, cognito-idp 2016-04-18).

import { z } from "zod";
import type { Settings } from "../settings.ts";
import { OPENID_SCOPES, upstreamScopes } from "./scopes.ts";

const url = z.url({ protocol: /^https$/, error: "must be an https URL" });
const secretArn = z.string().startsWith("arn:aws:secretsmanager:", "must be the ARN of a secret in Secrets Manager");
/** Cognito takes _ as the second character only, and keeps the social providers' names for them. */
const providerName = z
  .string()
  .regex(/^[A-Za-z0-9-]{3,32}$/, "must be 3 to 32 letters, digits or hyphens")
  .refine((name) => !/^(?:cognito|google|facebook|loginwithamazon|signinwithapple)$/i.test(name), "is a name that Cognito keeps for itself");

/**
 * Whether the edge takes every e-mail address of a provider for verified. SAML and Entra send no `email_verified`, so Cognito
 * marks their addresses as unverified. README.md, "Federation", names the risk.
 */
const trustEmail = z.boolean().default(false);

const identityProvider = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("oidc"), name: providerName, issuer: url, clientId: z.string().min(1), clientSecretArn: secretArn, trustEmail }),
  z.strictObject({ kind: z.literal("saml"), name: providerName, metadataUrl: url, trustEmail }),
  z.strictObject({ kind: z.literal("google"), clientId: z.string().min(1), clientSecretArn: secretArn, trustEmail }),
]);
export type IdentityProvider = z.output<typeof identityProvider>;

/** What Cognito calls a provider, in the claim `identities` too. */
export const providerNameOf = (provider: IdentityProvider) => (provider.kind === "google" ? "Google" : provider.name);

/** The providers whose e-mail addresses the edge takes for verified, as its setting has them. */
export const trustedEmailProviders = (providers: readonly IdentityProvider[]) =>
  providers.filter(({ trustEmail }) => trustEmail).map(providerNameOf).join(" ");

/** The tenant of personal Microsoft accounts, which `consumers` names too: anybody can open one. */
const PERSONAL_ACCOUNTS = "9188040d-6c67-4c5b-b112-36a304b66dad";

/** Entra's issuers at which anybody can sign in. */
const ANY_TENANT = new RegExp(
  `^https://login\\.microsoftonline\\.(?:com|us)/(?:common|organizations|consumers|${PERSONAL_ACCOUNTS})(?:/|$)`,
  "i",
);

const HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/;
/** Cognito wants a domain below one that resolves, which a top-level domain does not. */
const LOGIN_HOST = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){2,}[a-z]{2,63}$/;

/**
 * Regions whose SES sends a pool's mails. AWS documents the pool's own region, too; when it was measured, Cognito refused every
 * other one (cdk-preflight, pf-cognito-email-sourcearn-region).
 */
const SES_REGIONS = ["us-east-1", "us-west-2", "eu-west-1"] as const;

/** A verified identity of SES that sends the pool's mails. */
const emailSender = z.strictObject({
  /** Address that the mails come from. */
  from: z.email(),
  fromName: z.string().regex(/^[A-Za-z0-9 .-]{1,64}$/, "must be 1 to 64 letters, digits, spaces, dots or hyphens").optional(),
  replyTo: z.email().optional(),
  /** The domain that SES has verified; by default it has verified the address. */
  verifiedDomain: z.string().regex(HOST, "must be a domain such as example.com").optional(),
  /** Region of the identity, where it is not the pool's. */
  region: z.enum(SES_REGIONS).optional(),
});
export type EmailSender = z.output<typeof emailSender>;

/** In a resource server's identifier `/` may stand, in a scope's name it divides the two. */
const serverIdentifier = z.string().regex(/^[\x21\x23-\x5B\x5D-\x7E]{1,256}$/, "must be 1 to 256 characters without spaces, quotes or backslashes");
const scopeName = z.string().regex(/^[\x21\x23-\x2E\x30-\x5B\x5D-\x7E]{1,256}$/, "must be 1 to 256 characters without spaces, quotes, slashes or backslashes");

const RESERVED = /aws|amazon|cognito/;

/**
 * How long a refresh token is good where the settings do not say it. A refresh does not ask an identity provider again, so with
 * one a leaver keeps access for that long.
 */
const REFRESH_TOKEN_DAYS = { own: 30, federated: 7 } as const;

/** A user pool that stays as it is. The stacks make nothing in it but the edge's app client, and not that one if it is named. */
const existing = z.strictObject({
  id: z.string().max(55).regex(/^[\w-]+_[0-9A-Za-z]+$/, "must be the id of a user pool, such as eu-west-1_AbCdEfGhI"),
  clientId: z.string().regex(/^[\w+]{1,128}$/, "must be the id of an app client").optional(),
  /** Where Secrets Manager keeps the secret of that app client. By default the tool asks Cognito for it. */
  clientSecretArn: secretArn.optional(),
  /** Host of the login pages. By default `make deploy` asks Cognito for it. */
  domain: z.string().max(127).regex(HOST, "must be a host such as login.example.com").optional(),
  /** Who the new app client's users may sign in with, as the pool calls them. */
  identityProviders: z.array(z.string().min(1).max(32)).min(1).optional(),
});

const pool = z.strictObject({
  existing: existing.optional(),
  /** Feature plan: PLUS adds threat protection. */
  tier: z.enum(["ESSENTIALS", "PLUS"]).default("ESSENTIALS"),
  mfa: z.enum(["off", "optional", "required"]).default("optional"),
  passkeys: z.boolean().default(true),
  /** Whether people may sign themselves up. */
  selfSignUp: z.boolean().default(false),
  /** Kept, with its users, when the stack is deleted. */
  retain: z.boolean().default(true),
  /** Who sends the pool's mails: an identity of SES, or Cognito itself, which sends 50 a day. By default Cognito. */
  email: z.union([z.literal("cognito"), emailSender]).optional(),
  /** Prefix of the domain at amazoncognito.com; by default `edgeward-<deployment>-<last four digits of the account>`. */
  domainPrefix: z
    .string()
    .regex(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/, "must be lower-case letters, digits and hyphens")
    .refine((text) => !RESERVED.test(text), "must not contain aws, amazon or cognito: Cognito reserves them")
    .optional(),
  /** A domain of one's own instead, with its certificate in us-east-1. The domain above it must have an A record. */
  customDomain: z
    .strictObject({
      name: z.string().max(127).regex(LOGIN_HOST, "must be a host below a domain of yours, such as login.example.com"),
      certificateArn: z.string().startsWith("arn:"),
    })
    .optional(),
  /** Where `/logout` of the edge may send browsers, besides its own page. */
  logoutUrls: z.array(url.max(1024).refine((text) => !text.includes("#"), "must have no fragment")).max(99).default([]),
  accessTokenSeconds: z.int().min(300).max(86_400).multipleOf(60, "must be whole minutes: a multiple of 60").default(3600),
  /** By default 30, and 7 with identity providers. */
  refreshTokenDays: z.int().min(1).max(3650).optional(),
  /** Resource servers and their scopes, by identifier, for what else uses this pool. */
  resourceServers: z.record(serverIdentifier, z.record(scopeName, z.string().min(1).max(256))).default({}),
  identityProviders: z.array(identityProvider).default([]),
});

export const userPool = pool.transform((given) => ({
  ...given,
  refreshTokenDays: given.refreshTokenDays ?? (given.identityProviders.length > 0 ? REFRESH_TOKEN_DAYS.federated : REFRESH_TOKEN_DAYS.own),
}));

/** What is wrong with the user pool's settings together. */
export function poolProblems({ userPool: pool, edge, region }: Pick<Settings, "userPool" | "edge" | "region">): [path: string[], message: string][] {
  const problems: [string[], string][] = [];
  const { customDomain, domainPrefix, email, resourceServers, identityProviders } = pool;
  if (domainPrefix && customDomain) problems.push([["userPool"], "domainPrefix and customDomain exclude each other"]);
  if (customDomain && !customDomain.certificateArn.startsWith("arn:aws:acm:us-east-1:")) {
    problems.push([["userPool", "customDomain", "certificateArn"], "Cognito takes certificates of us-east-1 only; request one there"]);
  }
  if (typeof email === "object" && email.verifiedDomain && !email.from.endsWith(`@${email.verifiedDomain}`)) {
    problems.push([["userPool", "email", "from"], `must be an address of ${email.verifiedDomain}, as verifiedDomain says`]);
  }
  if (typeof email === "object" && !email.region && !SES_REGIONS.some((name) => name === region)) {
    problems.push([["userPool", "email", "region"], `must be ${SES_REGIONS.join(", ")}: Cognito takes no identity of SES in ${region}`]);
  }
  const providers = identityProviders.map(providerNameOf);
  if (new Set(providers).size < providers.length) problems.push([["userPool", "identityProviders"], "must have different names, and Google once"]);

  for (const [index, provider] of identityProviders.entries()) {
    if (provider.kind === "oidc" && provider.trustEmail && ANY_TENANT.test(provider.issuer)) {
      const message = "would trust addresses of every tenant of Entra, whose users choose them: name your own tenant in issuer, or leave this out";
      problems.push([["userPool", "identityProviders", `${index}`, "trustEmail"], message]);
    }
  }

  if (pool.existing && !pool.existing.id.startsWith(`${region}_`)) {
    problems.push([["userPool", "existing", "id"], `is a user pool in another region than ${region}, where the parameters are: set region to the pool's`]);
  }
  const known = [...OPENID_SCOPES];
  for (const [identifier, scopes] of Object.entries(resourceServers)) {
    const names = Object.keys(scopes);
    if (names.length > 100) problems.push([["userPool", "resourceServers", identifier], "has more than the 100 scopes that Cognito takes"]);
    known.push(...names.map((name) => `${identifier}/${name}`));
  }
  const asked = upstreamScopes(edge);
  // What a pool has that is not ours, Cognito says when the app client is made.
  const unknown = pool.existing ? [] : asked.filter((scope) => !known.includes(scope));
  if (unknown.length > 0) {
    const where = unknown.some((scope) => edge.cognitoScopes?.includes(scope)) ? "cognitoScopes" : "resources";
    problems.push([["edge", where], `asks Cognito for ${unknown.join(", ")}, which no server of userPool.resourceServers has`]);
  }
  if (asked.length > 50) problems.push([["edge"], `asks Cognito for ${asked.length} scopes, and an app client has 50 at the most`]);
  return problems;
}

/** A deployment's name becomes part of the login pages' domain. */
export function prefixProblems(deployment: string, { customDomain, domainPrefix, existing }: Settings["userPool"]): string[] {
  const word = RESERVED.exec(deployment)?.[0];
  if (!word || customDomain || domainPrefix || existing) return [];
  return [`  userPool.domainPrefix: the deployment's name contains ${word}, which Cognito takes in no domain; set a prefix without it`];
}
