import { beforeAll, describe, expect, test } from "vitest";
import { type Built, createSite, extremes, hugos, siteConfig, unescapeHtml } from "./hugo-site.ts";

const size = { width: 4000, height: 3000, version: "0123456789" };
const hostile = `"'><img src=x onerror=alert(1)></figcaption></figure></script><script>alert(1)</script>{{ site.Title }}<!-- ]]>`;
const images = {
  "alps.jpg": {
    ...size,
    meta: {
      ...{ title: "Alps", alt: "A ridge above clouds", description: "The ridge at six" },
      ...{ creator: "Zoë 写 😀", credit: "Agency", copyright: "© Zoë" },
      ...{ licence: "https://example.org/by?a=1&b=2", licensor: "https://example.org/buy" },
      ...{ date: "2026-05-01T12:30:00+02:00", camera: "Canon EOS R5", lens: "RF50mm F1.2 L USM" },
      ...{ focal: 50, aperture: 2.8, exposure: "1/250", iso: 1000000 },
      location: { latitude: 47.42108, longitude: -10.98537, altitude: 2962 },
    },
  },
  "titled.jpg": { ...size, meta: { title: "Only a title" } },
  "described.jpg": { ...size, meta: { description: "Only a description", date: "2026-02-30" } },
  "hostile.jpg": {
    ...size,
    meta: {
      ...{ title: hostile, alt: hostile, description: hostile, creator: hostile, credit: hostile },
      ...{ camera: hostile, lens: hostile, exposure: hostile, date: hostile },
    },
  },
  "odd.jpg": { ...size, meta: { title: ["a"], alt: 7, camera: { a: 1 }, location: "here", date: 2026 } },
  "bare.jpg": size,
};

const all = Object.keys(images);
const pages: Readonly<Record<string, string>> = {
  empty: "![](alps.jpg)\n\n![ ](titled.jpg)\n\n![&nbsp;](described.jpg)\n\n![](bare.jpg)",
  own: '![Mine](alps.jpg)\n\n![](alps.jpg#decorative)\n\n![](alps.jpg?class=wide "My title")',
  inline: "Text ![](alps.jpg) and more.\n\n[![](titled.jpg)](/x/)",
  hostile: '![](hostile.jpg)\n\n{{< img "hostile.jpg" >}}\n\n{{< figure src="hostile.jpg" >}}',
  odd: "![](odd.jpg)\n\n![](absent.jpg)",
  shortcodes: [
    '{{< img "alps.jpg" >}}',
    '{{< img "alps.jpg" "" >}}',
    '{{< img src="alps.jpg" alt="" >}}',
    '{{< img src="alps.jpg" caption="By *me*" >}}',
    '{{< img src="alps.jpg" captions="none" >}}',
    '{{< figure src="alps.jpg" >}}',
    '{{< figure src="alps.jpg" alt="" >}}',
    '{{< figure src="alps.jpg" caption="By *me*" >}}',
    '{{< figure src="alps.jpg" alt="Mine" >}}',
  ].join("\n\n"),
  exif: [
    "![](alps.jpg)",
    "![Mine](alps.jpg)",
    '![Mine](alps.jpg "My title")',
    "![](alps.jpg#decorative)",
    '{{< figure src="alps.jpg" caption="By *me*" >}}',
    "![](hostile.jpg)",
    "![](bare.jpg)",
  ].join("\n\n"),
  one: '![Mine](alps.jpg)\n\n{{< img src="alps.jpg" alt="Mine" exif=true >}}\n\n{{< figure src="alps.jpg" alt="Mine" exif="true" >}}',
  off: "![](alps.jpg)",
};
const own: Readonly<Record<string, string>> = {
  exif: "imgproxy: {exif: true}\n",
  hostile: "outputs: [HTML, JSON]\n",
  off: "imgproxy: {captions: none}\ncover: titled.jpg\n",
};

