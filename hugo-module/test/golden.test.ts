import { describe, expect, test } from "vitest";
import cases from "../../contract/cases.json" with { type: "json" };
import { createSite, hugos, siteConfig, unescapeHtml } from "./hugo-site.ts";

type Row = (typeof cases.destinations)[number];

/** Rows that share parameters and manifest share a site: a build costs more than a page. */
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
  test.each([...sites])("with %s", async (shared, rows) => {
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

// --- one page a row ---

function folderOf(row: Row): string {
  return "folder" in row ? row.folder : "";
}

function pageOf(row: Row, at: number): string {
  return `content/${folderOf(row)}row-${at}.md`;
}

/** `<…>` takes any destination. */
function markdownOf(row: Row, at: number): string {
  const destination = row.destination.replace(/[\\<>]/g, "\\$&").replaceAll("&", "&amp;");
  return `---\ntitle: row ${at}\nurl: /row-${at}/\n---\n![w](<${destination}>)\n`;
}

/** The queries that a page asks the endpoint for, in the order of its srcset; what stands as written is not ours. */
function printedQueries(row: Row, html: string): string[] {
  const sets = attributes(html, "srcset").flatMap((set) => set.split(", "));
  const urls = sets.length > 0 ? sets : attributes(html, "src").filter((src) => src !== row.destination);
  return urls.flatMap((url) => /^https:\/\/[^?]+\?(\S*)/.exec(url)?.[1] ?? []);
}

function attributes(html: string, name: string): string[] {
  return [...html.matchAll(new RegExp(` ${name}="([^"]*)"`, "g"))].map(([, text = ""]) => unescapeHtml(text));
}
