import { defineConfig } from "vitest/config";

/**
 * The tests that build the same site on several Hugos, on all of them: `npm test` has the oldest and the newest. And more
 * generated sites: a failure names the seed and the smallest site that shows it.
 */
export default defineConfig({
  test: {
    include: [
      "hugo-module/test/{css,golden,imports,inside-themes,lists,problems,signing,sites,versions}.test.ts",
      "scan/test/{check,check-fixtures,generated-sites}.test.ts",
      "scan/content/test/{front-matter,markdown-parity,shortcodes}.test.ts",
      "scan/site/test/{hugo-reading,site-parity}.test.ts",
    ],
    globalSetup: ["dev/build-once.ts"],
    // Only for what hangs: a busy machine is slow, and no test measures time.
    testTimeout: 3_600_000,
    hookTimeout: 3_600_000,
    isolate: false,
    maxWorkers: 3,
    provide: { everyHugo: true, generatedSites: Number(process.env.SITES ?? 10) },
  },
});
