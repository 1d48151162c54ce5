import type { Inspected } from "../request.ts";

/** A rule of a managed group, by what AWS documents of it. */
export interface ManagedRule {
  readonly name: string;
  readonly action: "Block" | "Count";
  readonly matches: (request: Inspected) => boolean;
}

export interface ManagedGroup {
  /** Where AWS documents its rules. */
  readonly source: string;
  /** Web ACL capacity units. */
  readonly capacity: number;
  readonly rules: readonly ManagedRule[];
}

export const blocks = (name: string, matches: ManagedRule["matches"]): ManagedRule => ({ name, action: "Block", matches });

/** One rule for each part of the request that a pattern is looked for in. */
export function inParts(name: string, pattern: RegExp, parts: readonly (keyof typeof PARTS)[]): ManagedRule[] {
  return parts.map((part) => blocks(`${name}_${part}`, (request) => PARTS[part](request).some((text) => pattern.test(text))));
}

const PARTS = {
  HEADER: ({ headers }: Inspected) => [headers],
  COOKIE: ({ cookie }: Inspected) => [cookie],
  URIPATH: ({ path }: Inspected) => [path],
  QUERYSTRING: ({ query }: Inspected) => [query],
  QUERYARGUMENTS: ({ values }: Inspected) => values,
  BODY: ({ body }: Inspected) => [body],
};
