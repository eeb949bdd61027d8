import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, readdir } from "node:fs/promises";
import { promisify } from "node:util";
import { runCeph, signalDaemon, startDaemon, stopDaemon, until } from "./daemon.ts";

/** One CephFS client: what one pod on one node is. */
export interface Mount {
  readonly folder: string;
  /** `SIGSTOP` hangs the mount, `SIGKILL` breaks it. */
  signal(signal: NodeJS.Signals): boolean;
  /** The cluster shuts this client out, for good, as it does with one that it has not heard of for a minute. */
  evict(): Promise<void>;
  unmount(): Promise<void>;
}

/** Whether this machine lets us mount: as root, and with /dev/fuse, which many containers are not given. */
export function canMount(): boolean {
  return process.getuid?.() === 0 && existsSync("/dev/fuse");
}

/**
 * Mounts the cluster's CephFS with a client of its own; needs root and /dev/fuse. Two mounts are two clients.
 * @param cluster the cluster's folder.
 * @param folder an empty folder; made where it does not exist.
 */
export async function mountCephfs(cluster: string, folder: string): Promise<Mount> {
  await mkdir(folder, { recursive: true });
  const name = await freeClient(cluster);
  await startDaemon(cluster, { name, command: "ceph-fuse", args: ["-n", name, folder] });
  // In a process of its own: a look into a mount that hangs never comes back.
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
  await until(`CephFS at ${folder}`, 60, look).catch(async (cause: unknown) => {
    await mount.unmount().catch(() => undefined);
    throw cause;
  });
  return mount;
}

/** Limits what a folder of a mounted CephFS holds, as a volume claim's size does; 0 lifts the limit. */
export async function setQuota(folder: string, bytes: number): Promise<void> {
  // Node sets no extended attributes; Ceph's own command line is written in Python, so that is here.
  const script = "import os, sys; os.setxattr(sys.argv[1], 'ceph.quota.max_bytes', sys.argv[2].encode())";
  await promisify(execFile)("python3", ["-c", script, folder, String(bytes)], { timeout: 60_000 });
}

async function freeClient(cluster: string): Promise<string> {
  const taken = new Set(await readdir(cluster));
  let number = 1;
  while (taken.has(`client.${number}.pid`)) number++;
  return `client.${number}`;
}
