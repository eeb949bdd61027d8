import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve as resolvePath } from "node:path";
import { parseArgs } from "node:util";
import { needs, startCeph, stopCeph } from "./ceph/cluster.ts";
import type { Ceph } from "./ceph/daemon.ts";
import { type Mount, mountCephfs } from "./ceph/mount.ts";

const help = `npm run ceph [-- --cephfs] [--mount FOLDER]...

Runs a throw-away Ceph with its S3 gateway until Ctrl-C, and prints what to set for a server to read from it. Each
--mount is a CephFS client of its own, as a pod on a node is; it takes root and /dev/fuse.
Needs Debian's packages: ${needs.join(" ")}`;

const { values } = parseArgs({
  options: {
    cephfs: { type: "boolean", default: false },
    mount: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) console.log(help);
else await run(values.cephfs || values.mount.length > 0, values.mount);

async function run(cephfs: boolean, folders: readonly string[]): Promise<void> {
  const ceph = await startCeph(await mkdtemp(join(tmpdir(), "ceph-")), { cephfs });
  const mounts: Mount[] = [];
  try {
    for (const folder of folders) mounts.push(await mountCephfs(ceph.folder, resolvePath(folder)));
    tell(ceph, [...(cephfs ? ["mds"] : []), ...folders.map((_, at) => `client.${at + 1}`)]);
    await interrupted();
  } finally {
    for (const mount of mounts) await mount.unmount();
    await stopCeph(ceph);
  }
}

function tell(ceph: Ceph, more: readonly string[]): void {
  console.log(`export SOURCE=s3://${ceph.bucket} S3_ENDPOINT=${ceph.endpoint} S3_FORCE_PATH_STYLE=true
export AWS_REGION=${ceph.region} AWS_ACCESS_KEY_ID=${ceph.accessKey} AWS_SECRET_ACCESS_KEY=${ceph.secretKey}
# The public bucket: ${ceph.endpoint}/${ceph.publicBucket}/
# Pid files, to suspend or kill a daemon: ${ceph.folder}/{${["mon", "osd", "rgw", ...more].join(",")}}.pid
# Ctrl-C ends it.`);
}

async function interrupted(): Promise<void> {
  // This keeps the process alive; the daemons are not its children.
  const hold = setInterval(() => undefined, 2 ** 30);
  await new Promise<void>((resolve) => {
    // The handlers stay: a second Ctrl-C must not leave half of the cluster running.
    process.on("SIGINT", () => resolve());
    process.on("SIGTERM", () => resolve());
  });
  clearInterval(hold);
}
