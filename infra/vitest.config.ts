import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: "test/temporary.ts",
    // Synthesis takes seconds.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Loading the CDK takes seconds too: once for each thread, not for each file.
    pool: "threads",
    isolate: false,
    maxWorkers: 2,
  },
});
