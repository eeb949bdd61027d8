import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSite, hugos, siteConfig } from "../../hugo-module/test/hugo-site.ts";
import { type RealServer, startServer } from "./real-server.ts";
import { startScanProcess } from "./scan-process.ts";

let photos: string;
let server: RealServer;
const scanner = startScanProcess();

beforeAll(async () => {
  photos = await mkdtemp(path.join(tmpdir(), "built-gallery-photos-"));
  const plain = sharp({ create: { width: 30, height: 20, channels: 3, background: "#369" } }).jpeg();
  const dated = plain.clone().withExif({ IFD2: { DateTimeOriginal: "2026:05:01 12:30:00" } });
  const [photo, photoWithDate] = [await plain.toBuffer(), await dated.toBuffer()];
  const names = [
    ...[
      "trips/alps/1.jpg",
      "trips/alps/2.jpg",
      "trips/alps/10.JPG",
      "trips/alps/below/3.jpg",
      "trips/sea/cover.jpg",
    ],
    ...[
      "hostile/<img src=x onerror=alert(1)>.jpg",
      "hostile/100%.jpg",
      "hostile/a b+c&d.jpg",
      'hostile/quote".jpg',
    ],
    ...["hostile/what?w=1#top.jpg", "hostile/Ärger 日.jpg", "posts/bundle/own/a.jpg", "own/b.jpg"],
  ];
  for (const name of names) {
    await mkdir(path.join(photos, path.dirname(name)), { recursive: true });
    await writeFile(path.join(photos, name), name.endsWith("10.JPG") ? photoWithDate : photo);
  }
  server = await startServer(photos);
});

afterAll(async () => {
  await scanner[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(photos, { recursive: true, force: true });
});

const posts = {
  "content/posts/one.md": `---
title: One
gallery: {src: trips/alps, order: -name, columns: 2}
---
{{< imgproxy/gallery "trips/alps" >}}

{{< imgproxy/gallery src="trips/alps" order="date" limit=2 >}}

{{< imgproxy/gallery src="trips/alps" order="-date" cover=true >}}

{{< imgproxy/gallery "trips/**" >}}

{{< imgproxy/gallery "trips/alps/?.jpg" >}}

{{< imgproxy/gallery "trips/alps/1.jpg" "/trips/alps/2.jpg?q=40" >}}

{{< imgproxy/gallery src="hostile" tiers="eco" formats="avif, jpg" >}}

{{< imgproxy/gallery >}}
`,
  "content/posts/bundle/index.md":
    'Text\n\n{{< imgproxy/gallery "own" >}}\n\n{{< imgproxy/gallery "/own" >}}\n',
  "layouts/_default/single.html": '{{ .Content }}{{ partial "imgproxy/gallery.html" . }}',
};
const albums = {
  "content/albums/_content.gotmpl": '{{ partial "imgproxy/albums.html" . }}',
};

describe.each([...hugos])("on Hugo $version", (hugo) => {
  test("scan, hugo, check: each built gallery shows the manifest's list, and every URL was warm already", async () => {
    const hasAlbums = Number(hugo.version.split(".")[1]) >= 126;
    await using site = await createSite({
      ...posts,
      ...(hasAlbums && albums),
      "config.toml": siteConfig(
        `[params.imgproxy]\nendpoint = "${server.endpoint}"\nresolve = "page"\ngallery = ["gallery"]\n${hasAlbums ? 'albums = ["trips"]\n' : ""}`,
      ),
    });
    const scan = async (...args: string[]) => {
      const given = [
        "--site",
        site.folder,
        "--hugo-version",
        hugo.version,
        "--effort",
        "0",
        "--json",
        ...args,
      ];
      const { code, stdout, stderr } = await scanner.run(given, { env: { TOKEN: server.token } });
      return { code, stderr, result: JSON.parse(stdout || "{}") };
    };
    const scanned = await scan();
    expect([scanned.code, scanned.stderr, scanned.result.findings]).toEqual([0, "", []]);
    const built = await site.build(hugo);
    expect([built.errors, built.warnings]).toEqual([[], []]);
    const write = async (change: (html: string) => string) => {
      for (const [name, text] of built.files) {
        const file = path.join(site.folder, "public", name);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, name === "posts/one/index.html" ? change(text) : text);
      }
    };
    await write((html) => html);
    const checked = await scan("--check", "public");
    expect([checked.code, checked.stderr, checked.result.findings]).toEqual([0, "", []]);
    expect(checked.result).toMatchObject({ summary: { made: 0, failed: 0 }, unscanned: [] });
    // No theme here shows an album's cover in a card.
    const unemitted = checked.result.unemitted.filter(({ file }: { file: string }) => file !== "config.toml");
    expect(unemitted).toEqual([]);

    await write((html) => html.replace(/<li class="imgproxy-photo".*?<\/li>/s, ""));
    const { code, result } = await scan("--check", "public");
    expect([code, result.findings]).toMatchObject([
      1,
      [{ message: expect.stringContaining("lacks trips/alps/1.jpg of its 3 photographs") }],
    ]);
  });
});
