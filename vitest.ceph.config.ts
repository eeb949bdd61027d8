import { defineConfig } from "vitest/config";

/** What only a real Ceph can say: S3 by its RADOS gateway, and a cache shared over CephFS. */
export default defineConfig({
  test: {
    include: ["{server,scan,dev,k8s}/**/test/**/*.ceph.test.ts"],
    globalSetup: ["dev/build-once.ts", "dev/test/ceph-setup.ts"],
    // Only for what hangs: a busy machine is slow, and no test measures time.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // The cluster ends with the suite: after vitest's ten seconds a busy machine would be left with its daemons.
    teardownTimeout: 600_000,
    expect: { poll: { timeout: 800_000 } },
    // The suites suspend and kill the one cluster's daemons.
    fileParallelism: false,
  },
});
