import { beforeAll, describe, expect, test } from "vitest";
import { type Built, createSite, hugos, siteConfig, unescapeHtml } from "./hugo-site.ts";

const hostile = `trips/alps/"><script>alert(1)</script> #1?q=2 100%.jpg`;
const photograph = (width: number, height: number, meta?: object) => ({
  width,
  height,
  version: "0123456789",
  ...(meta && { meta }),
});
const alps = ["trips/alps/1.jpg", "trips/alps/cover.jpg", "trips/alps/10.jpg", hostile];
const manifest = {
  schema: 2,
  images: {
    "trips/alps/1.jpg": photograph(3000, 2000, { title: 'A "<b>title</b>' }),
    "trips/alps/cover.jpg": { ...photograph(2000, 3000), focus: "30,70" },
    "trips/alps/10.jpg": photograph(9000, 90),
    [hostile]: photograph(400, 300),
    "a.jpg": photograph(2000, 1000, { alt: "Alt" }),
    "b.jpg": photograph(1000, 1000),
    "posts/rain/lake/1.jpg": photograph(1000, 1000),
  },
  galleries: {
    "trips/alps": alps,
    "trips/alps?order=-name": alps.toReversed(),
    "trips/alps?order=date": [hostile, ...alps.slice(0, 3)],
    "trips/alps?order=-date": alps,
    "trips/alps/1*.jpg": ["trips/alps/1.jpg", "trips/alps/10.jpg"],
    "posts/rain/lake": ["posts/rain/lake/1.jpg"],
    empty: [],
    broken: "x",
  },
};

const page = (body: string, more = "") => `---\ntitle: t\n${more}\n---\n${body}\n`;
const files = {
  "config.toml": siteConfig(`
[params.imgproxy]
endpoint = "https://images.example/"
sizes = "(min-width: 60rem) 50rem, 90vw"
gallery = ["gallery", "album.photos"]
[markup.goldmark.parser]
wrapStandAloneImageWithinParagraph = false
attribute = { block = true, title = true }`),
  "assets/imgproxy.json": JSON.stringify(manifest),
  "layouts/_default/rss.xml": "{{ range site.RegularPages }}{{ .Content }}{{ end }}",
  "layouts/own/single.html":
    '{{ partial "imgproxy/gallery.html" . }}<hr>{{ partial "imgproxy/gallery.html" (dict "page" . "src" "/trips/alps/" "order" "-name" "limit" 2) }}',
  "content/folder.md": page('{{< imgproxy/gallery "trips/alps" >}}'),
  "content/captions.md": page('{{< imgproxy/gallery "trips/alps" >}}', "imgproxy: {captions: photo}"),
  "content/captioned-cover.md": page(
    '{{< imgproxy/gallery src="trips/alps" cover="1.jpg" >}}',
    "imgproxy: {captions: photo}",
  ),
  "content/pattern.md": page('{{< imgproxy/gallery "trips/alps/1*.jpg" >}}'),
  "content/list.md": page('{{< imgproxy/gallery "a.jpg" "b.jpg?ar=1:2#c" >}}'),
  "content/named.md": page('{{< imgproxy/gallery keys="b.jpg?ar=1:2&focus=10,20, a.jpg," order="listed" >}}'),
  "content/one.md": page('{{< imgproxy/gallery "a.jpg" >}}'),
  "content/descending.md": page('{{< imgproxy/gallery src="trips/alps" order="-name" limit=3 >}}'),
  "content/dated.md": page('{{< imgproxy/gallery src="trips/alps" order="date" limit="1" >}}'),
  "content/columns.md": page('{{< imgproxy/gallery src="trips/alps" columns=3 >}}'),
  "content/focus.md": page(
    "{{< imgproxy/gallery >}}",
    'gallery: {keys: ["a.jpg?focus=10,20", trips/alps/cover.jpg], columns: 2}',
  ),
  "content/cover.md": page('{{< imgproxy/gallery src="trips/alps" cover=true >}}'),
  "content/chosen.md": page('{{< imgproxy/gallery src="trips/alps" cover="10.jpg" >}}'),
  "content/front.md": page(
    "{{< imgproxy/gallery >}}",
    "gallery: trips/alps\nalbum: {photos: [a.jpg, b.jpg]}",
  ),
  "content/own/map.md": page("", "gallery: {src: trips/alps, order: -date, limit: 2}"),
  "content/own/none.md": page("", "gallery: 3"),
  "content/posts/rain/index.md": page('{{< imgproxy/gallery "lake" >}}', "imgproxy: {resolve: page}"),
  "content/posts/sun/index.md": page('{{< imgproxy/gallery "trips/alps" >}}', "imgproxy: {resolve: page}"),
  "content/after.md": page(
    '![a](a.jpg)\n\n{{< imgproxy/gallery "trips/alps" >}}\n\n{{< imgproxy/gallery "trips/alps" >}}',
  ),
};

