import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
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
      GPSLatitude: "51/1 27/1 25/1",
      GPSLongitudeRef: "E",
      GPSLongitude: "7/1 0/1 44/1",
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
  await using plain = await siteWith("meta = []");
  expect((await run(args(plain.folder), { env })).code).toBe(0);
  expect(await metaOf(plain.folder)).toBeUndefined();

  await using usual = await siteWith("");
  expect((await run(args(usual.folder), { env })).code).toBe(0);
  expect(await metaOf(usual.folder)).toEqual({
    ...{ description: "A worm on a leaf", creator: "Ann <b>Example</b>", date: "2026-05-01T12:30:00" },
  });

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
});

test("the manifest has a location only with a precision, and of several the coarsest", async () => {
  for (const [fields, location] of [
    ['["location:100km"]', { latitude: 51, longitude: 7 }],
    ['["location:1km"]', { latitude: 51.46, longitude: 7.01 }],
    ['["location:1km", "location:10km"]', { latitude: 51.5, longitude: 7 }],
  ] as const) {
    await using site = await siteWith(`meta = ${fields}`);
    const { code } = await run(["--site", site.folder, "--effort", "0"], { env: { TOKEN: server.token } });
    expect([code, await metaOf(site.folder)]).toEqual([0, { location }]);
  }
  await using precise = await siteWith('meta = ["title", "location"]');
  const words =
    "params.imgproxy.meta takes location only with a precision: location:100km, location:10km, location:1km";
  const { code, stderr } = await run(["--site", precise.folder, "--dry-run"]);
  expect([code, stderr]).toEqual([2, expect.stringContaining(`config.toml: ${words}`)]);
  for (const hugo of extremes)
    expect((await precise.build(hugo)).errors.join("\n")).toContain(`${words}; got location`);
});

test("a photograph that cannot be read now keeps no more metadata in the manifest than the site publishes now", async () => {
  await using site = await siteWith('meta = ["creator", "location:1km"]');
  const scan = () => run(["--site", site.folder, "--effort", "0"], { env: { TOKEN: server.token } });
  await writeFile(path.join(photos, "moved.jpg"), await readFile(path.join(photos, "worms.jpg")));
  await writeFile(path.join(site.folder, "content/one.md"), "![worms](moved.jpg)\n");
  await scan();
  expect(await metaOf(site.folder)).toHaveProperty("location.latitude", 51.46);
  await rm(path.join(photos, "moved.jpg"));
  await symlink("/etc/passwd", path.join(photos, "moved.jpg"));
  const config = path.join(site.folder, "config.toml");
  await writeFile(config, (await readFile(config, "utf8")).replace("location:1km", "location:100km"));
  expect((await scan()).code).toBe(1);
  expect(await metaOf(site.folder)).toEqual({
    ...{ creator: "Ann <b>Example</b>", location: { latitude: 51, longitude: 7 } },
  });
  // Also if no photograph is left, and the manifest stays.
  await rm(path.join(photos, "moved.jpg"));
  await writeFile(config, (await readFile(config, "utf8")).replace(', "location:100km"', ""));
  expect((await scan()).code).toBe(1);
  expect(await metaOf(site.folder)).toEqual({ creator: "Ann <b>Example</b>" });
});

test("exif = true on one page or image adds the fields of the camera to the manifest", async () => {
  for (const post of [
    'Text {{< img src="worms.jpg" alt="Worms" exif=true >}}\n',
    '---\nimgproxy: {exif: true}\n---\n{{< imgproxy/gallery "worms*.jpg" >}}\n',
  ]) {
    await using site = await siteWith("meta = []");
    await writeFile(path.join(site.folder, "content/one.md"), post);
    await run(["--site", site.folder, "--effort", "0"], { env: { TOKEN: server.token } });
    expect(await metaOf(site.folder)).toEqual({ camera: "Camera 5000", date: "2026-05-01T12:30:00" });
  }
});

test('with captions = "photo", an image that the photograph describes has an alt text', async () => {
  await using site = await siteWith('captions = "photo"\nmeta = ["description"]');
  await writeFile(path.join(site.folder, "content/one.md"), "![](worms.jpg)\n");
  const scan = () =>
    run(["--site", site.folder, "--effort", "0", "--require-alt"], { env: { TOKEN: server.token } });
  expect((await scan()).code).toBe(0);
  await writeFile(
    path.join(site.folder, "content/one.md"),
    "---\nimgproxy: {captions: none}\n---\n![](worms.jpg)\n",
  );
  const { code, stdout } = await scan();
  expect(code).toBe(1);
  expect(stdout).toContain(
    'content/one.md:4:1: error: worms.jpg has no alt text; the photograph itself says "A worm on a leaf"',
  );
});

