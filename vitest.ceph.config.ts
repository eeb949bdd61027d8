import { defineConfig } from "vitest/config";

/** What only a real Ceph can say: S3 by its RADOS gateway, and a cache shared over CephFS. */
export default defineConfig({
  test: {
    include: ["{server,scan,dev,k8s}/test/**/*.ceph.test.ts"],
    globalSetup: ["dev/build-once.ts", "dev/test/ceph-setup.ts"],
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // A state that comes is waited for; how long it takes is the machine's business.
    expect: { poll: { timeout: 30_000 } },
    // The suites suspend and kill the one cluster's daemons.
    fileParallelism: false,
  },
});
