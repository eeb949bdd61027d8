import { defineConfig } from "vitest/config";

/** Many generated sites on every Hugo; a failure names the seed and the smallest site that shows it. */
export default defineConfig({
  test: {
    include: ["scan/test/generated-sites.test.ts"],
    globalSetup: ["dev/build-once.ts"],
    testTimeout: 3_600_000,
    provide: { generatedSites: 150 },
  },
});
