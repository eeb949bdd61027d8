import { defineConfig } from "vitest/config";

const { KUBEBUILDER_ASSETS, PATH = "" } = process.env;
// Where tests of Kubernetes' own ecosystem look for a control plane; workers have the environment of this process.
if (KUBEBUILDER_ASSETS !== undefined) process.env.PATH = `${KUBEBUILDER_ASSETS}:${PATH}`;

/** What only a real API server and its controllers can say of the manifests and of their guide. */
export default defineConfig({
  test: {
    include: ["k8s/test/**/*.kubernetes.test.ts"],
    globalSetup: ["dev/test/kubernetes-setup.ts"],
    // Only for what hangs: a busy machine is slow, and no test measures time.
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // The cluster ends with the suite: after vitest's ten seconds a busy machine would be left with its daemons.
    teardownTimeout: 600_000,
    expect: { poll: { timeout: 800_000 } },
    // They cordon the one cluster's nodes.
    fileParallelism: false,
  },
});
