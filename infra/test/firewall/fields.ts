// Parts of a request that statements compare, and how they are changed before.

import type { Request } from "./request.ts";
import { members, oneOf } from "./template.ts";

/** The part that a statement names; `undefined` if the request has none: then the statement does not match. */
export function field(fieldToMatch: any, request: Request): string | undefined {
  const [kind, options] = oneOf(fieldToMatch, "FieldToMatch");
  switch (kind) {
    case "UriPath":
      return request.path;
    case "SingleHeader":
      return request.headers[members(options, ["Name"], kind).Name.toLowerCase()];
    default:
      throw new Error(`FieldToMatch ${kind} is not known`);
  }
}

/** Applies the transformations in the order of their priorities. */
export function transformed(value: string, transformations: any[]): string {
  const inOrder = transformations.toSorted((one, other) => one.Priority - other.Priority);
  return inOrder.reduce((text: string, { Type: type }: any) => {
    const change = TRANSFORMATIONS[type];
    if (!change) throw new Error(`TextTransformation ${type} is not known`);
    return change(text);
  }, value);
}

const TRANSFORMATIONS: Record<string, (text: string) => string> = {
  NONE: (text) => text,
  LOWERCASE: (text) => text.toLowerCase(),
};
