// What a deployment is told: one JSON file each in `deployments/`, checked once.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { z } from "zod";
import { poolProblems, prefixProblems, trustedEmailProviders, userPool } from "./identity/settings.ts";
import { besideExisting } from "./existing.ts";
import { regionProblem, zonesProblem } from "./regions.ts";
import { imageProblem } from "./server/image-uri.ts";
import { memoryProblem } from "./server/task-size.ts";

const url = z.url({ protocol: /^https$/, error: "must be an https URL" });
const isOrigin = (text: string) => new URL(text).origin === text;
const NO_ORIGIN = "must be an origin in its normal form, such as https://mcp.example.com";
const originUrl = url.refine(isOrigin, NO_ORIGIN);
/** An edge on this machine, which is for trying out: Cognito takes both as callbacks, and no other http. */
const LOCAL_URL = /^http:\/\/(?:localhost|127\.0\.0\.1):\d+$/;
const publicUrl = z.union([z.string().regex(LOCAL_URL).refine(isOrigin), originUrl], {
  error: ({ input }) => (/^https:\/\/./.test(`${input}`) ? NO_ORIGIN : "must be an https URL, or http://localhost:PORT for trying out"),
});

const scope = z.string().regex(/^[!#-[\]-~]{1,64}$/, "must be a scope token of RFC 6749");

const hostPattern = z.string().regex(/^(?:\*\.)?[a-z0-9-]+(?:\.[a-z0-9-]+)*$/, "must be a host such as example.com, or *.example.com for those below it");

/** Cognito's `GroupNameType` (botocore, cognito-idp 2016-04-18): 1 to 128 characters, no spaces. */
const GROUP = /^[\p{L}\p{M}\p{S}\p{N}\p{P}]{1,128}$/u;

/** A group's name, or its beginning with `*` after it; a lone `*` means all groups, but not those that Cognito makes for providers. */
const groupPattern = z
  .string()
  .refine(
    (text) => text === "*" || GROUP.test(text.replace(/\*$/, "")),
    "must be a group's name, or the beginning of one with * after it: 1 to 128 characters without spaces",
  )
  .refine((text) => !text.slice(0, -1).includes("*"), "may have a * at its end only");

/** What single operations need: name, or URI, and scopes. */
const requirements = z.record(z.string().min(1), z.array(scope).min(1));

const resource = z.strictObject({
  path: z.string().regex(/^\/[A-Za-z0-9/_.-]+$/, "must be a path such as /mcp"),
  name: z.string().min(1).max(64).optional(),
  origin_path: z.string().startsWith("/").optional(),
  origin_audience: url.optional(),
  scopes: z.record(
    scope,
    z.union([
      z.string().min(1),
      z.strictObject({
        words: z.string().min(1),
        implies: z.array(scope).optional(),
        groups: z.array(z.string().min(1)).optional(),
        cognito_scope: scope.optional(),
      }),
    ]),
  ),
  origin_url: url.optional(),
  default_scopes: z.array(scope).optional(),
  /** Cognito app clients of machines: client id, and what each scope of Cognito's is here. */
  machines: z.record(z.string().min(1), z.record(scope, z.array(scope))).optional(),
  policy: z
    .strictObject({ tools: requirements.optional(), prompts: requirements.optional(), resources: requirements.optional() })
    .optional(),
  /** Whether the MCP server refuses a body that contradicts `Mcp-Method` or `Mcp-Name`: then the policy judges by these headers. */
  compares_headers: z.boolean().optional(),
});

/** Managed rule groups and rules of our own that can be set to only count, wherever a firewall has them. */
export const FIREWALL_RULES = ["common", "known-bad-inputs", "ip-reputation", "strangers", "rate", "body-size"] as const;
export type FirewallRule = (typeof FIREWALL_RULES)[number];

const zoneId = z.string().regex(/^[a-z]{2,5}\d-az\d$/, "must be the id of an availability zone, such as euw1-az1");

/** An MCP server that stays as it is: the stacks make none, and nothing in front of one. */
const existingServer = z.strictObject({
  /** What the path of a resource is put behind: an origin, or a base path with it. On this machine for trying out. */
  url: z
    .union([url, z.string().regex(/^http:\/\/(?:localhost|127\.0\.0\.1):\d+(?:\/[\w./-]*)?$/)], {
      error: "must be an https URL such as https://server.example.com",
    })
    .refine((text) => !/[?#@]/.test(text), "must have no user, query or fragment"),
  /** What the server's verifier calls itself. By default the URL. */
  audience: z.url({ protocol: /^https?$/, error: "must be a URL" }).optional(),
});

const server = z.strictObject({
  existing: existingServer.optional(),
  /** URI of the image; by default the origin of this checkout is compiled, and its image is built and pushed. */
  image: z.string().min(1).optional(),
  architecture: z.enum(["arm64", "x86_64"]).default("arm64"),
  cpu: z.union([z.literal(256), z.literal(512), z.literal(1024), z.literal(2048)]).default(256),
  /** By default the least that Fargate has for this `cpu`. */
  memoryMiB: z.int().optional(),
  tasks: z.strictObject({ least: z.int().min(1).default(2), most: z.int().min(1).default(10) }).prefault({}),
  /** Ids of two availability zones, such as euw1-az1. By default two that CloudFront's VPC origins support. Changing them replaces the subnets. */
  zones: z.tuple([zoneId, zoneId]).optional(),
  /** How tasks reach AWS and the world: NAT gateways, or endpoints in the VPC and nothing else. */
  outbound: z.enum(["nat", "endpoints"]).default("nat"),
  logDays: z.union([z.literal(7), z.literal(30), z.literal(90), z.literal(365)]).default(30),
  /** Certificate, in this region, for TLS between CloudFront and the load balancer; and the name it is for. */
  tls: z.strictObject({ certificateArn: z.string().startsWith("arn:"), name: z.string().min(4) }).optional(),
  /** CloudFront's own domain names, with their certificate in us-east-1. */
  domain: z.strictObject({ name: z.string().min(4), certificateArn: z.string().startsWith("arn:") }).optional(),
  /** Of the secret that CloudFront shows the load balancer's firewall. One more, and deployed, is a new secret. */
  originSecretGeneration: z.int().min(1).default(1),
  weatherUrl: url.default("https://api.weather.gov"),
  /** Base URL of an OpenTelemetry collector that takes OTLP over HTTP, for the origin's metrics; by default there are none. */
  otlpEndpoint: z.url({ protocol: /^https?$/, error: "must be an http or https URL such as http://collector.internal:4318" }).optional(),
});

const firewall = z.strictObject({
  /** Rules that only count what they would block, to see what they would do. Before the origin, `common` always only counts. */
  count: z.array(z.enum(FIREWALL_RULES)).default([]),
  /**
   * Requests from one address in five minutes, before the origin. An address is one of the edge's few, and its requests are
   * all users': one below what the users need shuts out all of them. The default is three times what ten tasks carry that
   * answer 1,000 requests a second each; 1,000 million requests a month are 115,000 in five minutes on average.
   */
  requestsPerAddress: z.int().min(10_000).max(2_000_000_000).default(10_000_000),
  /** Requests from one address in five minutes at the login pages, where an address is a user's or an office's. */
  signInsPerAddress: z.int().min(100).max(2_000_000_000).default(1000),
});

const requestsPerMinute = z.int().min(1).max(1_000_000).optional();

/** Environments of the edge's `wrangler.toml`. */
export const ENVIRONMENTS = ["dev", "staging", "prod"] as const;

/** What a file in `deployments/` may say. */
export const schema = z
  .strictObject({
    /** The AWS account. */
    account: z.string().regex(/^\d{12}$/, "must be the 12 digits of an AWS account"),
    /** Region of user pool, parameters and servers. */
    region: z.string().regex(/^[a-z]{2}(?:-[a-z]+)+-\d$/, "must be an AWS region such as eu-west-1"),
    /** The edge's public origin, its issuer. */
    publicUrl,
    /** Who is told of alarms. */
    alarmEmail: z.email().optional(),
    /** The edge's optional settings, as docs/settings.md names them. */
    edge: z
      .strictObject({
        /** Environment of the edge's `wrangler.toml`, where the deployment is not called like one. */
        environment: z.enum(ENVIRONMENTS).optional(),
        resources: z.array(resource).min(1).optional(),
        registration: z.enum(["open", "off", "token"]).optional(),
        privateUseSchemes: z.array(z.string()).optional(),
        allowedOrigins: z.array(originUrl).optional(),
        accessTokenSeconds: z.int().min(60).max(86_400).optional(),
        clientMetadataDocuments: z.enum(["on", "off"]).optional(),
        clientMetadataHosts: z.array(hostPattern).optional(),
        clientMetadataDeniedHosts: z.array(hostPattern).optional(),
        redirectHosts: z.array(z.union([hostPattern, z.literal("!loopback")])).optional(),
        consent: z.enum(["ask", "remember"]).optional(),
        brand: z
          .strictObject({
            name: z.string().min(1).max(64).optional(),
            logo: url.optional(),
            color: z.string().regex(/^#[0-9a-f]{6}$/i, "must be #rrggbb").optional(),
          })
          .optional(),
        cognitoScopes: z.array(scope).optional(),
        /** The groups that the origin is told of, besides those that `resources` names: names, or beginnings with `*`. */
        originGroups: z.array(groupPattern).optional(),
        /** Whether the origin is told of e-mail addresses that nobody has verified: `tell` marks them as unverified. */
        unverifiedEmail: z.enum(["hide", "tell"]).optional(),
        serverTiming: z.enum(["on", "off"]).optional(),
        /** Dataset of Workers Analytics Engine for counts and times. */
        metricsDataset: z.string().regex(/^[A-Za-z0-9_]{1,64}$/, "must be letters, digits and _").optional(),
        /**
         * Requests a minute at one of Cloudflare's locations: `calls` of one grant to the resources, which are counted only if it is set;
         * the others at the endpoints of the sign-in.
         */
        rateLimits: z
          .strictObject({
            calls: requestsPerMinute,
            grant: requestsPerMinute,
            client: requestsPerMinute,
            redirectHost: requestsPerMinute,
            address: requestsPerMinute,
          })
          .optional(),
      })
      .prefault({}),
    userPool: userPool.prefault({}),
    server: server.prefault({}),
    firewall: firewall.prefault({}),
  })
  .superRefine((settings, context) => {
    const problem = (path: (string | number)[], message: string) => context.addIssue({ code: "custom", path, message });
    // Braces of JSON itself are never side by side.
    if (JSON.stringify(settings).includes("{{")) {
      problem([], "contains {{, in which CloudFormation and Parameter Store see a reference to be resolved; write it differently");
    }
    const wrongRegion = regionProblem(settings.region);
    if (wrongRegion) problem(["region"], wrongRegion);
    const wrongZones = zonesProblem(settings.region, settings.server.zones);
    if (wrongZones) problem(["server", "zones"], wrongZones);
    const wrongImage = imageProblem(settings.server.image);
    if (wrongImage) problem(["server", "image"], wrongImage);
    const wrongMemory = memoryProblem(settings.server);
    if (wrongMemory) problem(["server", "memoryMiB"], wrongMemory);
    for (const [path, value] of parameterValues(settings)) {
      const bytes = Buffer.byteLength(value);
      if (bytes > MOST_PARAMETER_BYTES) {
        problem(path, `takes ${bytes} bytes, and a parameter holds ${MOST_PARAMETER_BYTES} at the most; make it shorter`);
      }
    }
    if (settings.server.existing?.url.startsWith("http:") && !isLocal(settings.publicUrl)) {
      problem(["server", "existing", "url"], "must be an https URL: the edge reaches the server through the internet");
    }
    if (isLocal(settings.publicUrl) && settings.userPool.retain) {
      problem(["publicUrl"], "an edge on this machine is for trying out: set userPool.retain to false, too, or give an https URL");
    }
    if (settings.server.tasks.least > settings.server.tasks.most) {
      problem(["server", "tasks"], "least is more than most");
    }
    for (const [path, message] of poolProblems(settings)) problem(path, message);
    if (settings.server.domain && !settings.server.domain.certificateArn.startsWith("arn:aws:acm:us-east-1:")) {
      problem(["server", "domain", "certificateArn"], "CloudFront takes certificates of us-east-1 only; request one there");
    }
    if (settings.server.tls && !settings.server.tls.certificateArn.includes(`:acm:${settings.region}:`)) {
      problem(["server", "tls", "certificateArn"], `the load balancer takes certificates of ${settings.region} only; request one there`);
    }
  });

type Checked = z.output<typeof schema>;

/** What an advanced parameter of Systems Manager holds; a standard one holds half of it. */
const MOST_PARAMETER_BYTES = 8192;

/** The settings of free length that become parameters, as they are written. */
function parameterValues({ edge, userPool }: Pick<Checked, "edge" | "userPool">): [path: string[], value: string][] {
  const text = (value: unknown) =>
    Array.isArray(value) && value.every((item) => typeof item === "string") ? value.join(" ") : (JSON.stringify(value) ?? "");
  return [
    ...Object.entries(edge).map(([name, value]): [string[], string] => [["edge", name], text(value)]),
    [["userPool", "logoutUrls"], text(userPool.logoutUrls)],
    [["userPool", "identityProviders"], trustedEmailProviders(userPool.identityProviders)],
  ];
}

/** A checked deployment. */
export type Settings = Checked & { readonly deployment: string };
/** Whether the edge's public URL leads to this machine. */
export const isLocal = (publicUrl: string) => LOCAL_URL.test(publicUrl);

/** Names a deployment: part of every physical name, of which a load balancer's has 32 letters at the most. */
const DEPLOYMENT = /^[a-z][a-z0-9-]{0,14}[a-z0-9]$/;

/**
 * Checks a deployment's settings.
 *
 * @throws Error that names every setting that is wrong, and what it must be.
 */
export function parseSettings(deployment: string, text: string, file = `deployments/${deployment}.json`): Settings {
  if (!DEPLOYMENT.test(deployment)) {
    throw new Error(`deployment "${deployment}": must be 2 to 16 lower-case letters, digits and hyphens, and begin with a letter`);
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new Error(`${file} is not JSON: ${(error as Error).message}`);
  }
  const parsed = schema.safeParse(json);
  const problems = parsed.success
    ? [
        ...environmentProblems(deployment, parsed.data.edge.environment),
        ...prefixProblems(deployment, parsed.data.userPool),
        ...besideExisting(json),
      ]
    : parsed.error.issues.map((issue) => `  ${issue.path.join(".") || "the file"}: ${issue.message}`);
  if (!parsed.success || problems.length > 0) throw new Error(`${file}:\n${problems.join("\n")}`);
  return { ...parsed.data, deployment };
}

/** The settings with the domain of a user pool that exists, as Cognito says it; that of the settings wins. */
export function withUserPoolDomain(settings: Settings, domain: string | undefined): Settings {
  const { existing } = settings.userPool;
  if (!existing || existing.domain || !domain) return settings;
  return { ...settings, userPool: { ...settings.userPool, existing: { ...existing, domain } } };
}

/** A deployment that is called like an environment belongs to it. */
function environmentProblems(deployment: string, environment: string | undefined): string[] {
  const own = ENVIRONMENTS.find((name) => name === deployment);
  if (!own || !environment || own === environment) return [];
  return [`  edge.environment: the deployment ${deployment} belongs to the environment of its name; leave this out`];
}

/**
 * Reads a deployment's settings.
 *
 * @throws Error as `parseSettings`, and when there is no such file.
 */
export function readSettings(deployment: string, folder: string): Settings {
  const file = `${basename(folder)}/${deployment}.json`;
  let text: string;
  try {
    text = readFileSync(`${folder}/${deployment}.json`, "utf8");
  } catch {
    throw new Error(`there is no ${file}; copy deployments/example.json and fill it in`);
  }
  return parseSettings(deployment, text, file);
}
