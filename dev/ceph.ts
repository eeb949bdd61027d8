import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { needs, startCeph, stopCeph } from "./ceph/cluster.ts";

const help = `npm run ceph [-- --cephfs]

Runs a throw-away Ceph with its S3 gateway until Ctrl-C, and prints what to set for a server to read from it.
Needs Debian's packages: ${needs.join(" ")}`;

const { values } = parseArgs({
  options: {
    cephfs: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
if (values.help) console.log(help);
else await run(values.cephfs);

async function run(cephfs: boolean): Promise<void> {
  const ceph = await startCeph(await mkdtemp(join(tmpdir(), "ceph-")), { cephfs });
  console.log(`export SOURCE=s3://${ceph.bucket} S3_ENDPOINT=${ceph.endpoint} S3_FORCE_PATH_STYLE=true
export AWS_REGION=${ceph.region} AWS_ACCESS_KEY_ID=${ceph.accessKey} AWS_SECRET_ACCESS_KEY=${ceph.secretKey}
# The public bucket: ${ceph.endpoint}/${ceph.publicBucket}/
# Pid files, to suspend or kill a daemon: ${ceph.folder}/{mon,osd,rgw${cephfs ? ",mds" : ""}}.pid
# Ctrl-C ends it.`);
  // Something must keep the process; the daemons are not its children.
  const hold = setInterval(() => undefined, 2 ** 30);
  await new Promise<void>((resolve) => {
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
  clearInterval(hold);
  await stopCeph(ceph);
}
