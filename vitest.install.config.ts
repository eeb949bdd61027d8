import { defineConfig } from "vitest/config";

/** `npm run test:install`: the commands of the manual with the real package managers, which fetch from their registry. */
export default defineConfig({
  test: {
    include: ["**/*.install.test.ts"],
    exclude: ["**/node_modules/**"],
    globalSetup: ["dev/build-once.ts"],
    // Only for what hangs: a busy machine is slow, and no test measures time.
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
    expect: { poll: { timeout: 800_000 } },
  },
});
