import { defineConfig } from "vitest/config";

/** The storms of `npm test` at their full numbers, one after another; prints a table. */
export default defineConfig({
  test: {
    include: ["server/test/*.chaos.test.ts"],
    globalSetup: ["dev/build-once.ts", "dev/test/chaos-setup.ts"],
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
    fileParallelism: false,
  },
});
