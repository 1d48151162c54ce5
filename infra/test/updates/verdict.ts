// What CloudFormation or AWS would refuse of an update.

import type { TemplateJson } from "../templates.ts";
import { dependsOn, refersToAny } from "../reality/find.ts";
import { changesOf, type Change } from "./diff.ts";
import { IMMUTABLE } from "./immutable.ts";
import { LASTING } from "./lasting.ts";
import { keyOf } from "./unique.ts";

/** Resources that would stand side by side, although AWS has only one such thing. */
function collisions(changes: readonly Change[]): string[] {
  const replaced = new Set(changes.filter(({ kind }) => kind === "replaced").map(({ id }) => id));
  const old = new Map<string, string>();
  for (const { id, kind, before } of changes) {
    const key = before && (kind === "replaced" || kind === "removed") ? keyOf(before) : undefined;
    if (key) old.set(key, id);
  }
  return changes.flatMap(({ id, kind, after }) => {
    if (!after || (kind !== "replaced" && kind !== "added")) return [];
    // What belongs to another resource afterwards is another thing, though it is called alike.
    const key = refersToAny(after.Properties, replaced) ? undefined : keyOf(after);
    const other = key && old.get(key);
    return other ? [`${id}: is made while ${other} still stands, and there can be only one ${key}`] : [];
  });
}

/** What names resources that are gone. */
function dangling(after: TemplateJson, changes: readonly Change[]): string[] {
  const gone = new Set(changes.filter(({ kind }) => kind === "removed").map(({ id }) => id));
  return Object.entries(after.Resources)
    .filter(([, resource]) => refersToAny(resource, gone) || dependsOn(resource).some((id) => gone.has(id)))
    .map(([id]) => `${id}: names a resource that is gone`);
}

/** What would be refused or lost; `means` says of which types it is meant. */
export function verdict(before: TemplateJson, after: TemplateJson, means: Readonly<Record<string, string>> = {}): string[] {
  const changes = changesOf(before, after);
  const lost = changes.flatMap(({ id, kind, before: then }) => {
    const why = then && (kind === "replaced" || kind === "removed") && !(then.Type in means) && LASTING[then.Type];
    return why ? [`${id}: ${kind}, and ${why}`] : [];
  });
  const refused = changes.flatMap(({ id, kind, before: then, after: now }) =>
    kind === "updated" && then && now
      ? IMMUTABLE.filter(({ type, isRefused }) => type === now.Type && isRefused(then.Properties ?? {}, now.Properties ?? {})).map(
          ({ fact }) => `${id}: ${fact}`,
        )
      : [],
  );
  return [...collisions(changes), ...lost, ...refused, ...dangling(after, changes)];
}
