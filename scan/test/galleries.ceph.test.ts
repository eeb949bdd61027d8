import { PutObjectCommand } from "@aws-sdk/client-s3";
import pMap from "p-map";
import sharp from "sharp";
import { expect, inject, test } from "vitest";
import { ownerClient } from "../../dev/ceph/cluster.ts";
import { createSite, siteConfig } from "../../hugo-module/test/hugo-site.ts";
import { manifestOf } from "./blog.ts";
import { run } from "./command.ts";
import { startServer } from "./real-server.ts";

const ceph = inject("ceph");
const prefix = "galleries/";

test("a gallery of a bucket is listed over all pages, also where clients have left objects for folders", async () => {
  const picture = await sharp({ create: { width: 30, height: 20, channels: 3, background: "#369" } })
    .jpeg()
    .toBuffer();
  const client = ownerClient(ceph);
  const put = (key: string, Body: Uint8Array | string) =>
    client.send(new PutObjectCommand({ Bucket: ceph.bucket, Key: prefix + key, Body }));
  const texts = Array.from({ length: 1001 }, (_, at) => `trips/alps/${at}.txt`);
  await pMap([...texts, "trips/", "trips/alps/", "trips/alps//double.jpg"], (key) => put(key, "text"), {
    concurrency: 32,
  });
  const shown = ["trips/alps/IMG_2.jpg", "trips/alps/IMG_10.jpg", "trips/alps/zürich 100%.jpg"];
  for (const key of [...shown, "trips/alps/below/no.jpg", "trips/alpsee/no.jpg"]) await put(key, picture);
  client.destroy();
  await using server = await startServer(`s3://${ceph.bucket}/${prefix}`, {
    S3_ENDPOINT: ceph.endpoint,
    AWS_ACCESS_KEY_ID: ceph.accessKey,
    AWS_SECRET_ACCESS_KEY: ceph.secretKey,
  });
  await using site = await createSite({
    "config.toml": siteConfig(
      `[params.imgproxy]\nendpoint = "${server.endpoint}"\ntiers = [{width = 20, quality = 50}]`,
    ),
    "content/one.md": '{}{{< imgproxy/gallery "trips/alps" >}} {{< imgproxy/gallery "trips/*/below/*" >}}\n',
  });
  const { code, stdout } = await run(["--site", site.folder, "--json"], { env: { TOKEN: server.token } });
  expect([code, JSON.parse(stdout).findings]).toEqual([0, []]);
  expect(await manifestOf(site.folder)).toMatchObject({
    galleries: { "trips/alps": shown, "trips/*/below/*": ["trips/alps/below/no.jpg"] },
  });
});
