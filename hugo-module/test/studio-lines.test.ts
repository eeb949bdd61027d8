import { expect, test } from "vitest";
import { coverOf, galleryOf, markdownOf, shortcodeOf } from "../../server/studio/page/copy/snippets.ts";
import { createSite, hugos, siteConfig, unescapeHtml } from "./hugo-site.ts";

/** Names as cameras, people and other programs write them. */
const names = [
  "my  two spaces.jpg",
  " leading and trailing .jpg",
  "100%.jpg",
  "a%20b.jpg",
  "a+b.jpg",
  "a,b.jpg",
  "#1?q=2.jpg",
  `"quoted" 'twice' \`thrice\`.jpg`,
  "<img src=x onerror=alert(1)>.jpg",
  "{{< evil >}} {{% evil %}}.jpg",
  "[a](b)_c_*d*~e~$f$.jpg",
  "a:b;c=d&e|f!.jpg",
  "e\u0301\u00e9 \u{1f3d4}\ufe0f.jpg",
  "\u202egpj.exe.jpg",
  "no extension",
  "UPPER.JPG",
  `${"long ".repeat(200)}.jpg`,
] as const;
const keys = names.map((name, at) => `trips/${at}/${name}`);

/** A sentence with what Markdown, Hugo and a theme give another meaning. */
const alt = `A :smile: "day" -- it's www.example.com, a@b.example {{< x >}} | $1$ \\(2\\) *3* <b> &amp; #5`;

const page = (body: string, front = ""): string => `---\ntitle: t\n${front}\n---\n${body}\n`;
const all = (line: (key: string) => string): string => keys.map(line).join("\n\n");

const files = {
  "config.toml": siteConfig(`
enableEmoji = true
[markup.goldmark.extensions]
typographer = false
[params.imgproxy]
endpoint = "https://images.example/"`),
  "layouts/covers/single.html": `{{ partial "imgproxy/img.html" (dict "page" . "src" .Params.cover.image) }}`,
  "content/markdown.md": page(all((key) => markdownOf({ key, q: 45, alt }))),
  "content/shortcode.md": page(all((key) => shortcodeOf({ key, q: 45, alt }))),
  "content/gallery.md": page(galleryOf(keys)),
  "content/alone.md": page(all((key) => galleryOf([key]))),
  ...Object.fromEntries(
    keys.map((key, at) => [`content/covers/${at}.md`, page("", coverOf(key, "cover.image"))]),
  ),
};

test.each([...hugos])(
  "Hugo $version shows the photograph of each line that the Studio copies, whatever its name",
  async (hugo) => {
    await using site = await createSite(files);
    const built = await site.build(hugo);
    expect([built.errors, built.warnings]).toEqual([[], []]);
    const html = (name: string): string => built.files.get(`${name}/index.html`) ?? "";
    for (const name of ["markdown", "shortcode", "gallery", "alone"])
      expect([name, keysIn(html(name))]).toEqual([name, keys]);
    expect(keys.map((_, at) => keysIn(html(`covers/${at}`)))).toEqual(keys.map((key) => [key]));
    for (const name of ["markdown", "shortcode"])
      expect([name, altsIn(html(name))]).toEqual([name, keys.map(() => alt)]);
  },
);

/** Source keys of a page's images, each once. */
function keysIn(html: string): string[] {
  const queries = [...unescapeHtml(html).matchAll(/https:\/\/images\.example\/\?([^\s"]+)/g)];
  return [...new Set(queries.map(([, query]) => new URLSearchParams(query).get("img") ?? ""))];
}

function altsIn(html: string): string[] {
  return [...html.matchAll(/<img\b[^>]*?\balt="([^"]*)"/g)].map(([, text = ""]) => unescapeHtml(text));
}
