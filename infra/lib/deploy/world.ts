import type { Aws } from "./aws.ts";
import type { Dns } from "./dns.ts";

/** Runs programs. None is given a secret as an argument: what they need of those, they read from the environment. */
export interface Programs {
  /** Runs a program that talks to the terminal itself; its exit status, 127 if there is no such program. */
  run(argv: readonly string[]): Promise<number>;
  /** Whether a program ends well; what it says is not shown. */
  succeeds(argv: readonly string[]): Promise<boolean>;
}

/** Everything outside of a run, so that tests can play it. */
export interface World {
  readonly aws: Aws;
  readonly dns: Dns;
  readonly programs: Programs;
  /** Variables of the environment. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** Sets one for the programs that are run from now on. */
  setVariable(name: string, value: string): void;
  say(line: string): void;
  /** A while between two looks at the same thing. */
  pause(): Promise<void>;
}
