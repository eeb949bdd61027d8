import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{bench,contract,server,scan,dev,hugo-module,k8s}/**/test/**/*.test.ts"],
    // They need a Ceph or an API server of their own: npm run test:ceph, npm run test:kubernetes.
    exclude: ["**/node_modules/**", "**/*.ceph.test.ts", "**/*.kubernetes.test.ts"],
    // Builds dist/ once: encoder children and the executable are run as users run them.
    globalSetup: ["dev/build-once.ts"],
    // Only for what hangs: a busy machine is slow, and no test measures time.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    expect: { poll: { timeout: 300_000 } },
    // The test machine may have two cores, and most suites start encoders or browsers of their own.
    maxWorkers: 2,
  },
});
