import { defineConfig, type TestProjectConfiguration } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** They put a faulty node:fs below the modules that they test: no other file may get those modules. */
const mocking = ["server/cache/test/volume-faults.test.ts", "server/gc/test/sweep-full.test.ts"];

/** Tests with a command of their own, such as npm run test:ceph. */
const elsewhere = [
  "**/node_modules/**",
  "**/*.hugo.test.ts",
  "**/*.ceph.test.ts",
  "**/*.install.test.ts",
  "**/*.kubernetes.test.ts",
  "**/*.machine.test.ts",
  "**/*.studio.test.ts",
  "**/*.chaos.test.ts",
];

/** What builds sites comes last: on a new machine their Hugos are still being fetched meanwhile (dev/test/hugo-setup.ts). */
class SitesLast extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const first = sorted.filter(({ moduleId }) => /\/(?:server|contract|k8s)\//.test(moduleId));
    return [...first, ...sorted.filter((file) => !first.includes(file))];
  }
}

function project(name: string, files: object): TestProjectConfiguration {
  return {
    test: {
      name,
      // Only for what hangs: a busy machine is slow, and no test measures time.
      setupFiles: ["dev/test/generated-inputs.ts"],
      testTimeout: 900_000,
      hookTimeout: 900_000,
      expect: { poll: { timeout: 800_000 } },
      ...files,
    },
  };
}

export default defineConfig({
  test: {
    // Builds dist/ once: encoder children and the executable are run as users run them.
    globalSetup: ["dev/build-once.ts", "dev/test/hugo-setup.ts"],
    // Many tests wait, for a timeout or a child, so that two cores have room for a third worker.
    maxWorkers: 3,
    sequence: { sequencer: SitesLast },
    projects: [
      // A worker keeps its modules from file to file: loading them again took a sixth of the whole run.
      project("all", {
        include: ["{bench,contract,server,scan,dev,hugo-module,k8s}/**/test/**/*.test.ts"],
        exclude: [...elsewhere, ...mocking],
        isolate: false,
      }),
      project("mocking", { include: mocking }),
      // Attacks and faults at a size that ends within minutes: npm run test:storms; at full size: npm run test:chaos.
      project("storms", { include: ["server/test/chaos/*.chaos.test.ts"] }),
    ],
  },
});
