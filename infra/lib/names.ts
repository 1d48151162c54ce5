// Names that several parts must spell alike. A test holds those that the Rust side has, too, to `shared/src/names.rs`.

import type { Settings } from "./settings.ts";

/** Header that carries the verified identity from the edge to the origin. */
export const IDENTITY_HEADER = "x-edgeward-identity";
/** Header by which the load balancer's firewall knows CloudFront. */
export const ORIGIN_SECRET_HEADER = "x-origin-secret";
/** Environment variable that tells the origin where its parameters are. */
export const PARAMETER_PATH_VARIABLE = "EDGEWARD_PARAMETER_PATH";
/** The longest body of an MCP request, in bytes. Firewalls, edge and origin refuse a longer one. */
export const MAX_BODY_BYTES = 4_194_304;
/** Region of everything that CloudFront wants in one. */
export const GLOBAL_REGION = "us-east-1";

/** The stacks of one deployment, in the order in which they come to stand. */
export const PARTS = ["global", "security", "server", "watch"] as const;
export type Part = (typeof PARTS)[number];

/** The stacks of a deployment. A server that exists needs the security stack alone. */
export const partsOf = ({ server }: Pick<Settings, "server">): readonly Part[] => (server.existing ? ["security"] : PARTS);

/** Region of a stack, where `home` is the deployment's. */
export const regionOf = (part: Part, home: string) => (part === "global" || part === "watch" ? GLOBAL_REGION : home);

/**
 * The parameters of the origin that the stacks write: `existing` where the server exists, and otherwise all the others. The tool writes
 * `jwks` and `session-keys`.
 */
export const ORIGIN_PARAMETERS = ["issuer", "audience", "allowed-hosts", "weather-url", "existing"] as const;
export type OriginParameter = (typeof ORIGIN_PARAMETERS)[number];

/**
 * The parameters of the edge that the stacks write: its variables, without `EDGEWARD_`, in lower case with hyphens. They write
 * `cognito-client-secret` where it is the ARN of a secret in Secrets Manager, and no secret itself.
 */
export const EDGE_PARAMETERS = [
  "public-url",
  "origin-url",
  "origin-audience",
  "cognito-user-pool-id",
  "cognito-client-id",
  "cognito-domain",
  "cognito-client-secret",
  "cognito-scopes",
  "resources",
  "registration",
  "private-use-schemes",
  "allowed-origins",
  "access-token-seconds",
  "client-metadata-documents",
  "client-metadata-hosts",
  "client-metadata-denied-hosts",
  "redirect-hosts",
  "consent",
  "brand",
  "sign-out-urls",
  "rate-limits",
  "server-timing",
  "metrics-dataset",
  "origin-groups",
  "trusted-email-providers",
  "unverified-email",
] as const;
export type EdgeParameter = (typeof EDGE_PARAMETERS)[number];

/** What a parameter of the edge is called as its variable. */
export function variableOf(parameter: EdgeParameter): string {
  const words = parameter.replaceAll("-", "_").toUpperCase();
  return words.startsWith("COGNITO_") && parameter !== "cognito-scopes" ? words : `EDGEWARD_${words}`;
}

/** Parameters for people and for the stacks themselves. */
export type StackParameter = "firewall-arn" | "issuer" | "distribution-domain" | "distribution-id";

/** Outputs of the security and the server stack: what an alias or CNAME record of the login pages' and CloudFront's own name leads to. */
export const LOGIN_ALIAS_TARGET = "LoginAliasTarget";
export const SERVER_ALIAS_TARGET = "ServerAliasTarget";
/** Output of the server stack: which of the origin's secrets CloudFront sends. */
export const ORIGIN_SECRET_GENERATION = "OriginSecretGeneration";

/** Output of the security stack: the user pool that it was deployed for, if that is none of its own. */
export const EXISTING_USER_POOL = "ExistingUserPool";

/** Names of one deployment's things. All begin with the deployment's name, so that two share none. */
export class Names {
  constructor(private readonly settings: Pick<Settings, "deployment">) {}

  /** A physical name. */
  of(thing: string): string {
    return `edgeward-${this.settings.deployment}-${thing}`;
  }

  /** Firewalls' logs must be in groups of this name. */
  firewallLogs(thing: string): string {
    return `aws-waf-logs-${this.of(thing)}`;
  }

  /** Buckets' names are the whole world's: the account makes them its own. */
  logBucket(account: string, of: "alb" | "cdn"): string {
    return this.of(`${account}-${of}-logs`);
  }

  get parameterRoot(): string {
    return `/edgeward/${this.settings.deployment}`;
  }

  originParameter(name: OriginParameter): string {
    return `${this.originParameterPath}/${name}`;
  }

  get originParameterPath(): string {
    return `${this.parameterRoot}/origin`;
  }

  edgeParameter(name: EdgeParameter): string {
    return `${this.parameterRoot}/edge/${name}`;
  }

  stackParameter(name: StackParameter): string {
    return `${this.parameterRoot}/stack/${name}`;
  }
}