describe.each([...hugos])("Hugo $version", (hugo) => {
  let built: Built;
  beforeAll(async () => {
    await using site = await createSite(files);
    built = await site.build(hugo);
    expect([built.errors, built.warnings]).toEqual([[], []]);
  });
  const html = (name: string) => built.files.get(`${name}/index.html`) ?? "";
  const wrapper = (name: string) =>
    unescapeHtml(/<(?:ul|div) class="imgproxy-gallery.*?>/s.exec(html(name))?.[0] ?? "");

  test("a gallery shows the manifest's list in its order, each photograph once in the page and once over it", () => {
    expect(keysIn(html("folder"))).toEqual(alps.flatMap((key) => [key, key]));
    expect(html("folder").match(/<li /g)).toHaveLength(4);
    expect(wrapper("folder")).toContain('data-imgproxy-gallery="trips/alps">');
    expect(shown("pattern")).toEqual(["trips/alps/1.jpg", "trips/alps/10.jpg"]);
    expect(wrapper("pattern")).toContain('data-imgproxy-gallery="trips/alps/1*.jpg">');
  });

  test("a list of keys is shown as it is listed, with what each key asks for, and claims no list of the manifest", () => {
    expect(shown("list")).toEqual(["a.jpg", "b.jpg"]);
    expect(html("list")).toContain("?ar=1%3A2&amp;img=b.jpg");
    expect(shown("named")).toEqual(["b.jpg", "a.jpg"]);
    expect(html("named")).toContain("?ar=1%3A2&amp;fp=10%2C20&amp;img=b.jpg");
    expect(shown("one")).toEqual(["a.jpg"]);
    expect(html("list")).not.toContain("data-imgproxy");
  });

  test("order, limit and columns apply, and the check can prove the result", () => {
    expect(shown("descending")).toEqual(alps.toReversed().slice(0, 3));
    expect(wrapper("descending")).toContain(
      'data-imgproxy-gallery="trips/alps?order=-name" data-imgproxy-limit="3">',
    );
    expect(shown("dated")).toEqual([hostile]);
    expect(wrapper("dated")).toContain(
      'data-imgproxy-gallery="trips/alps?order=date" data-imgproxy-limit="1">',
    );
    expect(wrapper("columns")).toContain('imgproxy-columns" style="--columns:3"');
  });

  test("a cover opens all photographs, in their order", () => {
    for (const [name, cover] of [
      ["cover", "trips/alps/cover.jpg"],
      ["chosen", "trips/alps/10.jpg"],
    ] as const) {
      expect(keysIn(html(name))).toEqual(alps.flatMap((key) => (key === cover ? [key, key] : [key])));
      expect(html(name)).toContain("4 photographs");
    }
  });

  test("front matter names galleries, in the fields of the parameter, as a text, a list or a table", () => {
    expect(shown("front")).toEqual([...alps, "a.jpg", "b.jpg"]);
    const [first = "", second = ""] = html("own/map").split("<hr>");
    expect([distinct(first), distinct(second)]).toEqual([alps.slice(0, 2), alps.toReversed().slice(0, 2)]);
    expect(distinct(html("own/none").split("<hr>")[0] ?? "")).toEqual([]);
  });

  test("with resolve = page a folder beside the page comes first, if it has photographs", () => {
    expect(shown("posts/rain")).toEqual(["posts/rain/lake/1.jpg"]);
    expect(shown("posts/sun")).toEqual(alps);
  });

  test("each row's photograph has its ratio, and sizes that follow from it and from the photographs beside it", () => {
    const sizes = [...html("folder").matchAll(/--ratio:([\d.]+).*? sizes="([^"]*)"/gs)].map(
      ([, ratio, said = ""]) => [ratio, unescapeHtml(said)],
    );
    expect(sizes).toEqual([
      [
        "1.5",
        "(min-width: 60rem) min(50rem, clamp(20.77rem, calc(50rem * 1.246), 39rem)), min(90vw, clamp(20.77rem, calc(90vw * 1.246), 39rem))",
      ],
      [
        "0.6667",
        "auto, (min-width: 60rem) min(50rem, clamp(10.67rem, calc(50rem * 0.64), 17.33rem)), min(90vw, clamp(10.67rem, calc(90vw * 0.64), 17.33rem))",
      ],
      [
        "5",
        "auto, (min-width: 60rem) min(50rem, clamp(30rem, calc(50rem * 1.8), 78rem)), min(90vw, clamp(30rem, calc(90vw * 1.8), 78rem))",
      ],
      [
        "1.333",
        "auto, (min-width: 60rem) min(min(50rem, clamp(6.667rem, calc(50rem * 0.4), 17.33rem)), 400px), min(min(90vw, clamp(6.667rem, calc(90vw * 0.4), 17.33rem)), 400px)",
      ],
    ]);
    expect(unescapeHtml(html("columns"))).toContain(
      'sizes="auto, (min-width: 60rem) calc(50rem * 0.3333), calc(90vw * 0.3333)"',
    );
  });

  test("the squares of columns show the focus of each photograph: its author's, else its own", () => {
    const positions = (name: string) =>
      [...html(name).matchAll(/object-position:([^;"]*)/g)].map(([, position]) => position);
    expect(positions("columns")).toEqual(["30% 70%"]);
    expect(positions("focus")).toEqual(["10% 20%", "30% 70%"]);
  });

  test("keys and metadata of photographs are text, never markup", () => {
    expect(html("folder")).not.toMatch(/<script>|<b>title/);
    expect(html("folder")).toContain('alt="Photograph 2 of 4"');
  });

  test("with captions = photo a photograph has its own texts, in the page and over it, and a cover has no caption in the page", () => {
    const caption = "A &#34;&lt;b&gt;title&lt;/b&gt;";
    expect(html("captions")).toContain(`alt="${caption}"`);
    expect(html("captions").match(/<figcaption>[^<]*/g)).toEqual([`<figcaption>${caption}`]);
    expect(html("captions")).toContain(`<span class="imgproxy-caption">${caption}</span>`);
    expect(html("captions")).not.toContain("<b>title");
    expect(html("captions")).toContain('alt="Photograph 2 of 4"');
    expect(html("captioned-cover")).not.toContain("<figcaption");
    expect(html("captioned-cover")).toContain(`<span class="imgproxy-caption">${caption}</span>`);
    expect(html("folder")).not.toContain("figcaption");
  });

  test("every photograph names its neighbours, the ends have one, and no name is used twice on a page", () => {
    for (const name of ["folder", "cover", "after"]) {
      const text = html(name);
      const ids = [...text.matchAll(/ id="(zoom-[^"]+)"/g)].map(([, id]) => id);
      const targets = [...text.matchAll(/popovertarget="([^"]+)"/g)].map(([, id]) => id);
      expect(new Set(ids).size).toBe(ids.length);
      expect(targets.filter((id) => !ids.includes(id))).toEqual([]);
      const galleries = name === "after" ? 2 : 1;
      expect([text.match(/-previous" /g)?.length, text.match(/-next" /g)?.length]).toEqual([
        3 * galleries,
        3 * galleries,
      ]);
    }
  });

  test("stylesheet and script are linked once on a page, the script with its hash", () => {
    for (const name of ["folder", "after", "cover", "own/map"]) {
      expect([name, html(name).match(/<link /g)?.length, html(name).match(/<script /g)?.length]).toEqual([
        name,
        1,
        1,
      ]);
      expect(html(name)).toMatch(
        /<script src="\/imgproxy-lite[^"]*\.js" integrity="sha256-[^"]+" defer><\/script>/,
      );
    }
    const [script] = [...built.files].filter(([file]) => file.endsWith(".js")).map(([, text]) => text);
    expect(script?.length).toBeLessThan(2048);
  });

  test("a feed has the photographs as plain images with absolute addresses", () => {
    const feed = built.files.get("index.xml") ?? "";
    expect(feed).toContain(
      '<img src="https://images.example/?img=trips%2Falps%2F1.jpg&amp;q=60&amp;v=0123456789&amp;w=1200" alt=',
    );
    expect(feed).not.toMatch(/popover|srcset|<ul|<script/);
  });

  const shown = (name: string) => distinct(html(name));
});

const problems = {
  "content/new.md": page('{{< imgproxy/gallery "trips/new" >}}'),
  "content/empty.md": page('{{< imgproxy/gallery "empty" >}}'),
  "content/broken.md": page('{{< imgproxy/gallery "broken" >}}'),
  "content/wrong.md": page(
    '{{< imgproxy/gallery src="trips/alps" order="size" limit="many" cover="x.jpg" >}}',
  ),
  "content/wide.md": page('{{< imgproxy/gallery src="trips/alps" columns=40 >}}'),
};

describe.each([...hugos])("Hugo $version", (hugo) => {
  test("a gallery that no scan has listed is a warning that says what to do, and an error with strict", async () => {
    await using site = await createSite({ ...files, ...problems });
    const built = await site.build(hugo);
    expect(built.errors).toEqual([]);
    expect(built.warnings.toSorted()).toEqual([
      'imgproxy-lite: broken.md:5: gallery "broken": is not in the manifest: run npx --no imgproxy-lite scan, which lists its photographs',
      'imgproxy-lite: empty.md:5: gallery "empty": has no photographs; scan again if there are some: npx --no imgproxy-lite scan',
      'imgproxy-lite: new.md:5: gallery "trips/new": is not in the manifest: run npx --no imgproxy-lite scan, which lists its photographs',
      'imgproxy-lite: wide.md:5: gallery "trips/alps": columns=40 is ignored: it takes a whole number from 1 to 12',
      'imgproxy-lite: wrong.md:5: gallery "trips/alps": cover=x.jpg is ignored: the gallery does not show it',
      'imgproxy-lite: wrong.md:5: gallery "trips/alps": limit=many is ignored: it takes a whole number from 1 to 2000',
      'imgproxy-lite: wrong.md:5: gallery "trips/alps": order=size is ignored: it takes name, -name, date or -date',
    ]);
    const strict = await site.build(hugo, { env: { HUGO_PARAMS_IMGPROXY_STRICT: "true" } });
    expect(strict.errors.join("\n")).toContain('gallery "trips/new": is not in the manifest');
  });
});

// --- pages ---

/** The source keys of all images, in the order of the page. */
function keysIn(html: string): string[] {
  return [...html.matchAll(/<img src="([^"]*)"/g)].map(
    ([, src = ""]) => new URL(unescapeHtml(src)).searchParams.get("img") ?? "",
  );
}

function distinct(html: string): string[] {
  return [...new Set(keysIn(html))];
}
