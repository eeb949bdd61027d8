import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSite, extremes, siteConfig } from "../../hugo-module/test/hugo-site.ts";
import { manifestOf } from "./blog.ts";
import { run } from "./command.ts";
import { type RealServer, startServer } from "./real-server.ts";

let photos: string;
let server: RealServer;

beforeAll(async () => {
  photos = await mkdtemp(path.join(tmpdir(), "metadata-photos-"));
  const picture = sharp({ create: { width: 300, height: 200, channels: 3, background: "#369" } }).withExif({
    IFD0: { Artist: "Ann <b>Example</b>", Model: "Camera 5000", ImageDescription: "A worm on a leaf" },
    IFD2: { DateTimeOriginal: "2026:05:01 12:30:00" },
    IFD3: {
      GPSLatitudeRef: "N",
      GPSLatitude: "51/1 0/1 0/1",
      GPSLongitudeRef: "E",
      GPSLongitude: "7/1 0/1 0/1",
    },
  });
  await writeFile(path.join(photos, "worms.jpg"), await picture.jpeg().toBuffer());
  server = await startServer(photos, { META: "date" });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(photos, { recursive: true, force: true });
});

const siteWith = (meta: string) =>
  createSite({
    "config.toml": siteConfig(
      `[params.imgproxy]\nendpoint = "${server.endpoint}"\ntiers = [{width = 100, quality = 50}]\n${meta}`,
    ),
    "content/one.md": "![worms](worms.jpg)\n",
    "layouts/_default/single.html":
      '{{ .Content }}{{ with resources.Get "imgproxy.json" }}{{ with (index (. | transform.Unmarshal).images "worms.jpg").meta }}<p>{{ .creator }}, {{ .date }}</p>{{ end }}{{ end }}',
  });

const metaOf = async (folder: string): Promise<unknown> => {
  const image: unknown = Object.entries((await manifestOf(folder)).images)[0]?.[1];
  return typeof image === "object" && image !== null && "meta" in image ? image.meta : undefined;
};

test("the manifest has the metadata that the site names and no others, and Hugo escapes them where a template prints them", async () => {
  const args = (folder: string) => ["--site", folder, "--effort", "0", "--json"];
  const env = { TOKEN: server.token };
  await using plain = await siteWith("");
  expect((await run(args(plain.folder), { env })).code).toBe(0);
  expect(await metaOf(plain.folder)).toBeUndefined();

  await using site = await siteWith('meta = ["creator", "date", "title"]');
  const { code, stdout } = await run(args(site.folder), { env });
  expect([code, JSON.parse(stdout).findings]).toEqual([0, []]);
  expect(await metaOf(site.folder)).toEqual({ creator: "Ann <b>Example</b>", date: "2026-05-01T12:30:00" });
  for (const hugo of extremes) {
    const built = await site.build(hugo);
    expect([built.errors, built.warnings]).toEqual([[], []]);
    expect(built.files.get("one/index.html")).toContain(
      "<p>Ann &lt;b&gt;Example&lt;/b&gt;, 2026-05-01T12:30:00</p>",
    );
  }

  await using located = await siteWith('meta = ["location"]');
  expect((await run(args(located.folder), { env })).code).toBe(0);
  expect(await metaOf(located.folder)).toEqual({ location: { latitude: 51, longitude: 7 } });
});

test("--require-alt suggests what the photograph says itself, and the manifest has no more for it", async () => {
  await using site = await siteWith("");
  await writeFile(path.join(site.folder, "content/one.md"), "![](worms.jpg)\n");
  const { code, stdout } = await run(["--site", site.folder, "--effort", "0", "--require-alt"], {
    env: { TOKEN: server.token },
  });
  expect(code).toBe(1);
  expect(stdout).toContain(
    'content/one.md:1:1: error: worms.jpg has no alt text; the photograph itself says "A worm on a leaf"',
  );
  expect(await metaOf(site.folder)).toBeUndefined();
});

test("without a token, the manifest has the fields that META allows in fm=json", async () => {
  await using site = await siteWith('meta = ["creator", "date"]');
  await run(["--site", site.folder]);
  expect(await metaOf(site.folder)).toEqual({ date: "2026-05-01T12:30:00" });
});

test("the scan and Hugo refuse an unknown metadata field, and list the known ones", async () => {
  await using site = await siteWith('meta = ["titel"]');
  const { code, stderr } = await run(["--site", site.folder, "--dry-run"]);
  expect(code).toBe(2);
  expect(stderr).toContain("config.toml: params.imgproxy.meta takes a list of title, alt, description");
  for (const hugo of extremes)
    expect((await site.build(hugo)).errors.join("\n")).toContain(
      "params.imgproxy.meta takes a list of title, alt, description",
    );
});
