import { defineConfig, type TestProjectConfiguration } from "vitest/config";

/** They put a faulty node:fs below the modules that they test: no other file may get those modules. */
const mocking = ["server/cache/test/volume-faults.test.ts", "server/gc/test/sweep-full.test.ts"];

/** They need a Ceph or an API server of their own: npm run test:ceph, npm run test:kubernetes. */
const elsewhere = ["**/node_modules/**", "**/*.ceph.test.ts", "**/*.kubernetes.test.ts"];

function project(name: string, files: object): TestProjectConfiguration {
  return {
    test: {
      name,
      // Only for what hangs: a busy machine is slow, and no test measures time.
      testTimeout: 900_000,
      hookTimeout: 900_000,
      expect: { poll: { timeout: 300_000 } },
      ...files,
    },
  };
}

export default defineConfig({
  test: {
    // Builds dist/ once: encoder children and the executable are run as users run them.
    globalSetup: ["dev/build-once.ts"],
    // Many tests wait, for a timeout or a child, so that two cores have room for more workers than two.
    maxWorkers: 4,
    projects: [
      // A worker keeps its modules from file to file: loading them anew took a sixth of the whole run.
      project("all", {
        include: ["{bench,contract,server,scan,dev,hugo-module,k8s}/**/test/**/*.test.ts"],
        exclude: [...elsewhere, ...mocking],
        isolate: false,
      }),
      project("mocking", { include: mocking }),
    ],
  },
});
