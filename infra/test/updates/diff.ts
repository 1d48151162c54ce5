// What CloudFormation makes of a new template: which resources come, go, change in place, or are replaced.

import { createOnly } from "../cloudformation-schemas.ts";
import { refersToAny } from "../reality/find.ts";
import type { Resource, TemplateJson } from "../templates.ts";

export interface Change {
  readonly id: string;
  readonly kind: "added" | "removed" | "updated" | "replaced";
  readonly before: Resource | undefined;
  readonly after: Resource | undefined;
}

const at = (resource: Resource, path: readonly string[]) =>
  path.reduce<any>((value, key) => (key === "*" ? value : value?.[key]), resource.Properties ?? {});

/** The same, whatever the order of keys. */
export function equal(one: unknown, other: unknown): boolean {
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return one === other;
  const keys = Object.keys(one);
  return (
    Array.isArray(one) === Array.isArray(other) &&
    keys.length === Object.keys(other).length &&
    keys.every((key) => equal((one as any)[key], (other as any)[key]))
  );
}

/** Whether a value differs, also because it names a resource that is another one afterwards. */
export const differs = (before: unknown, after: unknown, replaced: ReadonlySet<string>) =>
  !equal(before, after) || refersToAny(after, replaced);

/** How a stack changes. A resource whose replacement replaces another one is followed. */
export function changesOf(before: TemplateJson, after: TemplateJson): Change[] {
  const kept = Object.entries(after.Resources).flatMap(([id, now]) => {
    const then = before.Resources[id];
    return then ? [{ id, then, now }] : [];
  });
  const replaced = new Set<string>();
  for (let size = -1; size !== replaced.size; ) {
    size = replaced.size;
    for (const { id, then, now } of kept) {
      if (then.Type !== now.Type) throw new Error(`${id}: CloudFormation does not change a resource's type`);
      if (createOnly(now.Type).some((path) => differs(at(then, path), at(now, path), replaced))) replaced.add(id);
    }
  }
  const isUpdated = (then: Resource, now: Resource) => differs(then.Properties, now.Properties, replaced);
  return [
    ...Object.entries(before.Resources).flatMap(([id, then]): Change[] =>
      id in after.Resources ? [] : [{ id, kind: "removed", before: then, after: undefined }],
    ),
    ...Object.entries(after.Resources).flatMap(([id, now]): Change[] =>
      id in before.Resources ? [] : [{ id, kind: "added", before: undefined, after: now }],
    ),
    ...kept.flatMap(({ id, then, now }): Change[] => {
      if (replaced.has(id)) return [{ id, kind: "replaced", before: then, after: now }];
      return isUpdated(then, now) ? [{ id, kind: "updated", before: then, after: now }] : [];
    }),
  ];
}
