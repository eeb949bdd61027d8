import { beforeAll, describe, expect, test } from "vitest";
import { type Built, createSite, extremes, siteConfig, unescapeHtml } from "./hugo-site.ts";

const images = {
  "a.jpg": { width: 4000, height: 3000, version: "0123456789", color: "#1a2b3c", placeholder: "UklGRg+/a==" },
  "b.jpg": { width: 1000, height: 750, version: "abcdef0123" },
  "d.jpg": { width: 120, height: 90, version: "abcdef0123" },
  "e.gif": { width: 500, height: 250, version: "abcdef0123" },
  "f.jpg": { width: 9000, height: 90, version: "abcdef0123" },
};

const files = {
  "config.toml": siteConfig(`
[params.imgproxy]
endpoint = "https://images.example/"
[markup.goldmark.parser]
wrapStandAloneImageWithinParagraph = false
attribute = { block = true, title = true }`),
  "assets/imgproxy.json": JSON.stringify({ schema: 1, images }),
  "layouts/_default/single.html": `{{ .Content }}
url: {{ partial "imgproxy/url.html" (dict "page" . "src" "a.jpg") }}
narrow: {{ partial "imgproxy/url.html" (dict "page" . "src" "a.jpg" "width" 300 "quality" 40 "format" "jpg") }}
srcset: {{ partial "imgproxy/srcset.html" (dict "page" . "src" "b.jpg" "params" (dict "tiers" "eco")) }}
picture: {{ partial "imgproxy/picture.html" (dict "page" . "src" "b.jpg" "alt" "p" "params" (dict "formats" (slice "avif" "jpg"))) }}`,
  "content/sizes.md": "![first](a.jpg)\n\n![second](a.jpg)\n\n![unknown](c.jpg)",
  "content/said.md":
    "---\nimgproxy: {sizes: 50vw}\n---\n![first](a.jpg)\n\n![second](a.jpg)\n\n![wide](a.jpg)\n{width=300}",
  "content/asked.md":
    "---\nimgproxy: {sizes: 'auto, 50vw', eagerfirst: true}\n---\n![first](a.jpg)\n\n![second](a.jpg)\n\n![unknown](c.jpg)\n\n![eager](a.jpg)\n{loading=eager decoding=sync}\n\n![low](a.jpg)\n{fetchpriority=low width=300}",
  "content/small.md":
    "---\nimgproxy: {fixed: 0}\n---\n![tiny](a.jpg?w=169)\n\n![unknown](c.jpg?w=169)\n\n![narrow](d.jpg?w=169)\n\n![cut](a.jpg?w=600)\n\n![moving](e.gif?w=169)\n\n![sliver](f.jpg?w=3)",
  "content/narrow.md": "![first](d.jpg)\n\n![auto](b.jpg)",
  "content/narrow-said.md":
    '---\nimgproxy: {sizes: "((min-width: 9em) or (height: calc(2px + 1px))) calc(1px + min(44rem, 9vw)), (min-width: 2em) 50vw, .5e2px"}\n---\n![narrow](d.jpg)\n\n![wide](a.jpg)\n\n{{< img src="a.jpg" alt="n" narrow="b.jpg" media="m" >}}',
  "content/small-fixed.md": "---\nimgproxy: {fixed: 64}\n---\n![tiny](a.jpg?w=50)",
  "content/quoted.md": [
    "---\nimgproxy: {figure: true}\n---",
    "Write `![a](a.jpg)`:",
    "```md\n![a](a.jpg)\n```",
    "~~~\n![a](a.jpg)\n~~~",
    "1. So:\n\n   ````\n   ```\n   ![a](a.jpg)\n   ```\n   ````",
    "Or\n\n    ![a](a.jpg)",
    "<!-- ![a](a.jpg) -->",
    '![a](a.jpg "Seen")',
    "In ![b](b.jpg) text.",
    '![b](b.jpg "Used twice")',
  ].join("\n\n"),
  "content/figure.md":
    '---\nimgproxy: {figure: true, link: widest}\n---\n![one](a.jpg "A <title>")\n{.c #i}\n\nin ![two](b.jpg "T") text',
  "content/color.md": "---\nimgproxy: {placeholder: color, eagerfirst: false}\n---\n![one](a.jpg)",
  "content/blur.md": "---\nimgproxy: {placeholder: image}\n---\n![one](a.jpg)",
  "content/lightbox.md": "---\nimgproxy: {lightbox: true}\n---\n![one](a.jpg)",
  "content/original.md": "---\nimgproxy: {link: original}\n---\n![one](a.jpg)",
  "content/attributes.md": "![one](a.jpg?class=wide#center)\n\n![two](a.jpg)\n{.c #i data-x=1}",
  "content/alt.md": "![*Some* **worms** & `more`,\nit's said](a.jpg)",
  "content/shortcodes.md":
    '---\ntitle: s\n---\n{{< figure src="a.jpg" caption="After *rain*" title="T" attr="Me" attrlink="/me/" link="/x/" >}}\n\n{{< img src="a.jpg" alt="n" narrow="b.jpg" fixed="64" class="k" >}}',
  "content/passed-on.md":
    '---\ntitle: p\n---\n![first](b.jpg)\n\n{{< img src="a.jpg" alt="n" size=large align=center border=1 class="k" data-x="a<b" onclick="x()" >}}\n\n{{< imgproxy/figure src="a.jpg" alt="o" align=center size=small id="i" border=2 >}}',
};

