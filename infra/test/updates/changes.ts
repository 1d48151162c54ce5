// Changes that people make to a deployment that stands.

/** Settings as they stand in a file. */
type File = Record<string, any>;

export interface Update {
  /** What changes. */
  readonly name: string;
  /** Is merged into the settings that stand before; `null` takes a setting away. */
  readonly before?: File;
  /** Is merged into those of before. */
  readonly after: File;
  /** Whether what stands before is yet to be protected from deletion. */
  readonly isFirst?: true;
  /** Types of which resources are replaced or removed, because this is what the change means. */
  readonly means?: Readonly<Record<string, string>>;
  /** Why CloudFormation cannot make this change at once, and what to do instead. */
  readonly impossible?: string;
}

const arn = (region: string) => `arn:aws:acm:${region}:123456789012:certificate/00000000-0000-0000-0000-0000000000ff`;
const oidc = {
  kind: "oidc",
  name: "corp",
  issuer: "https://id.example.com",
  clientId: "edgeward",
  clientSecretArn: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:corp-AbCdEf",
};
const saml = { kind: "saml", name: "partner", metadataUrl: "https://idp.example.com/metadata" };
const long = Array.from({ length: 40 }, (_, index) => ({ path: `/mcp-${index}`, scopes: { [`mcp-${index}`]: "x".repeat(80) } }));
const short = [{ path: "/mcp", scopes: { mcp: "Use the tools of this server" } }];
const image = (tag: string) => `123456789012.dkr.ecr.eu-west-1.amazonaws.com/edgeward-origin:${tag}`;
/** `REGION` is the deployment's. */
const tls = { name: "alb.example.com", certificateArn: arn("REGION") };
const domain = { name: "origin.example.com", certificateArn: arn("us-east-1") };
const customDomain = { name: "login.example.com", certificateArn: arn("us-east-1") };
const OTHER_LOGIN = "the login pages get another address: their passkeys and bookmarks do not work there";

