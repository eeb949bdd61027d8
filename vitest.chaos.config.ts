import { defineConfig } from "vitest/config";

/** The storms of `npm run test:storms` at full size, one after another; prints a table. */
export default defineConfig({
  test: {
    // `npm test` runs the last ones too, some of them with smaller numbers.
    include: [
      "server/test/chaos/*.chaos.test.ts",
      "server/{cache/test/{disk,volume-faults},source/test/{retry-breaker,upstream},front/test/hostile,http/test/{listen,nginx}}.test.ts",
    ],
    globalSetup: ["dev/build-once.ts", "dev/test/chaos-setup.ts"],
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
    expect: { poll: { timeout: 800_000 } },
    fileParallelism: false,
  },
});
