// Finding things in templates.

import { all, type Resource, type TemplateJson, type Templates } from "../templates.ts";

/** The resources of a type, with their logical ids. */
export function entries(template: TemplateJson, type: string): [id: string, resource: Resource][] {
  return Object.entries(template.Resources).filter(([, resource]) => resource.Type === type);
}

/** The same in all templates. */
export const entriesOfAll = (templates: Templates, type: string) => Object.values(templates).flatMap((template) => entries(template, type));

/** Whether a value names one of the resources: by `Ref`, `Fn::GetAtt` or `Fn::Sub`. */
export function refersToAny(value: unknown, ids: ReadonlySet<string>): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value)) return value.some((item) => refersToAny(item, ids));
  return Object.entries(value).some(([key, inner]) => {
    if (key === "Ref") return ids.has(inner);
    if (key === "Fn::GetAtt") return ids.has(Array.isArray(inner) ? inner[0] : String(inner).split(".")[0]!);
    if (key === "Fn::Sub") {
      const [text] = Array.isArray(inner) ? inner : [inner];
      if ([...String(text).matchAll(/\$\{([A-Za-z0-9]+)/g)].some(([, id = ""]) => ids.has(id))) return true;
    }
    return refersToAny(inner, ids);
  });
}

/** Whether a value names the resource. */
export const refersTo = (value: unknown, id: string) => refersToAny(value, new Set([id]));

/** What a resource waits for, whether it is written as one id or as several. */
export const dependsOn = ({ DependsOn }: Resource): string[] => [DependsOn ?? []].flat();

/** The home region, which templates name where tasks write their logs. */
export function homeRegion({ server }: Templates): string {
  const containers = all(server, "AWS::ECS::TaskDefinition").flatMap(({ Properties }) => Properties["ContainerDefinitions"]);
  return containers.map((container) => container.LogConfiguration?.Options?.["awslogs-region"]).find((region) => typeof region === "string") ?? "";
}

/** The first of what a mutation looks for. */
export function first<T>(items: readonly T[]): T {
  const [item] = items;
  if (item === undefined) throw new Error("there is none to break");
  return item;
}
