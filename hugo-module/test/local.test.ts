import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { createSite, extremes, siteConfig, unescapeHtml } from "./hugo-site.ts";

const png = await sharp({ create: { width: 8, height: 8, channels: 3, background: "teal" } })
  .png()
  .toBuffer();

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
      rooted: "/sub/img/my%20static.png",
      bucket: "https://images.example/?img=elsewhere.png&q=60&w=1200",
    });
    expect([...published.keys()]).toEqual(
      expect.arrayContaining(["post/beside.png", "global.png", "img/my static.png"]),
    );
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
