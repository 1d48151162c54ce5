import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

test.each(["pause", "wait"])("a process that has nothing but a trial's %s ends after it, and well", async (how) => {
  const program = `
    const { machine } = await import(process.argv.at(-1));
    await machine.${how}(50);
    console.log("went on");
  `;
  const words = ["--input-type=module", "--import", "tsx", "--eval", program, file("../../trial/machine.ts")];
  const child = spawn(process.execPath, words, { cwd: file("../.."), stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.on("data", (chunk) => (said += chunk));
  // Node ends a program whose only wait is for a timer without a reference with status 13.
  const [status] = await once(child, "close");
  expect([status, said]).toEqual([0, "went on\n"]);
});