const files = {
  "config.toml": siteConfig(`
[outputs]
home = ["HTML", "RSS", "JSON"]
[params.imgproxy]
endpoint = "https://images.example/"
captions = "photo"
meta = ["title", "alt", "description", "location:10km", "location:100km"]
[markup.goldmark.parser]
wrapStandAloneImageWithinParagraph = false`),
  "assets/imgproxy.json": JSON.stringify({ schema: 2, images }),
  "i18n/en.toml": '[imgproxy_lens]\nother = "Glass"\n',
  "layouts/_default/single.html": '<head>{{ partial "imgproxy/json-ld.html" . }}</head>{{ .Content }}',
  "layouts/_default/rss.xml":
    "{{ range site.RegularPages }}<item><title>{{ .Title }}</title>{{ .Content }}</item>{{ end }}",
  "layouts/_default/single.json": "{{ .Content }}",
  "layouts/index.json":
    "{{ range site.RegularPages }}<item><title>{{ .Title }}</title>{{ .Content }}</item>{{ end }}",
  "layouts/data/single.html": `${all.map((key) => `{{ partial "imgproxy/data.html" (dict "page" . "src" "${key}") | jsonify }}`).join("\n")}
{{ partial "imgproxy/meta.html" (dict "page" . "src" "alps.jpg") }}
{{ partial "imgproxy/json-ld.html" (dict "page" . "src" "alps.jpg" "params" (dict "fixed" 300)) }}`,
  "content/data/a.md": "",
  ...Object.fromEntries(
    Object.entries(pages).map(([name, body]) => [
      `content/${name}.md`,
      `---\ntitle: ${name}\n${own[name] ?? ""}---\n${body}\n`,
    ]),
  ),
};

const camera =
  '<dl class="imgproxy-meta"><div><dt>Camera</dt><dd>Canon EOS R5</dd></div><div><dt>Glass</dt><dd>RF50mm F1.2 L USM</dd></div><div><dt>Focal length</dt><dd>50 mm</dd></div><div><dt>Aperture</dt><dd>f/2.8</dd></div><div><dt>Exposure time</dt><dd>1/250 s</dd></div><div><dt>Sensitivity</dt><dd>ISO 1000000</dd></div><div><dt>Taken</dt><dd><time datetime="2026-05-01T12:30:00+02:00">May 1, 2026</time></dd></div></dl>';

/** The alt of each image, and the content of each caption. */
const shown = (html: string) => ({
  alts: [...html.matchAll(/<img\s[^>]*?\salt="([^"]*)"/g)].map(([, alt = ""]) => unescapeHtml(alt)),
  captions: [...html.matchAll(/<figcaption>(.*?)<\/figcaption>/gs)].map(([, text = ""]) =>
    unescapeHtml(text),
  ),
});
const jsonLd = (html: string): unknown[] =>
  [...html.matchAll(/<script type="?application\/ld\+json"?>(.*?)<\/script>/gs)].map(([, text = ""]) =>
    JSON.parse(text),
  );

