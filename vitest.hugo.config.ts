import { defineConfig } from "vitest/config";

/**
 * The tests that build sites, on every Hugo: `npm test` runs most of them on the oldest and the newest. A failure with a
 * generated site names its seed and the smallest site that shows it; `SITES=150` generates that many for each Hugo.
 */
export default defineConfig({
  test: {
    include: [
      "**/*.hugo.test.ts",
      "hugo-module/test/{albums,captions,css,gallery,golden,imports,inside-themes,lists,package,problems,signing,sites,theme-partials}.test.ts",
      "scan/test/check.test.ts",
      "scan/content/test/{front-matter,markdown-parity,shortcodes}.test.ts",
      "scan/site/test/site-parity.test.ts",
    ],
    globalSetup: ["dev/build-once.ts"],
    setupFiles: ["dev/test/generated-inputs.ts"],
    // Only for what hangs: a busy machine is slow, and no test measures time.
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
    expect: { poll: { timeout: 800_000 } },
    isolate: false,
    maxWorkers: 3,
    provide: {
      everyHugo: true,
      generatedSites: process.env.SITES
        ? { numRuns: Number(process.env.SITES), seed: Date.now() }
        : { numRuns: 10, seed: 17 },
    },
  },
});
