import type { Pool } from "./pool.ts";

/** What a pool was seen to do. */
export interface Finding {
  /** In the words of `Question.expected`. */
  readonly observed: string;
  readonly details?: readonly string[];
}

/** A question that only a real pool answers. */
export interface Question {
  readonly name: string;
  /** What of the local Cognito answers it in tests: a member of `Config::mode` and its default, or what it always does. */
  readonly model: string;
  /** What the local Cognito does, as `Finding.observed` has it. */
  readonly expected: string | RegExp;
  /** What to change where a pool does something else. */
  readonly otherwise: string;
  /** @throws Error when it cannot be asked. */
  ask(pool: Pool): Promise<Finding>;
}

export const agrees = ({ expected }: Question, { observed }: Finding) =>
  typeof expected === "string" ? observed === expected : expected.test(observed);
