import { mkdtempSync, rmSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";

/**
 * Gives this program and the programs that it starts a temporary folder of their own. It is removed when the program
 * ends, after a failure or Ctrl-C, too.
 *
 * @returns The folder, and what removes it earlier.
 */
export function temporaryFolder(): { folder: string; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), "edgeward-infra-"));
  process.env["TMPDIR"] = folder;
  // A program that a signal has just ended may still be writing.
  const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  process.once("exit", remove);
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    // The exit status that a shell gives a program ended by the signal.
    process.once(signal, () => process.exit(128 + constants.signals[signal]));
  }
  return { folder, remove };
}

/** For vitest: one folder for all tests. */
export default function setup(): () => void {
  return temporaryFolder().remove;
}
