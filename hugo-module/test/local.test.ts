import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { createSite, extremes, siteConfig, unescapeHtml } from "./hugo-site.ts";

const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: "teal" } })
  .png()
  .toBuffer();

const jpeg = (width: number, height: number) =>
  sharp({ create: { width, height, channels: 3, background: "teal" } }).jpeg();

/** Stored in landscape, shown upright. */
const turned = await jpeg(600, 40).withMetadata({ orientation: 6 }).toBuffer();

const files = {
  "config.toml": siteConfig('[params.imgproxy]\nendpoint = "https://images.example/"').replace(
    "https://blog.example/",
    "https://blog.example/sub/",
  ),
  "content/post/index.md":
    "![bundle](beside.png)\n\n![dot](./beside.png)\n\n![global](global.png)\n\n![static](img/my%20static.png)\n\n![rooted](/img/my%20static.png#wide)\n\n![bucket](elsewhere.png)",
  "content/post/beside.png": png,
  "assets/global.png": png,
  "static/img/my static.png": png,
};

describe.each(extremes)("Hugo $version", (hugo) => {
  test("a page resource, a global resource and a static file stay files of the site, and other images come from the bucket", async () => {
    await using site = await createSite(files);
    const { files: published, errors } = await site.build(hugo);
    expect(errors).toEqual([]);
    expect(sources(published.get("post/index.html"))).toEqual({
      bundle: "/sub/post/beside.png",
      dot: "/sub/post/beside.png",
      global: "/sub/global.png",
      static: "/sub/img/my%20static.png",
      rooted: "/sub/img/my%20static.png#wide",
      bucket: "https://images.example/?img=elsewhere.png&q=60&w=1200",
    });
    expect([...published.keys()]).toEqual(
      expect.arrayContaining(["post/beside.png", "global.png", "img/my static.png"]),
    );
  });

  test("names that no file can have do not end the build of a site with static files", async () => {
    const long = `${"a".repeat(300)}.jpg`;
    const impossible = {
      long,
      folder: `img/${long}`,
      deep: `img/${"d/".repeat(3000)}x.jpg`,
      nul: "img/a\0b.jpg",
      first: "\0/b.jpg",
      within: "img/my%20static.png/x.jpg",
      query: `${long}?class=${"c".repeat(300)}`,
      data: `data:image/png;base64,${"A".repeat(5000)}`,
      scheme: `mailto:${"a".repeat(300)}`,
    };
    await using site = await createSite({
      ...files,
      "content/post/index.md": Object.entries(impossible)
        .map(([name, src]) => `![${name}](${src})`)
        .join("\n\n"),
    });
    const { files: published, errors } = await site.build(hugo);
    expect(errors).toEqual([]);
    expect(Object.keys(sources(published.get("post/index.html")))).toEqual(
      expect.arrayContaining(["long", "folder", "within", "query", "data"]),
    );
  });

  test("a resource has the size at which a browser shows it", async () => {
    await using site = await createSite({
      ...files,
      "content/post/turned.jpg": turned,
      "content/post/pointer.jpg": "version https://git-lfs.github.com/spec/v1\n",
      "content/post/index.md":
        "![bundle](beside.png) ![turned](turned.jpg) ![pointer](pointer.jpg) ![global](global.png)",
    });
    const { files: published, errors } = await site.build(hugo);
    expect(errors).toEqual([]);
    const tags = published
      .get("post/index.html")
      ?.match(/<img [^>]*>/g)
      ?.map((tag) => /(?: width.*)? alt="\w+"/.exec(tag)?.[0]);
    expect(tags).toEqual([
      ...[' width="8" height="8" alt="bundle"', ' width="40" height="600" alt="turned"'],
      ...[' alt="pointer"', ' width="8" height="8" alt="global"'],
    ]);
  });

  test('with local = "tiers" resources are scaled to the tiers, and no other file', async () => {
    await using site = await createSite({
      ...files,
      "content/post/wide.jpg": await jpeg(600, 40).toBuffer(),
      "content/post/turned.jpg": turned,
      "content/post/index.md":
        "![wide](wide.jpg#center)\n\n![turned](turned.jpg)\n\n![small](beside.png)\n\n![static](img/my%20static.png)\n\n![bucket](elsewhere.png)",
    });
    const { files: published, errors } = await site.build(hugo, {
      env: {
        HUGO_PARAMS_IMGPROXY_LOCAL: "tiers",
        HUGO_PARAMS_IMGPROXY_TIERS:
          '[{"width": 20, "quality": 50}, {"width": 300, "quality": 60}, {"width": 900, "quality": 50}]',
      },
    });
    expect(errors).toEqual([]);
    const html = unescapeHtml(published.get("post/index.html") ?? "");
    const candidates = (alt: string) =>
      [
        ...(new RegExp(`srcset="([^"]*)"[^>]* alt="${alt}"`).exec(html)?.[1] ?? "").matchAll(
          /\/sub\/(\S+) (\d+)w/g,
        ),
      ].map(([, file = "", width]) => [published.has(file), Number(width)]);
    expect(candidates("wide")).toEqual([
      [true, 20],
      [true, 300],
      [true, 600],
    ]);
    expect(html).toMatch(
      /<img src="\/sub\/post\/wide[^"#]*#center" [^>]* width="600" height="40" alt="wide"/,
    );
    // Hugo rotates photographs from 0.121 on.
    expect(candidates("turned")).toEqual(
      hugo === extremes[0]
        ? []
        : [
            [true, 20],
            [true, 40],
          ],
    );
    expect(candidates("small")).toEqual([[true, 8]]);
    expect(candidates("static")).toEqual([]);
    expect(html).toContain("https://images.example/?img=elsewhere.png&q=60&w=300");
  });

  test('with local = "proxy" files of the site come through the proxy', async () => {
    await using site = await createSite(files);
    const { files: published } = await site.build(hugo, { env: { HUGO_PARAMS_IMGPROXY_LOCAL: "proxy" } });
    const urls = Object.values(sources(published.get("post/index.html")));
    expect(urls).toHaveLength(6);
    for (const url of urls) expect(url).toMatch(/^https:\/\/images\.example\/\?img=/);
  });
});

function sources(html = ""): Record<string, string> {
  const images = [...unescapeHtml(html).matchAll(/<img src="([^"]*)"[^>]* alt="([^"]*)"/g)];
  return Object.fromEntries(images.map(([, src = "", alt = ""]) => [alt, src]));
}
