import { defineConfig } from "vitest/config";

/** Installations, recipes and files for one machine, with the programs that they name: npm, git, Hugo, nginx, Caddy, systemd. */
export default defineConfig({
  test: {
    include: ["{docs,hugo-module}/**/test/**/*.machine.test.ts"],
    globalSetup: ["dev/build-once.ts"],
    // Only for what hangs: a busy machine is slow, and no test measures time.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: 800_000 } },
    maxWorkers: 1,
    // Two of the recipes at a time: npm waits for the disk half of its time.
    maxConcurrency: 2,
  },
});
