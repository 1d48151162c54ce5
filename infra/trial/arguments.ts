import { parseArgs } from "node:util";
import { COMMON_OPTIONS, commonArguments, minutes, type CommonArguments } from "./options.ts";
import { STEPS } from "./steps.ts";

export interface TrialArguments extends CommonArguments {
  /** Whether the CDK may be bootstrapped. */
  readonly bootstrap: boolean;
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
  const { values } = parseArgs({
    args: [...words],
    options: {
      ...COMMON_OPTIONS,
      bootstrap: { type: "boolean", default: false },
      "stream-minutes": { type: "string" },
      "rotation-minutes": { type: "string" },
    },
  });
  return {
    ...commonArguments(values, STEPS, "trial"),
    bootstrap: values.bootstrap,
    streamMinutes: minutes(values["stream-minutes"], 15),
    rotationMinutes: minutes(values["rotation-minutes"], 21),
  };
}
