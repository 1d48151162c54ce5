import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Gives all tests one temporary folder, which goes with its content when they have ended. */
export default function temporary(): () => void {
  const folder = mkdtempSync(join(tmpdir(), "edgeward-tests-"));
  process.env["TMPDIR"] = folder;
  return () => rmSync(folder, { recursive: true, force: true });
}
