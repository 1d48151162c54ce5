import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { STEPS } from "./steps.ts";

const REPORTS = fileURLToPath(new URL("../../target/trial", import.meta.url));

export interface TrialArguments {
  readonly deployment: string;
  /** Folder of the settings, if it is not `deployments/`. */
  readonly deployments: string | undefined;
  /** Folder of the report and of the trial's copy of the settings. */
  readonly report: string;
  /** Whether the CDK may be bootstrapped. */
  readonly bootstrap: boolean;
  /** Steps that are left out. */
  readonly skip: readonly string[];
  /** Steps that are run again although they have passed. */
  readonly again: readonly string[];
  readonly streamMinutes: number;
  readonly rotationMinutes: number;
}

export const USAGE = `usage: trial.ts --deployment NAME [OPTIONS]
OPTIONS: --bootstrap             bootstrap the CDK where it is missing
         --skip STEP,STEP        leave steps out
         --again STEP,STEP       run steps again that have passed
         --stream-minutes N      how long a stream is kept open; by default 15
         --rotation-minutes N    how long requests go on between two steps of a rotation; by default 21
         --deployments DIR       where NAME.json is; by default infra/deployments
         --report DIR            where the report goes; by default target/trial/NAME`;

/** @throws Error that says what is wrong with the command line. */
export function parseTrialArguments(words: readonly string[]): TrialArguments {
  const word = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...words],
    options: {
      deployment: word,
      deployments: word,
      report: word,
      bootstrap: { type: "boolean", default: false },
      skip: word,
      again: word,
      "stream-minutes": word,
      "rotation-minutes": word,
    },
  });
  const { deployment } = values;
  if (!deployment) throw new Error("name the deployment: --deployment NAME");
  const steps = (text = "") => {
    const names = text.split(",").filter((name) => name !== "");
    const known = STEPS.map(({ name }) => name);
    const unknown = names.filter((name) => !known.includes(name));
    if (unknown.length > 0) throw new Error(`there is no step ${unknown.join(", ")}; the steps are ${known.join(", ")}`);
    return names;
  };
  const minutes = (text: string | undefined, usual: number) => {
    const number = text === undefined ? usual : Number(text);
    if (!Number.isInteger(number) || number < 1 || number > 60) throw new Error(`"${text}" is no number of minutes from 1 to 60`);
    return number;
  };
  return {
    deployment,
    deployments: values.deployments === undefined ? undefined : resolve(values.deployments),
    report: values.report === undefined ? join(REPORTS, deployment) : resolve(values.report),
    bootstrap: values.bootstrap,
    skip: steps(values.skip),
    again: steps(values.again),
    streamMinutes: minutes(values["stream-minutes"], 15),
    rotationMinutes: minutes(values["rotation-minutes"], 21),
  };
}
