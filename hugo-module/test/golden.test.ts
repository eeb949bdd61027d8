import { describe, expect, test } from "vitest";
import cases from "../../contract/cases.json" with { type: "json" };
import { createSite, hugos, siteConfig, unescapeHtml } from "./hugo-site.ts";

type Row = (typeof cases.destinations)[number];

/** Rows with the same parameters and manifest share a site, because a build costs more than a page. */
const sites = new Map<string, Row[]>();
for (const row of cases.destinations) {
  const shared = JSON.stringify({
    params: "params" in row ? row.params : {},
    images:
      "manifest" in row
        ? row.manifest
        : "image" in row
          ? { [row.destination.replace(/\?.*/, "")]: row.image }
          : {},
  });
  sites.set(shared, [...(sites.get(shared) ?? []), row]);
}

describe.each([...hugos])("Hugo $version prints the golden table's URLs", (hugo) => {
  test.each([...sites])("Hugo prints the golden table's URLs with %s", async (shared, rows) => {
    const { params, images } = JSON.parse(shared) as { params: object; images: object };
    await using site = await createSite({
      "config.toml": siteConfig(),
      "config/_default/params.json": JSON.stringify({
        imgproxy: { endpoint: cases.endpoint, ...params },
      }),
      "assets/imgproxy.json": JSON.stringify({ schema: 1, images }),
      ...Object.fromEntries(rows.map((row, at) => [pageOf(row, at), markdownOf(row, at)])),
    });
    const built = await site.build(hugo);
    expect(built.errors).toEqual([]);
    const printed = rows.map((row, at) => printedQueries(row, built.files.get(`row-${at}/index.html`) ?? ""));
    expect(printed).toEqual(rows.map((row) => row.urls));
  });
});

/** Rows that a partial prints, each with its own manifest. */
const shown = [...cases.crops, ...cases.tuned];
type Shown = (typeof shown)[number];

describe.each([...hugos])("Hugo $version", (hugo) => {
  test("Hugo prints the golden table's crops with their size, the quality of its tuned photographs, and link previews", async () => {
    await using site = await createSite({
      "config.toml": siteConfig(),
      "config/_default/params.json": JSON.stringify({ imgproxy: { endpoint: cases.endpoint } }),
      ...Object.fromEntries(shown.map((row, at) => [`assets/row-${at}.json`, manifestOf(row)])),
      "assets/rows.json": JSON.stringify(shown),
      "assets/previews.json": JSON.stringify(cases.previews),
      "assets/imgproxy.json": JSON.stringify({
        schema: 2,
        images: Object.fromEntries(
          cases.previews.flatMap((row) => ("image" in row ? [[row.src.replace(/\?.*/, ""), row.image]] : [])),
        ),
      }),
      "layouts/index.html": `{{ range $at, $row := resources.Get "rows.json" | transform.Unmarshal }}
{{- $params := merge (dict "manifest" (printf "row-%d.json" $at)) ($row.params | default dict) }}
{{- partial "imgproxy/img.html" (dict "page" $ "src" $row.src "ar" $row.ar "fp" $row.fp "params" $params) }}<hr>
{{- end }}
{{ range resources.Get "previews.json" | transform.Unmarshal }}{{ partial "imgproxy/social.html" (dict "page" $ "src" .src) }}
{{ end }}`,
    });
    const built = await site.build(hugo);
    expect([built.errors, built.warnings]).toEqual([[], []]);
    const printed = (built.files.get("index.html") ?? "").split("<hr>");
    const previews = unescapeHtml(printed.pop() ?? "").trim();
    expect(previews.split("\n").map((url) => url.replace(/^[^?]*\?/, ""))).toEqual(
      cases.previews.map(({ query }) => query),
    );
    expect(
      printed.map((html, at) => ({
        urls: queriesOf(html),
        size: "ar" in (shown[at] ?? {}) ? sizeOf(html) : [],
      })),
    ).toEqual(shown.map((row) => ({ urls: row.urls, size: "size" in row ? row.size : [] })));
  });
});

function manifestOf(row: Shown): string {
  const key = row.src.replace(/\?.*/, "");
  return JSON.stringify({ schema: 1, images: "image" in row ? { [key]: row.image } : {} });
}

// --- one page a row ---

function folderOf(row: Row): string {
  return "folder" in row ? row.folder : "";
}

function pageOf(row: Row, at: number): string {
  return `content/${folderOf(row)}row-${at}.md`;
}

/** In `<…>`, any destination is allowed. */
function markdownOf(row: Row, at: number): string {
  const destination = row.destination.replace(/[\\<>]/g, "\\$&").replaceAll("&", "&amp;");
  return `---\ntitle: row ${at}\nurl: /row-${at}/\n---\n![w](<${destination}>)\n`;
}

/** The queries that a page sends to the endpoint, in the order of its srcset. A URL that is printed as written is not from the module. */
function printedQueries(row: Row, html: string): string[] {
  return queriesOf(html, (src) => src !== row.destination);
}

function queriesOf(html: string, isOurs: (src: string) => boolean = () => true): string[] {
  const sets = attributes(html, "srcset").flatMap((set) => set.split(", "));
  const urls = sets.length > 0 ? sets : attributes(html, "src").filter(isOurs);
  return urls.flatMap((url) => /^https:\/\/[^?]+\?(\S*)/.exec(url)?.[1] ?? []);
}

function sizeOf(html: string): number[] {
  return ["width", "height"].flatMap((name) => attributes(html, name)).map(Number);
}

function attributes(html: string, name: string): string[] {
  return [...html.matchAll(new RegExp(` ${name}="([^"]*)"`, "g"))].map(([, text = ""]) => unescapeHtml(text));
}
