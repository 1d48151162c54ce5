// What the tests and `make infra-test` put into the temporary folder goes when they end.

import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { constants, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const MODULE = new URL("temporary.ts", import.meta.url);

/** Runs a program that fills its temporary folder, and then does `more`; what it says, its exit status, and what it leaves. */
async function running(more: string, signal?: NodeJS.Signals) {
  const outer = mkdtempSync(join(tmpdir(), "temporary-"));
  const script = `
    import { mkdtempSync, writeFileSync } from "node:fs";
    import { tmpdir } from "node:os";
    import { join } from "node:path";
    import { temporaryFolder } from ${JSON.stringify(MODULE.href)};
    const { folder } = temporaryFolder();
    if (tmpdir() !== folder) throw new Error("programs are not told");
    writeFileSync(join(mkdtempSync(join(tmpdir(), "cdk.out")), "file"), "content");
    console.log("filled");
    ${more}`;
  const child = spawn(process.execPath, ["--import", "tsx", "--input-type=module", "--eval", script], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { ...process.env, TMPDIR: outer, TSX_DISABLE_CACHE: "1" },
    stdio: ["ignore", "pipe", "ignore"],
  });
  let said = "";
  child.stdout.on("data", (chunk) => {
    said += chunk;
    if (signal) child.kill(signal);
  });
  const status = await new Promise((resolve) => child.on("close", resolve));
  return { said, status, left: readdirSync(outer) };
}

test.each([
  ["a program that ends", "", 0],
  ["a program that fails", 'throw new Error("failed");', 1],
])("nothing is left by %s", async (_, more, status) => {
  expect(await running(more)).toEqual({ said: "filled\n", status, left: [] });
});

test.each(["SIGINT", "SIGTERM"] as const)("nothing is left by a program that %s ends", async (signal) => {
  const status = 128 + constants.signals[signal];
  expect(await running("setInterval(() => {}, 1000);", signal)).toEqual({ said: "filled\n", status, left: [] });
});
