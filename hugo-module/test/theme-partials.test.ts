import { beforeAll, describe, expect, test } from "vitest";
import { type Built, createSite, hugos, siteConfig, unescapeHtml } from "./hugo-site.ts";

const images = {
  "known.jpg": {
    width: 4000,
    height: 3000,
    version: "0123456789",
    color: "#1a2b3c",
    placeholder: "UklGRg==",
    focus: "30,70",
  },
  "tuned.jpg": { width: 4000, height: 3000, version: "0123456789", q: { avif: 50, webp: 55, jpg: 60 } },
};

const data = (src: string, more = ""): string =>
  `{{ partial "imgproxy/data.html" (dict "page" . "src" "${src}" ${more}) | jsonify }}\n`;

/** A theme that shows a cover above the text, and names it in the head or not. */
const withCover = (preload: string): string => `<head>{{ partial "imgproxy/preload.html" ${preload} }}</head>
{{ with .Params.cover }}{{ partial "imgproxy/img.html" (dict "page" $ "src" . "first" true "alt" "cover") }}{{ end }}
{{ .Content }}`;

const files = {
  "config.toml": siteConfig('[params.imgproxy]\nendpoint = "https://images.example/"'),
  "assets/imgproxy.json": JSON.stringify({ schema: 1, images }),
  "layouts/data/single.html":
    data("known.jpg", `"alt" "Worms"`) +
    data("known.jpg", `"width" 300 "quality" 40 "format" "jpg" "params" (dict "fixed" 64)`) +
    data("drawing.svg") +
    data("javascript:x") +
    data("tuned.jpg", `"quality" 40 "width" 480`) +
    data("known.jpg?focus=5,5"),
  "content/data/a.md": "",
  "layouts/told/single.html": withCover('(dict "page" . "src" .Params.cover)'),
  "layouts/plain/single.html": withCover("."),
  "layouts/headless/single.html": withCover(".").replace(/^<head>.*\n/, ""),
  "layouts/cards/list.html":
    '{{ range where .Pages "Params.cover" "ne" nil }}{{ partial "imgproxy/img.html" (dict "page" . "src" .Params.cover "first" true "alt" "card") }}{{ end }}',
  ...Object.fromEntries(
    ["told", "plain", "headless", "cards"].flatMap((section) => [
      [`content/${section}/a.md`, "---\ncover: known.jpg\n---\n![one](a.jpg)\n\n![two](b.jpg)\n"],
      [
        `content/${section}/b.md`,
        "---\ncover: other.jpg\nimgproxy: {eagerfirst: true}\n---\n![one](a.jpg)\n",
      ],
      [
        `content/${section}/c.md`,
        '---\nimgproxy: {eagerfirst: true}\n---\n```\n![quoted](q.jpg)\n```\n\n{{< img "a.jpg" "one" >}}\n\n![two](b.jpg)\n\n{{< figure src="c.jpg" alt="three" >}}\n',
      ],
      [
        `content/${section}/e.md`,
        'One.\n\n{{< img "a.jpg" "one" >}}\n\n{{< figure src="b.jpg" alt="two" >}}\n',
      ],
      [`content/${section}/d.md`, '![one](a.jpg)\n\n{{< img "b.jpg" "two" >}}\n'],
    ]),
  ),
};

describe.each([...hugos])("Hugo $version", (hugo) => {
  let built: Built;
  beforeAll(async () => {
    await using site = await createSite(files);
    built = await site.build(hugo);
    expect(built.errors).toEqual([]);
  });
  const page = (name: string): string => unescapeHtml(built.files.get(`${name}/index.html`) ?? "");

  test("gives a theme all that is known of an image", () => {
    const [known, asked, drawing, none, tuned, focused] = page("data/a")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const url = "https://images.example/?img=known.jpg";
    expect(known).toEqual({
      url: `${url}&q=60&v=0123456789&w=1200`,
      widest: `${url}&q=48&v=0123456789&w=2000`,
      srcset: expect.stringContaining(`${url}&q=72&v=0123456789&w=480 480w, `),
      sizes: "100vw",
      original: `${url}&v=0123456789`,
      width: 4000,
      height: 3000,
      color: "#1a2b3c",
      placeholder: "data:image/webp;base64,UklGRg==",
      focus: "30% 70%",
      alt: "Worms",
      key: "known.jpg",
      version: "0123456789",
      caption: "",
      meta: {},
    });
    expect(asked.url).toBe("https://images.example/?fm=jpg&img=known.jpg&q=40&v=0123456789&w=300");
    expect([asked.sizes, asked.srcset]).toEqual(["", expect.stringMatching(/ 1x, .* 2x$/)]);
    expect(drawing).toMatchObject({ url: "https://images.example/?img=drawing.svg", srcset: "", width: 0 });
    expect([asked.focus, drawing.focus, none.focus, focused.focus]).toEqual(["30% 70%", "", "", "5% 5%"]);
    expect(none).toMatchObject({ url: "", widest: "", original: "", key: "" });
    // What a theme asks for comes before what a scan has found.
    expect(tuned.url).toBe("https://images.example/?img=tuned.jpg&q=40&v=0123456789&w=480");
    expect(tuned.srcset).toContain("?img=tuned.jpg&q=60&v=0123456789&w=480 480w, ");
  });

  const urgent = (name: string): string[] =>
    [...page(name).matchAll(/<(?:link|img)\b[^>]*fetchpriority="high"[^>]*>/g)].map(
      ([tag]) => `${tag.slice(1, 4)} ${/img=([^&]*)/.exec(tag)?.[1]}`,
    );

  test.each([
    ["told/a", ["lin known.jpg", "img known.jpg"]],
    ["told/b", ["lin other.jpg", "img other.jpg"]],
    ["told/c", ["img a.jpg"]],
    ["told/d", ["lin a.jpg"]],
    ["plain/a", ["lin a.jpg"]],
    ["plain/b", ["img other.jpg"]],
    ["headless/a", ["img known.jpg"]],
    ["headless/b", ["img other.jpg"]],
    ["headless/c", ["img a.jpg"]],
  ])("%s asks for one image with priority, covers and shortcodes counted: %j", (name, expected) => {
    expect(urgent(name)).toEqual(expected);
  });

  test.each(["a", "b", "d", "e"])(
    "the text of cards/%s links the stylesheet once, before its first image",
    (name) => {
      const text = page(`cards/${name}`);
      expect([...text.matchAll(/rel="stylesheet"/g)]).toHaveLength(1);
      expect(text.indexOf('rel="stylesheet"')).toBeLessThan(text.indexOf("<img"));
    },
  );

  test("a list of cards links the stylesheet once", () => {
    expect(page("cards").match(/rel="stylesheet"/g)).toHaveLength(1);
    expect(page("cards").match(/fetchpriority/g)?.length).toBe(1);
  });
});
