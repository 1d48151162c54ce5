import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { PARTS } from "../../lib/names.ts";
import { synthesizeOnce, type Templates } from "../templates.ts";
import { merge, UPDATES, type Update } from "./changes.ts";
import { changesOf, type Change } from "./diff.ts";
import { verdict } from "./verdict.ts";

const DEPLOYMENTS = ["example", "production"];
/** An image that is there already, as building one reads the whole project. */
const image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/edgeward-origin:1";

function synthesized(deployment: string, settings: Record<string, any>, isFirst = false): Templates {
  const region: string = settings["region"];
  const text = JSON.stringify(settings)
    .replaceAll("REGION", region)
    .replaceAll("ZONE", region === "eu-west-1" ? "euw1" : "euc1");
  return synthesizeOnce(deployment, text, isFirst ? [...PARTS] : []);
}

function templatesOf(deployment: string, { before = {}, after, isFirst }: Update): [Templates, Templates] {
  const file = JSON.parse(readFileSync(new URL(`../../deployments/${deployment}.json`, import.meta.url), "utf8"));
  const then = merge(merge(file, { server: { image } }), before);
  return [synthesized(deployment, then, isFirst), synthesized(deployment, merge(then, after))];
}

/** What is replaced and removed by which change, for people to review; and of which deployments. */
const reviewed = new Map<string, string[]>();

function row({ name, impossible }: Update, changes: readonly Change[]): string | undefined {
  const ids = (wanted: Change["kind"]) =>
    changes.flatMap(({ id, kind, before }) => (kind === wanted ? [`${id.replace(/[0-9A-F]{8}$/, "")} (${before?.Type.split("::").at(-1)})`] : []));
  const [replaced, removed] = [ids("replaced"), ids("removed")].map((list) => [...new Set(list)].toSorted().join(", "));
  return replaced || removed ? `${name} | ${replaced} | ${removed} | ${impossible ?? ""}` : undefined;
}

describe.each(DEPLOYMENTS)("an update of the deployment %s", (deployment) => {
  test.each(UPDATES)("$name", (update) => {
    const [before, after] = templatesOf(deployment, update);
    const problems = PARTS.flatMap((part) => verdict(before[part], after[part], update.means));
    if (update.impossible) expect(problems).not.toEqual([]);
    else expect(problems).toEqual([]);
    const line = row(update, PARTS.flatMap((part) => changesOf(before[part], after[part])));
    if (line) reviewed.set(line, [...(reviewed.get(line) ?? []), deployment]);
  });
});

test("replaces and removes what was reviewed", async () => {
  const head = "| change | replaced | removed | not possible, because | deployments |\n|---|---|---|---|---|";
  const rows = [...reviewed].map(([line, deployments]) => `| ${line} | ${deployments.join(", ")} |`);
  await expect(`${[head, ...rows].join("\n")}\n`).toMatchFileSnapshot("reviewed.md");
});
