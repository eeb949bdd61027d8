import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startCeph, stopCeph } from "../ceph/cluster.ts";
import type { Ceph } from "../ceph/daemon.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** `inject("ceph")` in a `*.ceph.test.ts`: the real cluster, S3 and CephFS. */
    readonly ceph: Ceph;
  }
}

/** Global setup of `npm run test:ceph`: one cluster for all suites, gone when they end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "ceph-"));
  const ceph = await startCeph(folder, { cephfs: true });
  project.provide("ceph", ceph);
  return () => stopCeph(ceph);
}
