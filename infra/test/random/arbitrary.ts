// Settings at random, drawn from the schema itself: a setting that `lib/settings.ts` gains is drawn from then on.

import fc from "fast-check";
import { z } from "zod";
import { schema } from "../../lib/settings.ts";
import type { Drawn } from "./problems.ts";
import { OVERRIDES } from "./values.ts";

/** What zod makes of a schema. */
export interface Node {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Node[];
  readonly oneOf?: readonly Node[];
  readonly allOf?: readonly Node[];
  readonly properties?: Readonly<Record<string, Node>>;
  readonly required?: readonly string[];
  readonly propertyNames?: Node;
  readonly additionalProperties?: Node | boolean;
  readonly items?: Node;
  readonly prefixItems?: readonly Node[];
  readonly minItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly pattern?: string;
  readonly format?: string;
}

export const root = z.toJSONSchema(schema, { io: "input" }) as Node;

/** Strings that nothing restricts: those that people write, and those that only the schema could keep out. */
const freeText = fc.oneof(
  { weight: 3, arbitrary: fc.stringMatching(/^[a-z]{3,10}$/) },
  fc.constantFrom("https://api.example.com/files", "two words", "ünïcode", "a/b", "<b>&\"'", "{braces}"),
  fc.string({ minLength: 1, maxLength: 12 }),
  fc.stringMatching(/^[a-z]{300}$/),
);

/** URLs, shorter and longer ones. */
const url = fc.constantFrom("https://id.example.com", "https://id.example.com/tenant/v2.0", `https://id.example.com/${"long/".repeat(40)}`);

function text(node: Node): fc.Arbitrary<string> {
  if (node.format === "uri") return url;
  if (node.format === "email") return fc.constantFrom("oncall@example.com", "first.last+tag@mail.example.org");
  const rules = [node, ...(node.allOf ?? [])].flatMap(({ pattern }) => (pattern === undefined ? [] : [new RegExp(pattern)]));
  const [first, ...others] = rules;
  const strings = first ? fc.stringMatching(first) : freeText;
  const fits = (value: string) =>
    value.length >= (node.minLength ?? 0) && value.length <= (node.maxLength ?? 1024) && others.every((rule) => rule.test(value));
  return strings.filter(fits);
}

function integer({ minimum: min = 1, maximum = Number.MAX_SAFE_INTEGER }: Node): fc.Arbitrary<number> {
  // Nobody sets more than this where the schema knows no limit.
  const max = maximum === Number.MAX_SAFE_INTEGER ? 1000 : maximum;
  return fc.oneof(fc.constantFrom(min, max), fc.integer({ min, max }));
}

/** Values that a node takes; `path` is where it is, without indices and keys that are free. */
function draw(node: Node, path: string): fc.Arbitrary<unknown> {
  const override = OVERRIDES[path];
  if (override) return override;
  const choices = node.anyOf ?? node.oneOf;
  if (choices) return fc.oneof(...choices.map((choice) => draw(choice, path)));
  if ("const" in node) return fc.constant(node.const);
  if (node.enum) return fc.constantFrom(...node.enum);
  switch (node.type) {
    case "boolean":
      return fc.boolean();
    case "integer":
      return integer(node);
    case "string":
      return text(node);
    case "array":
      if (node.prefixItems) return fc.tuple(...node.prefixItems.map((item) => draw(item, path)));
      return fc.uniqueArray(draw(node.items ?? {}, path), {
        minLength: node.minItems ?? 0,
        maxLength: 4,
        selector: (item) => (typeof item === "object" ? JSON.stringify(item) : item),
      });
    case "object":
      return object(node, path);
  }
  throw new Error(`${path}: ${JSON.stringify(node)} is of a kind that is not drawn`);
}

function object(node: Node, path: string): fc.Arbitrary<unknown> {
  if (!node.properties) {
    const [keys, values] = [node.propertyNames ?? {}, node.additionalProperties];
    return fc.dictionary(text(keys), draw(typeof values === "object" ? values : {}, `${path}.*`), { minKeys: 1, maxKeys: 3 });
  }
  const properties = Object.entries(node.properties).map(([key, value]) => [key, draw(value, path === "" ? key : `${path}.${key}`)]);
  return fc.record(Object.fromEntries(properties), { requiredKeys: [...(node.required ?? [])] } as object);
}

/** Names of deployments: the longest, the shortest, and others. */
const deployment = fc.oneof(fc.constantFrom("a".repeat(16), "ab", "x-1"), fc.stringMatching(/^[a-z][a-z0-9-]{0,14}[a-z0-9]$/));

/** Zone ids begin with the region's name in short: euw1-az1 is in eu-west-1. */
const zonePrefix = (region: string) =>
  region.replace(/^([a-z]+)-([a-z]+)-(\d)$/, (_, area: string, side: string, number: string) => {
    const short = side.replace(/north|south|east|west|central/g, (point) => (point === "central" ? "c" : point.slice(0, 1)));
    return `${area}${short}${number}`;
  });

/** Leaves out what nothing would become of beside a user pool or a server that exists. */
function besideExisting(userPool: Record<string, any> = {}, server: Record<string, any> = {}, firewall: Record<string, any> = {}): void {
  const keep = (from: Record<string, any>, names: string[]) =>
    Object.keys(from).filter((name) => !names.includes(name)).forEach((name) => delete from[name]);
  const { existing } = userPool;
  if (existing) {
    if (existing.clientId) delete existing.identityProviders;
    else delete existing.clientSecretArn;
    keep(userPool, ["existing", "retain", "logoutUrls", ...(existing.clientId ? [] : ["accessTokenSeconds", "refreshTokenDays"])]);
    delete firewall["signInsPerAddress"];
  }
  if (server["existing"]) {
    keep(server, ["existing"]);
    delete firewall["requestsPerAddress"];
  }
  if (existing && server["existing"]) delete firewall["count"];
}

/** What hardly any draw would have right, as it depends on another setting, is put right. */
function coherent(settings: Record<string, any>): Record<string, any> {
  const { region } = settings;
  const text = JSON.stringify(settings).replaceAll("REGION", region).replaceAll("ZONE", zonePrefix(region));
  const { userPool, server, ...others } = JSON.parse(text);
  besideExisting(userPool, server, others.firewall);
  if (userPool?.customDomain) delete userPool.domainPrefix;
  if (userPool?.identityProviders) {
    const byName = userPool.identityProviders.map((provider: any) => [provider.name ?? provider.kind, provider]);
    userPool.identityProviders = [...new Map(byName).values()];
  }
  if (userPool?.email?.verifiedDomain) userPool.email.from = "no-reply@example.com";
  if (server?.memoryMiB) server.memoryMiB *= server.cpu ?? 256;
  if (server?.tasks) {
    const [least, most] = [server.tasks.least ?? 2, server.tasks.most ?? 10];
    server.tasks = { least: Math.min(least, most), most: Math.max(least, most) };
  }
  const isTrial = others.publicUrl.startsWith("http:");
  return {
    ...others,
    ...((userPool || isTrial) && { userPool: { ...userPool, ...(isTrial && { retain: false }) } }),
    ...(server && { server }),
  };
}

/** Settings as they stand in a file, of which `parseSettings` takes some. */
export const drawn: fc.Arbitrary<Drawn> = fc.record({
  deployment,
  settings: draw(root, "").map((settings) => coherent(settings as Record<string, any>)),
});
