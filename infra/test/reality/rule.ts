// Reality rules: facts of AWS that CloudFormation's schemas and the emulator do not enforce, one rule each.

import type { Templates } from "../templates.ts";

/** One fact of AWS, and what a template that ignores it looks like. */
export interface Rule {
  /** The fact, as a sentence. */
  readonly name: string;
  /** Where AWS documents it, or who has observed it: URLs, or `botocore SERVICE VERSION Shape`. */
  readonly source: string;
  /**
   * What contradicts the fact, as `LogicalId: problem`. Empty when the rule holds; a deployment that does not have the
   * resources in question breaks nothing.
   */
  readonly broken: (templates: Templates) => string[];
  /** Breaks this rule, and no other, in a deployment with `settings`. */
  readonly mutate: (templates: Templates) => void;
  /** Changes to the settings of the deployment that `mutate` works on. @default none */
  readonly settings?: object;
}
