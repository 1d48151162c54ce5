import { defineConfig } from "vitest/config";

// Synthesis takes seconds.
export default defineConfig({ test: { testTimeout: 60_000, hookTimeout: 60_000 } });
