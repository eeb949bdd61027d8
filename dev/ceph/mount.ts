import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { promisify } from "node:util";
import { runCeph, signalDaemon, startDaemon, stopDaemon, until } from "./daemon.ts";

/** One CephFS client, like that of one pod on one node. */
export interface Mount {
  readonly folder: string;
  /** `SIGSTOP` hangs the mount, `SIGKILL` breaks it. */
  signal(signal: NodeJS.Signals): boolean;
  /** The cluster evicts this client for good, as it does with one that it has not heard from for a minute. */
  evict(): Promise<void>;
  unmount(): Promise<void>;
}

/** Whether this machine can mount: it needs root and /dev/fuse, which many containers do not have. */
export function canMount(): boolean {
  return process.getuid?.() === 0 && existsSync("/dev/fuse");
}

/**
 * Mounts the cluster's CephFS with its own client; needs root and /dev/fuse. Two mounts are two clients.
 * @param cluster the cluster's folder.
 * @param folder an empty folder; created if it does not exist.
 */
export async function mountCephfs(cluster: string, folder: string): Promise<Mount> {
  await mkdir(folder, { recursive: true });
  const name = await freeClient(cluster);
  await startDaemon(cluster, { name, command: "ceph-fuse", args: ["-n", name, folder] });
  // In a separate process: reading a hung mount never returns.
  const look = async (): Promise<void> => {
    await promisify(execFile)("mountpoint", ["-q", folder], { timeout: 5000 });
  };
  const mount: Mount = {
    folder,
    signal: (signal) => signalDaemon(cluster, name, signal),
    evict: () =>
      runCeph(
        cluster,
        "ceph",
        "tell",
        "mds.0",
        "client",
        "evict",
        `auth_name=${name.replace("client.", "")}`,
      ),
    unmount: async () => {
      await stopDaemon(cluster, name);
      await promisify(execFile)("umount", ["-l", folder]);
    },
  };
  await until(`CephFS at ${folder}`, look).catch(async (cause: unknown) => {
    await mount.unmount().catch(() => undefined);
    throw cause;
  });
  return mount;
}

/** Limits the size of a folder of a mounted CephFS, like a volume claim; 0 removes the limit. */
export async function setQuota(folder: string, bytes: number): Promise<void> {
  // Node cannot set extended attributes; Ceph's command line needs Python, so Python is there.
  const script = "import os, sys; os.setxattr(sys.argv[1], 'ceph.quota.max_bytes', sys.argv[2].encode())";
  await promisify(execFile)("python3", ["-c", script, folder, String(bytes)], { timeout: 300_000 });
}

async function freeClient(cluster: string): Promise<string> {
  const taken = new Set(await readdir(cluster));
  let number = 1;
  while (taken.has(`client.${number}.pid`)) number++;
  return `client.${number}`;
}