describe.each(extremes)("Hugo $version", (hugo) => {
  let built: Built;
  beforeAll(async () => {
    await using site = await createSite(files);
    built = await site.build(hugo);
    expect(built.errors).toEqual([]);
    expect(built.warnings).toEqual([]);
  });

  const page = (name: string) =>
    unescapeHtml(built.files.get(`${name}/index.html`) ?? "").replaceAll(/<link rel="stylesheet"[^>]*>/g, "");
  const image = (name: string, alt: string) =>
    page(name).match(new RegExp(`<img [^>]*alt="${alt}"[^>]*>`))?.[0] ?? "";

  test("with eagerfirst the first image is loaded at once, and the others are lazy", () => {
    expect(image("asked", "first")).toContain('sizes="50vw" width="4000" height="3000" alt="first" fetch');
    expect(image("asked", "first")).toContain('fetchpriority="high" decoding="async"');
    expect(image("asked", "first")).not.toContain("lazy");
    expect(image("asked", "second")).toContain('loading="lazy" decoding="async"');
    expect(image("asked", "eager")).toContain('fetchpriority="high" decoding="sync"');
    expect(image("asked", "low")).toContain('loading="lazy" fetchpriority="low"');
  });

  test("sizes=auto is printed only for a lazy image of known size, on a site that does not set sizes", () => {
    const auto =
      'sizes="auto, 100vw" width="4000" height="3000" alt="second" style="contain-intrinsic-size:4000px 3000px" loading="lazy"';
    expect(image("sizes", "second")).toContain(auto);
    expect(image("sizes", "unknown")).toContain('sizes="100vw" alt="unknown" loading="lazy"');
    expect(image("sizes", "first")).toContain('sizes="100vw" width');
    expect(image("said", "second")).toContain('sizes="50vw" width="4000" height="3000" alt="second" loading');
    expect(image("said", "wide")).toContain('sizes="50vw" alt="wide" width="300" loading');
    expect(image("asked", "second")).toContain('sizes="auto, 50vw" width="4000"');
    expect(image("asked", "unknown")).toContain('sizes="50vw" alt="unknown" loading="lazy"');
    expect(image("asked", "low")).toContain('sizes="50vw" alt="low" width="300" loading');
  });

  test("sizes of a photograph narrower than the widest tier is at most its width", () => {
    expect(image("narrow", "first")).toContain('sizes="min(100vw, 120px)" width="120"');
    expect(image("narrow", "auto")).toContain('sizes="auto, min(100vw, 1000px)" width="1000"');
    const lengths =
      "min(calc(1px + min(44rem, 9vw)), 120px), (min-width: 2em) min(50vw, 120px), min(.5e2px, 120px)";
    expect(image("narrow-said", "narrow")).toContain(
      `sizes="((min-width: 9em) or (height: calc(2px + 1px))) ${lengths}" width`,
    );
    expect(image("narrow-said", "wide")).toContain(
      'px))) calc(1px + min(44rem, 9vw)), (min-width: 2em) 50vw, .5e2px"',
    );
    expect(page("narrow-said")).toMatch(
      /<source media="m" [^>]* sizes="[^"]*min\(50vw, 1000px\)[^"]*" width="1000"/,
    );
  });

  test("an image narrower than every tier has its own width and height", () => {
    expect(image("small", "tiny")).toMatch(/srcset="[^" ]* 169w" sizes="169px" width="169" height="127" alt/);
    expect(image("small", "unknown")).toMatch(/ 169w" sizes="169px" alt/);
    expect(image("small", "narrow")).toMatch(/ 120w" sizes="120px" width="120" height="90" alt/);
    expect(image("small", "cut")).toMatch(/ 600w" sizes="auto, 100vw" width="4000" height="3000" alt/);
    expect(image("small", "moving")).toMatch(/&w=169" width="169" height="85" alt/);
    expect(image("small", "sliver")).toMatch(/ 3w" sizes="3px" width="3" height="1" alt/);
    expect(image("small-fixed", "tiny")).toMatch(/ width="64" height="48" alt/);
  });

  test("an image that stands alone becomes a figure, and no other image does", () => {
    const html = page("figure");
    expect(html).toMatch(
      /<figure id="i" class="c"><a href="[^"]*&w=2000"><img [^>]*><\/a><figcaption>A <title><\/figcaption><\/figure>/,
    );
    expect(html.match(/<figure/g)).toHaveLength(1);
    expect(image("figure", "two")).toContain('title="T"');
  });

  test("classes and attributes from Markdown are printed", () => {
    expect(image("attributes", "one")).toContain('alt="one" class="wide center"');
    expect(image("attributes", "two")).toMatch(/alt="two" id="i" class="c" style="[^"]*" data-x="1"/);
  });

  test("alt has the image's description as text, without elements and on one line", () => {
    expect(page("alt")).toContain(' alt="Some worms & more, it’s said" ');
  });

  test("the dominant colour or the tiny image is painted behind a photograph", () => {
    expect(image("color", "one")).toContain('background:#1a2b3c" loading="lazy"');
    expect(image("blur", "one")).toContain(
      'style="background:url(data:image/webp;base64,UklGRg+/a==) 50%/cover" loading="lazy"',
    );
  });

  test("a lightbox opens without script", () => {
    const html = page("lightbox");
    const target = /<button [^>]*popovertarget="([^"]+)"/.exec(html)?.[1];
    expect(html).toContain(`<span popover id="${target}" class="imgproxy-zoomed"><img src=`);
    expect(html).not.toContain("<script");
  });

  test("an image links to its original", () => {
    expect(page("original")).toContain('<a href="https://images.example/?img=a.jpg&v=0123456789"><img ');
  });

  test("an image that the page also quotes in code or a comment becomes a figure; one that it also shows in a text does not", () => {
    expect(page("quoted").match(/<figcaption>[^<]*/g)).toEqual(["<figcaption>Seen"]);
  });

  test("the figure shortcode prints the same elements as Hugo's", () => {
    const html = page("shortcodes");
    expect(html).toMatch(
      /<figure><a href="\/x\/"><img src="https:\/\/images\.example\/\?img=a\.jpg[^>]* alt="After rain"/,
    );
    expect(html).toContain(
      '<figcaption><h4>T</h4><p>After <em>rain</em> <a href="/me/">Me</a></p></figcaption></figure>',
    );
  });

  test("a shortcode passes on unknown parameters, and makes classes of size and align", () => {
    expect(image("passed-on", "n")).toMatch(
      /alt="n" class="k large center" style="[^"]*" border="1" data-x="a<b" loading/,
    );
    expect(page("passed-on")).toMatch(
      /<figure class="small center"><img [^>]* alt="o" id="i" [^>]*border="2" /,
    );
  });

  test("a shortcode shows another image in narrow windows, and a fixed one by density", () => {
    const html = page("shortcodes");
    expect(html).toMatch(
      /<picture><source media="\(max-width: 40rem\)" srcset="[^"]*img=b\.jpg&q=72&v=abcdef0123&w=64 1x, [^"]*&w=128 2x" width="1000" height="750"><img /,
    );
    expect(html).toMatch(/img=a\.jpg&q=72&v=0123456789&w=128 2x" width="64" height="48" alt="n" class="k"/);
  });

  test("themes get a URL, a srcset and a picture", () => {
    const html = page("sizes");
    expect(html).toContain("url: https://images.example/?img=a.jpg&q=60&v=0123456789&w=1200\n");
    expect(html).toContain("narrow: https://images.example/?fm=jpg&img=a.jpg&q=40&v=0123456789&w=300\n");
    expect(html).toContain("srcset: https://images.example/?img=b.jpg&q=60&v=abcdef0123&w=480 480w, ");
    expect(html).toMatch(
      /picture: <picture><source type="image\/avif" srcset="[^"]*fm=avif[^"]*" sizes="auto, min\(100vw, 1000px\)"><img src="[^"]*fm=jpg/,
    );
  });
});
