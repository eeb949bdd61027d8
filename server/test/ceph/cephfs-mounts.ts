import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, inject } from "vitest";
import { canMount, type Mount, mountCephfs } from "../../../dev/ceph/mount.ts";

/** Two clients of one CephFS, like two pods on two nodes. */
export interface Mounts {
  /** The same folder of the file system, seen through each client. */
  folders(name: string): Promise<readonly [string, string]>;
  readonly one: Mount;
}

/** `CHAOS=1`: the full numbers of a promise, which take half an hour. */
export const full: boolean = process.env.CHAOS === "1";

/** Whether to skip a suite, with a line that says so; in CI, nothing is skipped. */
export function cannotMount(): boolean {
  const leaveOut = !canMount() && process.env.CI === undefined;
  if (leaveOut) console.log("CephFS is not tested: that takes root and /dev/fuse");
  return leaveOut;
}

/** Mounts before the tests of a suite, unmounts after. */
export function useMounts(): Mounts {
  const mounts: Mount[] = [];
  let parent = "";
  const mount = (at: 0 | 1): Mount => {
    const mounted = mounts[at];
    if (mounted === undefined) throw new Error("CephFS is not mounted yet");
    return mounted;
  };
  beforeAll(async () => {
    parent = await mkdtemp(join(tmpdir(), "imgproxy-lite-mounts-"));
    const cluster = inject("ceph").folder;
    for (const name of ["one", "two"]) mounts.push(await mountCephfs(cluster, join(parent, name)));
  });
  afterAll(async () => {
    for (const mount of mounts) await mount.unmount();
    await rm(parent, { recursive: true });
  });
  return {
    get one() {
      return mount(0);
    },
    async folders(name) {
      await mkdir(join(mount(0).folder, name));
      return [join(mount(0).folder, name), join(mount(1).folder, name)];
    },
  };
}
