import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSite, hugos, siteConfig } from "../../hugo-module/test/hugo-site.ts";
import { type RealServer, startServer } from "./real-server.ts";
import { type ScanProcess, startScanProcess } from "./scan-process.ts";

let photos: string;
let server: RealServer;
let scanner: ScanProcess;

const picture = (date?: string) => {
  const plain = sharp({ create: { width: 30, height: 20, channels: 3, background: "#369" } }).jpeg();
  return (date === undefined ? plain : plain.withExif({ IFD2: { DateTimeOriginal: date } })).toBuffer();
};
const heic = Buffer.concat([
  Buffer.from([0, 0, 0, 24]),
  Buffer.from("ftypheic\0\0\0\0mif1heic"),
  Buffer.alloc(64),
]);

/** Names that a bucket can have and that a page must not be harmed by. */
const hostile = [
  `<img src=x onerror=alert(1)>.jpg`,
  "100%.jpg",
  "a b.jpg",
  'quote".jpg',
  "what?w=1#top.jpg",
  "Ärger 日.jpg",
];

beforeAll(async () => {
  photos = await mkdtemp(path.join(tmpdir(), "gallery-photos-"));
  const [plain, first, last] = [
    await picture(),
    await picture("2026:05:01 12:30:00"),
    await picture("2026:05:03 09:00:00"),
  ];
  const files: Readonly<Record<string, Uint8Array | string>> = {
    "trips/alps/IMG_2.jpg": last,
    "trips/alps/img_10.JPG": first,
    "trips/alps/IMG_1.png": await sharp(plain).png().toBuffer(),
    "trips/alps/.hidden.jpg": plain,
    "trips/alps/_draft.jpg": plain,
    "trips/alps/IMG_2.xmp": "<x:xmpmeta/>",
    "trips/alps/notes.txt": "notes",
    "trips/alps/photo.heic": heic,
    "trips/alps/another.HEIC": heic,
    "trips/alps/really-heic.jpg": heic,
    "trips/alps/film.mov": "moov",
    "trips/alps/IMG_2.cr2": "raw",
    "trips/alps/day-2/sunset-1.jpg": plain,
    "trips/alps/day-2/noon.jpg": plain,
    "trips/_private/sunset-2.jpg": plain,
    "trips/broken/good.jpg": plain,
    "trips/broken/bad.jpg": plain.subarray(0, 200),
    "only-texts/a.txt": "a",
    ...Object.fromEntries(hostile.map((name) => [`hostile/${name}`, plain])),
  };
  for (const [name, content] of Object.entries(files)) await put(name, content);
  server = await startServer(photos);
  scanner = startScanProcess();
});

afterAll(async () => {
  await scanner[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await rm(photos, { recursive: true, force: true });
});

async function put(name: string, content: Uint8Array | string): Promise<void> {
  const file = path.join(photos, name);
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, content);
}

const siteWith = (post: string, params = "", endpoint = server.endpoint) =>
  createSite({
    "config.toml": siteConfig(
      `[params.imgproxy]\nendpoint = "${endpoint}"\ntiers = [{width = 20, quality = 50}]\nmeta = []\n${params}`,
    ),
    // Hugo takes a page that begins with a shortcode for JSON front matter.
    "content/posts/one.md": post.startsWith("{{") ? `{}${post}` : post,
  });

const scan = async (folder: string, args: readonly string[] = [], token = server.token) => {
  const env = token === "" ? {} : { TOKEN: token };
  const ran = await scanner.run(["--site", folder, "--effort", "0", "--json", ...args], { env });
  return { ...ran, result: JSON.parse(ran.stdout || "null") };
};

interface WrittenManifest {
  readonly images: Readonly<Record<string, { readonly meta?: object }>>;
  readonly galleries?: Readonly<Record<string, readonly string[]>>;
}

const manifestOf = async (folder: string): Promise<WrittenManifest> =>
  JSON.parse(await readFile(path.join(folder, "assets/imgproxy.json"), "utf8"));

