import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { compiledOrigin, NOT_COMPILED } from "../lib/server/compiled-origin.ts";

test("the image is built from what was compiled for its architecture", () => {
  const checkout = mkdtempSync(join(tmpdir(), "edgeward-"));
  expect(compiledOrigin("arm64", checkout)).toBe(NOT_COMPILED);
  const folder = join(checkout, "target/image/amd64");
  mkdirSync(folder, { recursive: true });
  // What an interrupted build leaves has no Dockerfile.
  expect(compiledOrigin("x86_64", checkout)).toBe(NOT_COMPILED);
  writeFileSync(join(folder, "Dockerfile"), "FROM scratch");
  expect(compiledOrigin("x86_64", checkout)).toBe(folder);
  expect(compiledOrigin("arm64", checkout)).toBe(NOT_COMPILED);
});

test("without it the build fails and says what to run", () => {
  expect(readFileSync(join(NOT_COMPILED, "Dockerfile"), "utf8")).toMatch(/^COPY the-origin-is-not-compiled:run-make-origin /m);
});
