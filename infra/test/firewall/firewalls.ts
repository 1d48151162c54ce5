// The three firewalls of a deployment, and what requests to them must know.

import { only, type Templates } from "../templates.ts";
import { Firewall } from "./firewall.ts";
import type { Resource } from "./request.ts";
import { text } from "./template.ts";

const STACKS = { CloudFront: "global", "load balancer": "server", "user pool": "security" } as const;

export const RESOURCES = Object.keys(STACKS) as Resource[];

/** `Properties` of the web ACL before a resource; `undefined` if there is none. */
export const webAcl = (templates: Templates, resource: Resource): any =>
  Object.values(templates[STACKS[resource]].Resources).find(({ Type }) => Type === "AWS::WAFv2::WebACL")?.Properties;

/** The firewall before a resource, as if nobody had been there yet. */
export const firewall = (templates: Templates, resource: Resource) => new Firewall(webAcl(templates, resource), resource);

/** Header fields that CloudFront adds to what it sends to the load balancer. */
export function addedByCloudFront({ server }: Templates): Record<string, string> {
  const { Origins } = only(server, "AWS::CloudFront::Distribution").Properties["DistributionConfig"];
  const fields = Origins.flatMap((origin: any) => origin.OriginCustomHeaders);
  return Object.fromEntries(fields.map((field: any) => [field.HeaderName, text(field.HeaderValue)]));
}

/** The user pool's id, as templates name it. */
export function userPoolId({ security }: Templates): string {
  const found = Object.entries(security.Resources).find(([, { Type }]) => Type === "AWS::Cognito::UserPool");
  if (!found) throw new Error("there is no user pool");
  return text({ Ref: found[0] });
}
