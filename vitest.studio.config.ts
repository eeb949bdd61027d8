import { defineConfig } from "vitest/config";

/** The Studio in a real Chromium, with a real server on the example photographs. */
export default defineConfig({
  test: {
    include: ["server/studio/test/*.studio.test.ts"],
    globalSetup: ["dev/build-once.ts"],
    // Only for what hangs: a busy machine is slow, and no test measures time.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: 800_000 } },
    maxWorkers: 1,
  },
});