test("--require-alt names the photographs of a gallery that have no text, once for each gallery, where the text shows it", async () => {
  await mkdir(path.join(photos, "trips"));
  const silent = sharp({ create: { width: 30, height: 20, channels: 3, background: "#369" } }).jpeg();
  const worms = await readFile(path.join(photos, "worms.jpg"));
  for (const at of [1, 2, 3, 4, 5])
    await writeFile(path.join(photos, `trips/${at}.jpg`), at < 3 ? worms : await silent.toBuffer());
  const galleries = [
    "---\nphotos: trips\n---\n{{< imgproxy/gallery >}}\n",
    '![A worm](worms.jpg)\n\n{{< imgproxy/gallery "trips/4.jpg" "worms.jpg" "trips/3.jpg" >}}\n',
    "---\nphotos: trips/*.jpg\n---\nThe theme shows it.\n",
    '{}{{< imgproxy/gallery src="trips" limit="1" >}}\n',
  ];
  const alts = async (params: string, others = "") => {
    await using site = await siteWith(`gallery = ["photos"]\nalbums = [""]\n${params}\n${others}`);
    for (const [at, post] of galleries.entries())
      await writeFile(path.join(site.folder, `content/${at}.md`), post);
    const ran = await run(["--site", site.folder, "--effort", "0", "--require-alt", "--json"], {
      env: { TOKEN: server.token },
    });
    const { findings } = JSON.parse(ran.stdout);
    return findings.map((one: Record<string, string>) => `${one.file}:${one.line}: ${one.message}`);
  };
  const texts = (words: string) => `the photographs themselves have ${words}, such as "A worm on a leaf"`;
  const five = `5 of 5 photographs have no alt text: trips/1.jpg, trips/2.jpg, trips/3.jpg and 2 more; ${texts("2 texts")}`;
  expect(await alts("meta = []")).toEqual([
    `config.toml:1: the gallery trips: ${five}`,
    `content/0.md:4: the gallery trips: ${five}`,
    `content/1.md:3: the gallery trips/4.jpg, worms.jpg, trips/3.jpg: 3 of 3 photographs have no alt text: trips/4.jpg, worms.jpg, trips/3.jpg; ${texts("1 text")}`,
    `content/2.md:2: the gallery trips/*.jpg: ${five}`,
    `content/3.md:1: the gallery trips: 1 of 1 photograph has no alt text: trips/1.jpg; ${texts("1 text")}`,
  ]);
  const three = "3 of 5 photographs have no alt text: trips/3.jpg, trips/4.jpg, trips/5.jpg";
  const repeated = "1 of 5 photographs have the alt text of another photograph: trips/2.jpg";
  const standing = "[markup.goldmark.parser]\nwrapStandAloneImageWithinParagraph = false";
  expect(await alts('captions = "photo"', standing)).toEqual([
    `config.toml:1: the gallery trips: ${repeated}`,
    `config.toml:1: the gallery trips: ${three}`,
    `content/0.md:4: the gallery trips: ${repeated}`,
    `content/0.md:4: the gallery trips: ${three}`,
    "content/1.md:3: the gallery trips/4.jpg, worms.jpg, trips/3.jpg: 2 of 3 photographs have no alt text: trips/4.jpg, trips/3.jpg",
    `content/2.md:2: the gallery trips/*.jpg: ${repeated}`,
    `content/2.md:2: the gallery trips/*.jpg: ${three}`,
  ]);
});

test("--require-alt suggests what the photograph says itself, and the manifest has no more for it", async () => {
  await using site = await siteWith("meta = []");
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

  // What a scan with a token has written stays true of the same file, and only of that.
  await run(["--site", site.folder, "--effort", "0"], { env: { TOKEN: server.token } });
  const file = path.join(site.folder, "assets/imgproxy.json");
  const { images, ...manifest } = await manifestOf(site.folder);
  const tuned = Object.entries(images).map(([key, image]) => [key, { ...image, q: { avif: 40 } }]);
  await writeFile(file, JSON.stringify({ ...manifest, images: Object.fromEntries(tuned) }));
  await run(["--site", site.folder]);
  expect(await manifestOf(site.folder)).toEqual({ ...manifest, images: Object.fromEntries(tuned) });
  await writeFile(
    file,
    (await readFile(file, "utf8")).replace(/"version":\s*"\w{10}"/, '"version":"0123456789"'),
  );
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