export const UPDATES: readonly Update[] = [
  { name: "nothing", after: {} },
  { name: "protect what was created", isFirst: true, after: {} },
  { name: "server.tls on", before: { server: { tls: null } }, after: { server: { tls } } },
  { name: "server.tls off", before: { server: { tls } }, after: { server: { tls: null } } },
  {
    name: "server.tls, another certificate",
    before: { server: { tls } },
    after: { server: { tls: { certificateArn: arn("REGION").replace("ff", "fe") } } },
  },
  { name: "server.domain on", before: { server: { domain: null } }, after: { server: { domain } } },
  { name: "server.domain off", before: { server: { domain } }, after: { server: { domain: null } } },
  {
    name: "userPool.customDomain on",
    before: { userPool: { customDomain: null } },
    after: { userPool: { customDomain } },
    means: { "AWS::Cognito::UserPoolDomain": OTHER_LOGIN },
  },
  {
    name: "userPool.customDomain off",
    before: { userPool: { customDomain } },
    after: { userPool: { customDomain: null } },
    means: { "AWS::Cognito::UserPoolDomain": OTHER_LOGIN },
  },
  {
    name: "userPool.domainPrefix, another one",
    before: { userPool: { customDomain: null } },
    after: { userPool: { domainPrefix: "another" } },
    means: { "AWS::Cognito::UserPoolDomain": OTHER_LOGIN },
    impossible: "a pool has one prefix, and the new one is made first: delete the domain by hand before",
  },
  { name: "userPool.tier up", before: { userPool: { tier: "ESSENTIALS" } }, after: { userPool: { tier: "PLUS" } } },
  { name: "userPool.tier down", before: { userPool: { tier: "PLUS" } }, after: { userPool: { tier: "ESSENTIALS" } } },
  { name: "userPool.mfa required", before: { userPool: { mfa: "optional" } }, after: { userPool: { mfa: "required" } } },
  { name: "userPool.mfa on", before: { userPool: { mfa: "off" } }, after: { userPool: { mfa: "optional" } } },
  { name: "userPool.mfa off", before: { userPool: { mfa: "required" } }, after: { userPool: { mfa: "off" } } },
  { name: "userPool.passkeys off", before: { userPool: { passkeys: true } }, after: { userPool: { passkeys: false } } },
  { name: "userPool.passkeys on", before: { userPool: { passkeys: false } }, after: { userPool: { passkeys: true } } },
  { name: "userPool.selfSignUp on", after: { userPool: { selfSignUp: true } } },
  { name: "userPool, lifetimes of tokens", after: { userPool: { accessTokenSeconds: 600, refreshTokenDays: 7 } } },
  { name: "userPool.email on", after: { userPool: { email: { from: "no-reply@example.com", region: "eu-west-1" } } } },
  { name: "userPool.retain off", before: { userPool: { retain: true } }, after: { userPool: { retain: false } } },
  { name: "an identity provider comes", after: { userPool: { identityProviders: [oidc] } } },
  {
    name: "an identity provider goes",
    before: { userPool: { identityProviders: [oidc, saml] } },
    after: { userPool: { identityProviders: [saml] } },
  },
  {
    name: "an identity provider's e-mail addresses are trusted",
    before: { userPool: { identityProviders: [oidc] } },
    after: { userPool: { identityProviders: [{ ...oidc, trustEmail: true }] } },
  },
  {
    name: "an identity provider's e-mail addresses are trusted no longer",
    before: { userPool: { identityProviders: [{ ...oidc, trustEmail: true }] } },
    after: { userPool: { identityProviders: [oidc] } },
  },
  { name: "edge.originGroups", after: { edge: { originGroups: ["admins", "app-*"] } } },
  { name: "a resource server comes", after: { userPool: { resourceServers: { files: { read: "Read files" } } } } },
  {
    name: "a resource server goes",
    before: { userPool: { resourceServers: { files: { read: "Read files" }, other: { all: "All" } } } },
    after: { userPool: { resourceServers: { files: null } } },
  },
  {
    name: "a scope of a resource server comes",
    before: { userPool: { resourceServers: { files: { read: "Read" } } } },
    after: { userPool: { resourceServers: { files: { write: "Write" } } } },
  },
  { name: "publicUrl, another one", after: { publicUrl: "https://other.example.com" } },
  { name: "edge.resources, longer", before: { edge: { resources: short } }, after: { edge: { resources: long } } },
  { name: "edge.resources, shorter", before: { edge: { resources: long } }, after: { edge: { resources: short } } },
  { name: "edge.resources off", before: { edge: { resources: short } }, after: { edge: { resources: null } } },
  { name: "server.tasks", after: { server: { tasks: { least: 4, most: 40 } } } },
  { name: "server.cpu and memoryMiB", after: { server: { cpu: 1024, memoryMiB: 4096 } } },
  { name: "server.image, another tag", after: { server: { image: image("2") } } },
  { name: "server.image, built here", after: { server: { image: null } } },
  { name: "server.architecture", after: { server: { architecture: "x86_64" } } },
  { name: "server.logDays", after: { server: { logDays: 90 } } },
  { name: "server.outbound endpoints", before: { server: { outbound: "nat" } }, after: { server: { outbound: "endpoints" } } },
  {
    name: "server.outbound nat",
    before: { server: { outbound: "endpoints" } },
    after: { server: { outbound: "nat" } },
    means: { "AWS::EC2::SecurityGroup": "the endpoints go, and their security group with them" },
  },
  {
    name: "server.originSecretGeneration + 1",
    before: { server: { originSecretGeneration: 1 } },
    after: { server: { originSecretGeneration: 2 } },
    means: { "AWS::SecretsManager::Secret": "the oldest one goes, after CloudFront has sent the next one for a while" },
  },
  { name: "server.otlpEndpoint on", after: { server: { otlpEndpoint: "http://collector.internal:4318" } } },
  { name: "server.weatherUrl", after: { server: { weatherUrl: "https://weather.example.com" } } },
  {
    name: "server.zones",
    after: { server: { zones: ["ZONE-az2", "ZONE-az3"] } },
    means: { "AWS::EC2::Subnet": "a subnet is in one zone" },
    impossible: "subnets with the same addresses cannot stand side by side: make another deployment",
  },
  { name: "firewall.count", after: { firewall: { count: ["common", "rate"] } } },
  { name: "firewall, limits", after: { firewall: { requestsPerAddress: 200_000, signInsPerAddress: 2000 } } },
  { name: "alarmEmail on", before: { alarmEmail: null }, after: { alarmEmail: "oncall@example.com" } },
  { name: "alarmEmail, another one", before: { alarmEmail: "oncall@example.com" }, after: { alarmEmail: "others@example.com" } },
  { name: "alarmEmail off", before: { alarmEmail: "oncall@example.com" }, after: { alarmEmail: null } },
];

/** `changes` in `file`: objects are merged, and `null` takes a key away. */
export function merge(file: File, changes: File): File {
  const merged = Object.entries(changes).map(([key, value]) => {
    const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
    return [key, isObject ? merge(file[key] ?? {}, value) : value];
  });
  return Object.fromEntries(Object.entries({ ...file, ...Object.fromEntries(merged) }).filter(([, value]) => value !== null));
}
