import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { browserAccept } from "../../contract/accept.ts";
import { ownerClient } from "../../dev/ceph/cluster.ts";
import { buildSite, copyExampleSite, extremes } from "../../hugo-module/test/hugo-site.ts";
import { urlsIn } from "./blog.ts";
import { run } from "./command.ts";
import { type RealServer, startServer } from "./real-server.ts";

const ceph = inject("ceph");
const prefix = "blogs/slow light/";

/** Narrow, so that encoding is quick; the URLs follow the same rules. */
const tiers = "tiers = [{width = 160, quality = 60}, {width = 320, quality = 50}]";

let site: string;
let server: RealServer;

/** A typical blog: its photographs are in a bucket, and none of them is in the repository. */
beforeAll(async () => {
  site = await mkdtemp(path.join(tmpdir(), "example-site-"));
  await copyExampleSite(site);
  const config = await readFile(path.join(site, "config.toml"), "utf8");
  await writeFile(
    path.join(site, "config.toml"),
    config.replace(/^ *replacements = .*$/m, "").replace(/(?<=\[params\.imgproxy\]\n)/, `${tiers}\n`),
  );
  await moveToBucket(path.join(site, "photos"));
  server = await startServer(`s3://${ceph.bucket}/${prefix}`, {
    S3_ENDPOINT: ceph.endpoint,
    AWS_ACCESS_KEY_ID: ceph.accessKey,
    AWS_SECRET_ACCESS_KEY: ceph.secretKey,
  });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(site, { recursive: true, force: true });
});

test("every image of a blog with its photographs in a bucket is a hit for its first reader", async () => {
  const [hugo] = extremes.slice(-1);
  if (hugo === undefined) throw new Error("there is no Hugo here");
  const flags = ["--site", site, "--endpoint", server.endpoint, "--effort", "0", "--json"];
  const env = { TOKEN: server.token };
  const scanned = await run([...flags, "--hugo-version", hugo.version], { env });
  expect({ code: scanned.code, stderr: scanned.stderr }).toEqual({ code: 0, stderr: "" });
  const built = await buildSite(site, hugo);
  expect(built.errors).toEqual([]);

  const emitted = new Set([...built.files.values()].flatMap((text) => [...urlsIn(text)]));
  expect(emitted).toEqual(new Set(JSON.parse(scanned.stdout).urls));
  const made = await server.metric("imgproxy_lite_encode_duration_seconds_count");
  const others: string[] = [];
  for (const url of emitted)
    for (const accept of Object.values(browserAccept)) {
      const response = await fetch(`${server.endpoint}${new URL(url).search}`, { headers: { accept } });
      await response.arrayBuffer();
      const status = response.headers.get("cache-status") ?? "an original";
      if (!response.ok || !/; hit|an original|fwd=bypass/.test(status))
        others.push(`${response.status} ${status} ${url}`);
    }
  expect(others).toEqual([]);
  expect(await server.metric("imgproxy_lite_encode_duration_seconds_count")).toBe(made);
});

async function moveToBucket(folder: string): Promise<void> {
  const client = ownerClient(ceph);
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    const key = prefix + path.relative(folder, file);
    await client.send(new PutObjectCommand({ Bucket: ceph.bucket, Key: key, Body: await readFile(file) }));
  }
  client.destroy();
  await rm(folder, { recursive: true });
}