describe.each([...hugos])("Hugo $version", (hugo) => {
  let built: Built;
  beforeAll(async () => {
    await using site = await createSite(files);
    built = await site.build(hugo);
    expect([built.errors, built.warnings]).toEqual([[], []]);
  });
  const page = (name: string): string =>
    built.files.get(`${name}/index.html`)?.replace(/<head>.*<\/head>/s, "") ?? "";

  test("an image without an alt gets the photograph's alt text, description or title, and its description as the caption", () => {
    expect(shown(page("empty"))).toEqual({
      alts: ["A ridge above clouds", "Only a title", "Only a description", ""],
      captions: ["The ridge at six", "Only a title", "Only a description"],
    });
    expect(page("empty")).toMatch(
      /<figure><img src="[^"]+" srcset=[^>]+><figcaption>The ridge at six<\/figcaption><\/figure>/,
    );
  });

  test("an author's alt and title stay, a decorative image has neither, and captions = none changes nothing", () => {
    expect(shown(page("own"))).toEqual({ alts: ["Mine", "", "A ridge above clouds"], captions: [] });
    expect(page("own")).toContain('title="My title"');
    expect(shown(page("off"))).toEqual({ alts: [""], captions: [] });
  });

  test("an image among text or in a link has an alt and no caption", () => {
    expect(shown(page("inline"))).toEqual({ alts: ["A ridge above clouds", "Only a title"], captions: [] });
  });

  test("shortcodes without an alt and a caption have the photograph's, and an empty alt is a decision", () => {
    expect(shown(page("shortcodes"))).toEqual({
      alts: [
        "A ridge above clouds",
        "",
        "",
        "A ridge above clouds",
        "",
        "A ridge above clouds",
        "",
        "By me",
        "Mine",
      ],
      captions: [
        ...["The ridge at six", "By <em>me</em>"],
        ...["<p>The ridge at six</p>", "<p>By <em>me</em></p>"],
      ],
    });
  });

  test("what anyone can have written into a photograph is text in pages, feeds and JSON", () => {
    const feed = built.files.get("index.xml") ?? "";
    const json = built.files.get("index.json") ?? "";
    const ofPage = (text: string) => /<title>hostile<\/title>(.*?)<\/item>/s.exec(text)?.[1] ?? "";
    const own = built.files.get("hostile/index.json") ?? "";
    for (const html of [own, page("hostile"), page("exif"), ofPage(feed), ofPage(json)]) {
      expect(html).not.toMatch(/<script|<img src=x|<!--|\]\]>/);
      expect(unescapeHtml(html)).toContain(hostile);
    }
    expect(shown(page("hostile"))).toEqual({
      alts: [hostile, hostile, hostile],
      captions: [hostile, hostile, `<p>${hostile}</p>`],
    });
    expect(shown(ofPage(feed))).toEqual(shown(page("hostile")));
    expect(shown(own)).toEqual(shown(page("hostile")));
  });

  test("metadata of a wrong type print nothing", () => {
    expect(shown(page("odd"))).toEqual({ alts: ["", ""], captions: [] });
  });

  test("exif = true adds camera and exposure to the caption of an image that is no decoration", () => {
    const { alts, captions } = shown(page("exif"));
    expect(alts).toEqual(["A ridge above clouds", "Mine", "Mine", "", "By me", hostile, ""]);
    expect(captions.slice(0, 4)).toEqual([
      ...[`The ridge at six${camera}`, camera, `My title${camera}`],
      `<p>By <em>me</em></p>${camera}`,
    ]);
    expect(captions[4]).toContain(`<dt>Camera</dt><dd>${hostile}</dd>`);
    expect(captions[4]).toContain("<dt>Taken</dt><dd></dd>");
    expect(captions).toHaveLength(5);
    expect(shown(page("one")).captions).toEqual([camera, camera]);
  });

  test("a theme gets the texts, the fields and the list of camera data; the location is rounded, and 30 February is no error", () => {
    const [alps, titled, described, , odd] = page("data/a")
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line): Record<string, unknown> => JSON.parse(line));
    expect([alps?.alt, alps?.caption]).toEqual(["A ridge above clouds", "The ridge at six"]);
    expect(alps?.meta).toEqual({ ...images["alps.jpg"].meta, location: { latitude: 47, longitude: -11 } });
    expect([titled?.alt, titled?.caption]).toEqual(["Only a title", "Only a title"]);
    expect(described?.meta).toEqual({ description: "Only a description", date: "2026-02-30" });
    expect([odd?.alt, odd?.caption, odd?.meta]).toEqual([
      "",
      "",
      { ...images["odd.jpg"].meta, location: undefined },
    ]);
    expect(unescapeHtml(page("data/a"))).toContain(camera);
  });

  test("JSON-LD has each photograph with a creator or rights, once, under the address that the page has", () => {
    const [[alps, ...more]] = jsonLd(built.files.get("shortcodes/index.html") ?? "") as [unknown[]];
    expect(alps).toEqual({
      "@context": "https://schema.org",
      "@type": "ImageObject",
      contentUrl: "https://images.example/?img=alps.jpg&q=60&v=0123456789&w=1200",
      ...{ name: "Alps", caption: "The ridge at six", dateCreated: "2026-05-01T12:30:00+02:00" },
      ...{
        creator: { "@type": "Person", name: "Zoë 写 😀" },
        creditText: "Agency",
        copyrightNotice: "© Zoë",
      },
      ...{ license: "https://example.org/by?a=1&b=2", acquireLicensePage: "https://example.org/buy" },
    });
    expect(more).toEqual([]);
    expect(page("shortcodes")).toContain(
      'src="https://images.example/?img=alps.jpg&amp;q=60&amp;v=0123456789&amp;w=1200"',
    );
    const [[hostiles]] = jsonLd(built.files.get("hostile/index.html") ?? "") as [[Record<string, unknown>]];
    expect(hostiles.creator).toEqual({ "@type": "Person", name: hostile });
    expect(jsonLd(built.files.get("odd/index.html") ?? "")).toEqual([]);
    const [[fixed]] = jsonLd(built.files.get("data/a/index.html") ?? "") as [[Record<string, unknown>]];
    expect(fixed.contentUrl).toBe("https://images.example/?img=alps.jpg&q=72&v=0123456789&w=300");
  });
});

test.each(extremes.slice(-1))(
  "Hugo $version minifies the JSON-LD of hostile metadata into valid JSON",
  async (hugo) => {
    await using site = await createSite({
      ...files,
      "content/data/a.md": "---\nbuild: {render: never}\n---\n",
    });
    const { files: minified } = await site.build(hugo, { arguments: ["--minify"] });
    const [[hostiles]] = jsonLd(minified.get("hostile/index.html") ?? "") as [[Record<string, unknown>]];
    expect(hostiles.creditText).toBe(hostile);
  },
);
