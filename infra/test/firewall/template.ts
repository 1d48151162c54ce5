// Reading values of CloudFormation templates.

/** A text of a template; what CloudFormation would put in is `${LogicalId}` or `${LogicalId.Attribute}`. */
export function text(value: any): string {
  if (typeof value === "string") return value;
  const { Ref: ref, "Fn::GetAtt": attribute, "Fn::Join": join, ...others } = value ?? {};
  if (Object.keys(others).length === 0) {
    if (ref) return `\${${ref}}`;
    if (attribute) return `\${${attribute.join(".")}}`;
    if (join) return join[1].map(text).join(join[0]);
  }
  throw new Error(`no text: ${JSON.stringify(value)}`);
}

/** The one member of an object, such as a statement's kind. */
export function oneOf(object: any, what: string): [string, any] {
  const members = Object.entries(object ?? {});
  if (members.length !== 1) throw new Error(`${what} has ${members.length} members: ${JSON.stringify(object)}`);
  return members[0]!;
}

/** Takes the members that are known, and throws for any other. */
export function members(object: any, known: readonly string[], what: string): any {
  const unknown = Object.keys(object).filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`${what} has ${unknown.join(", ")}, which nobody here knows`);
  return object;
}
