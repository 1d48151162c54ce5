// The part of the command line that both trials have.

import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const TARGET = fileURLToPath(new URL("../../target", import.meta.url));

export interface CommonArguments {
  readonly deployment: string;
  /** Folder of the settings, if it is not `deployments/`. */
  readonly deployments: string | undefined;
  /** Folder of the report and of the trial's copy of the settings. */
  readonly report: string;
  /** Steps that are left out. */
  readonly skip: readonly string[];
  /** Steps that are run again although they have passed. */
  readonly again: readonly string[];
}

const word = { type: "string" } as const;

/** For `parseArgs`. */
export const COMMON_OPTIONS = { deployment: word, deployments: word, report: word, skip: word, again: word };

type Given = { readonly [name in keyof typeof COMMON_OPTIONS]?: string | undefined };

/**
 * @param reports Folder below `target/`, for the reports of all deployments.
 * @throws Error that says what is wrong with the command line.
 */
export function commonArguments(values: Given, steps: readonly { readonly name: string }[], reports: string): CommonArguments {
  const { deployment, deployments, report } = values;
  if (!deployment) throw new Error("name the deployment: --deployment NAME");
  const known = steps.map(({ name }) => name);
  const named = (text: string | undefined) => {
    const names = list(text);
    const unknown = names.filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new Error(`there is no step ${unknown.join(", ")}; the steps are ${known.join(", ")}`);
    return names;
  };
  return {
    deployment,
    deployments: deployments === undefined ? undefined : resolve(deployments),
    report: report === undefined ? join(TARGET, reports, deployment) : resolve(report),
    skip: named(values.skip),
    again: named(values.again),
  };
}

/** The parts of a list with commas. */
export const list = (text = "") => text.split(",").filter((part) => part !== "");

/** A whole number of something; `usual` if none is given. */
export function count(text: string | undefined, usual: number, what: string, most: number): number {
  const number = text === undefined ? usual : Number(text);
  if (!Number.isInteger(number) || number < 1 || number > most) throw new Error(`"${text}" is no number of ${what} from 1 to ${most}`);
  return number;
}

export const minutes = (text: string | undefined, usual: number) => count(text, usual, "minutes", 60);
