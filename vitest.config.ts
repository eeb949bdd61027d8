import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{bench,contract,server,scan,dev,hugo-module,k8s}/test/**/*.test.ts"],
    // They need a Ceph of their own: npm run test:ceph.
    exclude: ["**/node_modules/**", "**/*.ceph.test.ts"],
    // Builds dist/ once: encoder children and the executable are run as users run them.
    globalSetup: ["dev/build-once.ts"],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    // A state that comes is waited for; how long it takes is the machine's business.
    expect: { poll: { timeout: 30_000 } },
    // The test machine may have two cores, and most suites start encoders or browsers of their own.
    maxWorkers: 2,
  },
});
