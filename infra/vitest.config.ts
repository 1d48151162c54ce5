import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: "test/temporary.ts",
    // Synthesis takes seconds, and a minute on a machine that is busy otherwise.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // Loading the CDK takes seconds too: once for each thread, not for each file.
    pool: "threads",
    isolate: false,
    maxWorkers: 2,
  },
});