interface Told {
  readonly severity: string;
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

const told = ({ result }: { readonly result: { readonly findings: readonly Told[] } }) =>
  result.findings.map(({ severity, file, line, message }) => `${file}:${line}: ${severity}: ${message}`);

describe("a gallery of a folder", () => {
  test("the manifest lists what the server reads, in natural order, and its images are made", async () => {
    await using site = await siteWith('Text\n\n{{< imgproxy/gallery "/trips/alps/" >}}\n');
    const ran = await scan(site.folder);
    expect(told(ran)).toEqual([
      "content/posts/one.md:3: warning: trips/alps: 1 file is left out, trips/alps/IMG_2.cr2. The original is a camera RAW file (Canon CR2). Export it as JPEG and upload that.",
      "content/posts/one.md:3: warning: trips/alps: 2 files are left out, trips/alps/another.HEIC and trips/alps/photo.heic. Each is an HEIC photograph, as iPhones take them. Export it as JPEG, or set the phone to “Most Compatible”.",
      "content/posts/one.md:3: warning: trips/alps: 1 file is left out, trips/alps/film.mov. The original is a video (QuickTime). Upload a still of it as JPEG.",
      "content/posts/one.md:3: warning: trips/alps: 1 file is left out, trips/alps/really-heic.jpg. The original is an HEIC photograph, as iPhones take them. Export it as JPEG, or set the phone to “Most Compatible”.",
    ]);
    expect(ran.code).toBe(0);
    const { galleries, images } = await manifestOf(site.folder);
    const shown = ["trips/alps/IMG_1.png", "trips/alps/IMG_2.jpg", "trips/alps/img_10.JPG"];
    expect(galleries).toEqual({ "trips/alps": shown });
    expect(Object.keys(images).sort()).toEqual(shown.toSorted());
    expect(ran.result.summary).toMatchObject({ images: 3, photos: 3, variants: 9, failed: 0 });
    expect(ran.result.posts[0].images).toEqual(shown.map((key) => ({ key, line: 3, column: 1 })));
  });

  test("photographs are ordered by date without the date in the manifest, and a limit counts for the pages only", async () => {
    await using site = await siteWith(
      '{{< imgproxy/gallery src="trips/alps" order="date" limit=1 >}}\n\n{{< imgproxy/gallery src="trips/alps" order="-DATE" limit="2" >}}\n\n{{% imgproxy/gallery "trips/alps/day-2" %}}\n',
    );
    const { result } = await scan(site.folder);
    expect(told({ result }).at(-1)).toMatch(
      /one\.md:5: warning: the shortcode imgproxy\/gallery shows nothing, because Hugo removes HTML from Markdown: write \{\{< /,
    );
    const { galleries, images } = await manifestOf(site.folder);
    const [old, young, none] = ["trips/alps/img_10.JPG", "trips/alps/IMG_2.jpg", "trips/alps/IMG_1.png"];
    expect(galleries).toEqual({
      "trips/alps?order=date": [old, young, none],
      "trips/alps?order=-date": [young, old, none],
    });
    expect(Object.values(images).filter(({ meta }) => meta !== undefined)).toEqual([]);
    // Goldmark removes the output of percent signs, as it removes raw HTML.
    expect(result.posts[0].images).toEqual([
      { key: old, line: 1, column: 3 },
      { key: young, line: 3, column: 1 },
      { key: old, line: 3, column: 1 },
    ]);
  });

  test("a glob looks into folders, but not into those that begin with an underscore", async () => {
    await using site = await siteWith(
      '{{< imgproxy/gallery "trips/**/sunset-*" >}} {{< imgproxy/gallery "trips/alps/img_*" >}}\n',
    );
    expect((await scan(site.folder)).code).toBe(0);
    expect((await manifestOf(site.folder)).galleries).toEqual({
      "trips/**/sunset-*": ["trips/alps/day-2/sunset-1.jpg"],
      "trips/alps/img_*": ["trips/alps/IMG_1.png", "trips/alps/IMG_2.jpg", "trips/alps/img_10.JPG"],
    });
  });

  test("any name that a file can have is in the list as it is", async () => {
    await using site = await siteWith('{{< imgproxy/gallery "hostile" >}}\n');
    await put("hostile/line\nbreak.jpg", await picture());
    const ran = await scan(site.folder);
    expect([ran.code, told(ran)]).toEqual([0, []]);
    const { galleries, images } = await manifestOf(site.folder);
    expect(galleries?.hostile?.toSorted()).toEqual(hostile.map((name) => `hostile/${name}`).sort());
    expect(Object.keys(images)).toHaveLength(hostile.length);
  });

  test("a folder that has no photograph is an error at each place, with the name that was probably meant", async () => {
    await using site = await siteWith(
      '{{< imgproxy/gallery "trips/apls" >}}\n{{< imgproxy/gallery "trips" >}}\n{{< imgproxy/gallery "only-texts" >}}\n{{< imgproxy/gallery "../..\\etc" >}}\n{{< imgproxy/gallery "trips/alps?order=date" >}}\n{{< imgproxy/gallery "https://a.example/b" >}}\n{{< imgproxy/gallery source="trips/alps" >}}\n{{< imgproxy/gallery "/" >}}\n{{< imgproxy/gallery "tripps/alps/day-1" >}}\n',
    );
    const ran = await scan(site.folder);
    expect(ran.code).toBe(1);
    expect(told(ran)).toEqual([
      'content/posts/one.md:1: error: the gallery trips/apls has no photographs: there is no such folder. Is it "trips/alps"?',
      "content/posts/one.md:2: error: the gallery trips has no photographs of its own, only folders such as trips/_private/: name one of them, or trips/** for all",
      "content/posts/one.md:3: error: the gallery only-texts has no photographs: none of the 1 file in only-texts/ is one; names that begin with a dot or an underscore are left out",
      'content/posts/one.md:4: error: the gallery "..\\\\etc" contains a backslash',
      'content/posts/one.md:5: error: the gallery "trips/alps?order=date" has a setting in its name: write src="trips/alps" order="date"',
      'content/posts/one.md:6: error: the gallery "https://a.example/b" is a URL: name a folder of the bucket, such as trips/alps',
      "content/posts/one.md:7: warning: source= is ignored: a gallery takes src, keys, order, limit, columns, cover, sizes, tiers and formats",
      expect.stringMatching(
        /^content\/posts\/one\.md:7: warning: the gallery names no photographs: it takes /,
      ),
      expect.stringMatching(
        /^content\/posts\/one\.md:8: error: the gallery \/ has no photographs of its own, /,
      ),
      'content/posts/one.md:9: error: the gallery tripps/alps/day-1 has no photographs: there is no folder tripps. Is it "trips"?',
    ]);
    expect((await manifestOf(site.folder)).galleries).toEqual({
      "trips/apls": [],
      trips: [],
      "only-texts": [],
      "": [],
      "tripps/alps/day-1": [],
    });
  });

  test("a folder whose letters are composed otherwise is named with what differs", async () => {
    await put("Türen".normalize("NFD").concat("/a.jpg"), await picture());
    await using site = await siteWith(`{{< imgproxy/gallery "${"Türen".normalize("NFC")}" >}}\n`);
    expect(told(await scan(site.folder)).join("\n")).toContain(
      "only how its letters are composed differs (Unicode's normal form)",
    );
  });

  test("a damaged photograph is an error at the gallery, and the others are shown", async () => {
    await using site = await siteWith('{{< imgproxy/gallery "trips/broken" >}}\n');
    const ran = await scan(site.folder);
    expect(ran.code).toBe(1);
    expect(told(ran).join("\n")).toMatch(/^content\/posts\/one\.md:1: error: trips\/broken\/bad\.jpg: /);
    expect((await manifestOf(site.folder)).galleries?.["trips/broken"]).toContain("trips/broken/good.jpg");
  });

  test("a folder is listed whole, page by page, and 2,001 photographs are too many", async () => {
    await mkdir(path.join(photos, "many"));
    for (let at = 1; at <= 2000; at++) await writeFile(path.join(photos, `many/${at}.jpg`), "");
    await put("paged/z.jpg", await picture());
    for (let at = 1; at <= 1000; at++) await writeFile(path.join(photos, `paged/${at}.txt`), "");
    await put("many/last.jpg", "");
    await using site = await siteWith(
      '{{< imgproxy/gallery "paged" >}}\n{{< imgproxy/gallery src="many" limit=3 >}}\n',
    );
    const ran = await scan(site.folder);
    expect(told(ran)).toEqual([
      "content/posts/one.md:2: error: the gallery many has 2001 photographs, and a page shows at most 2000: name a folder or a glob with fewer",
    ]);
    expect((await manifestOf(site.folder)).galleries).toEqual({ paged: ["paged/z.jpg"] });
  });
});

const wrongArguments = `Text
{{< imgproxy/gallery src="trips/alps" limit=0 columns=0 >}}
{{< imgproxy/gallery src="trips/alps" limit=2001 columns=13 order="size" >}}
{{< imgproxy/gallery src="trips/alps" limit="many" columns=-1 cover="x.jpg" >}}
{{< imgproxy/gallery src="trips/alps" limit=0012 columns="+3" cover="img_10.JPG" order="NAME" >}}
{{< imgproxy/gallery src="trips/alps" limit=1 cover="/IMG_2.jpg" columns=false >}}
{{< imgproxy/gallery keys="trips/alps/IMG_2.jpg?q=20, trips/alps/day-2/noon.jpg" cover="noon.jpeg" order="date" limit=2.50 >}}
{{< imgproxy/gallery keys="trips/alps/IMG_2.jpg?q=20, trips%2Falps/day-2/noon.jpg#c" cover="day-2/noon.jpg" >}}
{{< imgproxy/gallery src="trips/alps/IMG_2.jpg" order="-name" cover="IMG_2.jpg" limit="" columns=" " >}}
{{< imgproxy/gallery limit=0 >}}
{{< imgproxy/gallery src="trips/alps" colums=3 sort="date" >}}
`;

const nothing = 'Text\n{{< imgproxy/gallery source="trips/alps" >}}\n';

describe.each([...hugos])("Hugo $version", (hugo) => {
  test("a build and a scan name the same ignored arguments of galleries, each at its line", async () => {
    await using site = await siteWith(
      `---\ntitle: One\ngallery: {src: trips/alps, limit: 0, columns: 1.0, cover: none.jpg}\n---\n${wrongArguments}`,
      'gallery = ["gallery"]',
    );
    const ran = await scan(site.folder);
    const ignored = ran.result.findings.filter(({ message }: Told) => message.includes("is ignored"));
    const built = await site.build(hugo);
    const warned = built.warnings.map((line) =>
      line.replace(/^imgproxy-lite: (\S+?): gallery ".*?": /, "$1: "),
    );
    const expected = [
      "6: columns=0 is ignored: it takes a whole number from 1 to 12",
      "6: limit=0 is ignored: it takes a whole number from 1 to 2000",
      "7: columns=13 is ignored: it takes a whole number from 1 to 12",
      "7: limit=2001 is ignored: it takes a whole number from 1 to 2000",
      "7: order=size is ignored: it takes name, -name, date or -date",
      "8: columns=-1 is ignored: it takes a whole number from 1 to 12",
      "8: cover=x.jpg is ignored: the gallery does not show it",
      "8: limit=many is ignored: it takes a whole number from 1 to 2000",
      "10: columns=false is ignored: it takes a whole number from 1 to 12",
      "10: cover=IMG_2.jpg is ignored: the gallery does not show it",
      "11: cover=noon.jpeg is ignored: the gallery does not show it",
      "11: limit=2.5 is ignored: it takes a whole number from 1 to 2000",
      "11: order=date is ignored: a list of keys is shown as it is listed",
      "13: order=-name is ignored: a list of keys is shown as it is listed",
      ...["colums", "sort"].map(
        (name) =>
          `15: ${name}= is ignored: a gallery takes src, keys, order, limit, columns, cover, sizes, tiers and formats`,
      ),
      "14: cover=none.jpg is ignored: the gallery does not show it",
      "14: limit=0 is ignored: it takes a whole number from 1 to 2000",
    ].map((line) => `posts/one.md:${line}`);
    expect(warned.toSorted()).toEqual(expected.toSorted());
    // The scan also names the front matter, whether or not a page shows it.
    const said = ignored.map(
      ({ file, line, message }: Told) => `${file.replace("content/", "")}:${line}: ${message}`,
    );
    expect(said.filter((line: string) => !line.startsWith("posts/one.md:3:")).toSorted()).toEqual(
      expected.toSorted(),
    );
  });
});

test("a build and a scan name a gallery that names nothing", async () => {
  await using site = await siteWith(nothing);
  const words = "names no photographs: it takes a folder, as in ";
  expect(told(await scan(site.folder)).at(-1)).toContain(`one.md:2: warning: the gallery ${words}`);
  for (const hugo of hugos) {
    const [warning] = (await site.build(hugo)).warnings;
    expect(warning).toContain(`imgproxy-lite: posts/one.md:2: gallery "": ${words}`);
  }
});

test("a list of keys has no list in the manifest, and a missing one is an error with its place", async () => {
  await using site = await siteWith(
    'Text\n{{< imgproxy/gallery "trips/alps/IMG_2.jpg" "trips/alps/nosuch.jpg" >}}\n{{< imgproxy/gallery keys=" trips/alps/IMG_1.png?ar=1:1&focus=10,20, ,trips/alps/img_10.JPG" limit="1" >}}\n',
  );
  const ran = await scan(site.folder);
  expect(told(ran)).toEqual([
    "content/posts/one.md:2: error: trips/alps/nosuch.jpg: There is no such photograph.",
  ]);
  const { galleries, images } = await manifestOf(site.folder);
  expect(galleries).toBeUndefined();
  expect(Object.keys(images).sort()).toEqual(["trips/alps/IMG_1.png", "trips/alps/IMG_2.jpg"]);
  expect(ran.result.urls.join("\n")).toContain("?ar=1%3A1&fp=10%2C20&img=trips%2Falps%2FIMG_1.png");
});

test("front matter names galleries in the fields of params.imgproxy.gallery, and in no others", async () => {
  const post = (value: string) => `---\ntitle: One\ngallery: ${value}\n---\nText\n`;
  await using site = await siteWith(post("trips/alps"), 'gallery = ["gallery"]');
  await writeFile(
    path.join(site.folder, "content/posts/two.md"),
    post('{src: "trips/alps", order: "date", limit: 1}'),
  );
  await writeFile(path.join(site.folder, "content/posts/three.md"), post("[trips/alps/day-2/noon.jpg]"));
  await scan(site.folder);
  const { galleries, images } = await manifestOf(site.folder);
  expect(Object.keys(galleries ?? {})).toEqual(["trips/alps", "trips/alps?order=date"]);
  expect(Object.keys(images)).toContain("trips/alps/day-2/noon.jpg");

  await using other = await siteWith(post("trips/alps"));
  await scan(other.folder);
  expect(await manifestOf(other.folder)).toEqual({ schema: 2, images: {} });
});

describe("a listing that cannot be had", () => {
  const post = '{{< imgproxy/gallery "trips/alps/day-2" >}} {{< imgproxy/gallery "trips/**" >}}\n';

  test("without a token the scan names the remedy, and the manifest keeps its list", async () => {
    await using site = await siteWith(post);
    await scan(site.folder);
    const before = await manifestOf(site.folder);
    const ran = await scan(site.folder, [], "");
    expect(told(ran)).toEqual([
      "config.toml:1: warning: --effort has no effect: it needs the server's token. Give --token, or set TOKEN",
      "content/posts/one.md:1: error: the gallery trips/alps/day-2, with 1 other, cannot be listed: the server lists its photographs only for a publish: give --token (or TOKEN), or use a server on this machine that runs with --dev",
    ]);
    expect(await manifestOf(site.folder)).toEqual(before);
  });

  test("a wrong token stops the scan", async () => {
    await using site = await siteWith(post);
    const { code, stderr } = await scan(site.folder, [], "wrong");
    expect([code, stderr]).toEqual([2, expect.stringContaining("refuses the token: set --token")]);
  });

  test("a storage that fails keeps the list of the last scan, and the scan is incomplete", async () => {
    // With another photograph, which keeps its entry: without one, an empty result would write no manifest at all.
    await using site = await siteWith(`${post}\n![](trips/broken/good.jpg)\n`);
    await scan(site.folder);
    const before = await manifestOf(site.folder);
    await rename(photos, `${photos}-away`);
    const ran = await scan(site.folder, ["--timeout", "5s"]).finally(() => rename(`${photos}-away`, photos));
    expect(ran.code).toBe(2);
    expect(ran.stderr).toContain("trips/alps/day-2/");
    expect(await manifestOf(site.folder)).toEqual(before);
  });

  test("a source that is suddenly empty keeps the manifest, and the folder is an error", async () => {
    await put("lost/a.jpg", await picture());
    await using site = await siteWith('{{< imgproxy/gallery "lost" >}}\n');
    await scan(site.folder);
    const before = await manifestOf(site.folder);
    await rm(path.join(photos, "lost"), { recursive: true });
    expect(told(await scan(site.folder))).toEqual([
      "config.toml:1: warning: no gallery has a photograph, so imgproxy.json is not changed: is the server's SOURCE correct?",
      expect.stringContaining("content/posts/one.md:1: error: the gallery lost has no photographs"),
    ]);
    expect(await manifestOf(site.folder)).toEqual(before);
  });

  test("a source that cannot list is one error, and other photographs are read", async () => {
    await using web = await startServer(server.endpoint);
    await using site = await siteWith(`${post}\n![](worms.jpg)\n`, "", web.endpoint);
    const ran = await scan(site.folder, [], web.token);
    expect(told(ran).filter((line) => line.includes("gallery"))).toEqual([
      'content/posts/one.md:1: error: the gallery trips/alps/day-2, with 1 other, cannot be listed: The source has no listing of its photographs. Name the photographs one by one, as in keys="a.jpg, b.jpg", or use a folder or a bucket as the server\'s SOURCE',
    ]);
  });

  test("a plan and a scan that writes no manifest use the lists of the existing one", async () => {
    await using site = await siteWith(post);
    const unknown = await scan(site.folder, ["--dry-run"]);
    expect(told(unknown)[0]).toBe(
      "content/posts/one.md:1: note: the manifest does not have the gallery trips/alps/day-2: its photographs are known after a scan that writes it",
    );
    const { result } = await scan(site.folder);
    expect((await scan(site.folder, ["--dry-run"])).result.urls).toEqual(result.urls);
    expect((await scan(site.folder, ["--no-manifest"])).result.urls).toEqual(result.urls);
  });
});

describe("--check", () => {
  const shown = ["trips/alps/IMG_1.png", "trips/alps/IMG_2.jpg", "trips/alps/img_10.JPG"];

  const check = async (folder: string, list: readonly string[], attributes = "") => {
    const image = (key: string) =>
      `<img src="${server.endpoint}?img=${encodeURIComponent(key)}&amp;q=50&amp;w=20">`;
    const items = list.map(
      (key) => `<li><ul><li>${image(key)}</li></ul><div popover>${image(key)}</div></li>`,
    );
    await mkdir(path.join(folder, "public"), { recursive: true });
    await writeFile(
      path.join(folder, "public/index.html"),
      `<!doctype html><p>${image("trips/broken/good.jpg")}</p>\n<ul data-imgproxy-gallery="trips/alps"${attributes}>${items.join("")}</ul>${image("hostile/a b.jpg")}`,
    );
    const ran = await scan(folder, ["--check", "public"]);
    return told(ran).filter((line) => line.includes("the gallery") || line.includes("more photographs"));
  };

  test("each built gallery must show the manifest's list in its order, up to its limit", async () => {
    await using site = await siteWith('{{< imgproxy/gallery "trips/alps" >}}\n', "versioned = false");
    await scan(site.folder);
    const [first = "", second = "", third = ""] = shown;
    expect(await check(site.folder, shown)).toEqual([]);
    expect(await check(site.folder, [first, second], ' data-imgproxy-limit="2"')).toEqual([]);
    const remedy = "build again after the scan; if that does not help, a template of the site changes it";
    expect(await check(site.folder, [first, second])).toEqual([
      `public/index.html:2: error: the gallery trips/alps lacks ${third} of its 3 photographs: ${remedy}`,
    ]);
    expect(await check(site.folder, [first, third, second])).toEqual([
      `public/index.html:2: error: the gallery trips/alps shows ${third} at another place than the manifest's list: ${remedy}`,
    ]);
    expect(await check(site.folder, [first, "trips/broken/good.jpg"])).toEqual([
      `public/index.html:2: error: the gallery trips/alps lacks 2, such as ${second}, of its 3 photographs, and shows trips/broken/good.jpg that the manifest's list does not have: ${remedy}`,
    ]);
  });

  test("a photograph that was uploaded since the scan, and a gallery that no page shows, are warnings", async () => {
    await using site = await siteWith(
      'Text\n{{< imgproxy/gallery "trips/alps" >}}\n{{< imgproxy/gallery "trips/alps/day-2" >}}\n',
      "versioned = false",
    );
    await scan(site.folder);
    await put("trips/alps/IMG_11.jpg", await picture());
    await put("trips/alps/text.jpg", "no photograph");
    const found = await check(site.folder, shown);
    await rm(path.join(photos, "trips/alps/IMG_11.jpg"));
    await rm(path.join(photos, "trips/alps/text.jpg"));
    expect(found).toEqual([
      "content/posts/one.md:2: warning: trips/alps has more photographs than at the scan, trips/alps/IMG_11.jpg: scan, and build again",
      "content/posts/one.md:3: warning: no page of the built site shows the gallery trips/alps/day-2: was it built after the scan, and does the site replace the shortcode imgproxy/gallery?",
    ]);
  });

  test("a built gallery that the manifest does not have is an error", async () => {
    await using site = await siteWith("Text\n");
    await scan(site.folder);
    expect(await check(site.folder, shown)).toEqual([
      "public/index.html:2: error: the manifest does not have the gallery trips/alps: scan, and build again",
    ]);
  });
});

test("each folder in a folder of params.imgproxy.albums is a gallery, and its cover is also made for link previews", async () => {
  await using site = await siteWith("Text\n", 'albums = ["/albums/"]');
  for (const name of [
    "summer/a.jpg",
    "summer/Cover.JPG",
    "winter/b.jpg",
    "winter/below/c.jpg",
    "_private/d.jpg",
    "texts/e.txt",
    "odd?/f.jpg",
    "Summer!/g.jpg",
  ])
    await put(`albums/${name}`, name.endsWith("txt") ? "text" : await picture());
  const ran = await scan(site.folder);
  expect(told(ran)).toEqual([
    "config.toml:1: error: the album albums/odd? gets no page: rename the folder, without * and ?",
    "config.toml:1: error: the albums albums/Summer! and albums/summer would have the same page, summer, and Hugo's build fails: rename one folder",
  ]);
  expect((await manifestOf(site.folder)).galleries).toEqual({
    "albums/Summer!": ["albums/Summer!/g.jpg"],
    "albums/summer": ["albums/summer/a.jpg", "albums/summer/Cover.JPG"],
    "albums/winter": ["albums/winter/b.jpg"],
  });
  const previews = ran.result.urls.filter((url: string) => url.includes("fm=jpg"));
  expect(previews.map((url: string) => new URL(url).searchParams.get("img"))).toEqual([
    "albums/Summer!/g.jpg",
    "albums/summer/Cover.JPG",
    "albums/winter/b.jpg",
  ]);
  const albums = ran.result.posts.flatMap(({ album }: { album?: string }) => album ?? []);
  expect(albums).toEqual(["albums/Summer!", "albums/summer", "albums/texts", "albums/winter"]);
});

test("a budget counts a photograph of a gallery as wide as a row shows it", async () => {
  const noise = { type: "gaussian", mean: 128, sigma: 40 } as const;
  const large = await sharp({ create: { width: 1200, height: 800, channels: 3, background: "#369", noise } })
    .jpeg()
    .toBuffer();
  for (const name of ["a.jpg", "b.jpg"]) await put(`large/${name}`, large);
  const tiers =
    'sizes = "100vw"\n[[params.imgproxy.tiers]]\nwidth = 500\nquality = 50\n[[params.imgproxy.tiers]]\nwidth = 1000\nquality = 50\n';
  // One site: the scan remembers the bytes of what was made before.
  await using site = await createSite({
    "config.toml": siteConfig(`[params.imgproxy]\nendpoint = "${server.endpoint}"\n${tiers}`),
  });
  await mkdir(path.join(site.folder, "content"));
  const weigh = async (post: string) => {
    await writeFile(path.join(site.folder, "content/one.md"), post);
    const { result } = await scan(site.folder);
    return { images: result.posts[0].images.length, bytes: result.posts[0].screens.laptop.bytes };
  };
  const rows = await weigh('{{< imgproxy/gallery "large" >}}\n');
  const wide = await weigh('{{< imgproxy/gallery src="large" columns="1" >}}\n');
  const cover = await weigh('{{< imgproxy/gallery src="large" cover="true" >}}\n');
  expect([rows.images, wide.images, cover.images]).toEqual([2, 2, 2]);
  // The last row does not grow. It is 13 rem high at most: 208 px, with a ratio of 1.5, 312 px wide.
  expect(wide.bytes).toBeGreaterThan(rows.bytes);
  expect(cover.bytes * 2).toBe(wide.bytes);
});
