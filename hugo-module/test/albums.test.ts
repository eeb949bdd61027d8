import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { createSite, hugos, moduleRoot, siteConfig, unescapeHtml } from "./hugo-site.ts";

const photograph = (date?: string) => ({
  width: 3000,
  height: 2000,
  version: "0123456789",
  ...(date !== undefined && { meta: { date } }),
});
const odd = "trips/Été_2026/100% #1?.jpg";
const manifest = (galleries: object) =>
  JSON.stringify({
    schema: 2,
    images: {
      "trips/alps/1.jpg": photograph("2026-06-02T10:00:00+02:00"),
      "trips/alps/Cover.JPG": { ...photograph("2026-05-01"), focus: "30,70" },
      [odd]: photograph(),
    },
    galleries,
  });
const galleries = {
  "trips/alps": ["trips/alps/1.jpg", "trips/alps/Cover.JPG"],
  "trips/alps?order=date": ["trips/alps/1.jpg"],
  "trips/alps/hut": ["trips/alps/1.jpg"],
  "trips/*.jpg": ["trips/alps/1.jpg"],
  "trips/Été_2026": [odd],
  "trips/empty": [],
  trips: ["trips/alps/1.jpg"],
  "elsewhere/a": ["trips/alps/1.jpg"],
};
const adapter = await readFile(path.join(moduleRoot, "hugo-module/albums/_content.gotmpl"), "utf8");
const files = {
  "config.toml": siteConfig(`
[params.imgproxy]
endpoint = "https://images.example/"
albums = ["/trips/"]`),
  "assets/imgproxy.json": manifest(galleries),
  "layouts/_default/list.html":
    '{{ range .RegularPages }}{{ .RelPermalink }} {{ .Title }}: {{ .Description }} {{ .Date.Format "2006-01-02" }} {{ with .Params.image }}{{ partial "imgproxy/img.html" (dict "page" $ "src" .) }}{{ end }}\n{{ end }}',
  "content/albums/_content.gotmpl": adapter,
  "content/albums/_index.md": "---\ntitle: Albums\n---\n",
};
const minorOf = (version: string) => Number(version.split(".")[1]);
const withAdapters = hugos.filter(({ version }) => minorOf(version) >= 126);

test("the example blog has the file that authors copy", async () => {
  const copy = path.join(moduleRoot, "hugo-module/exampleSite/content/albums/_content.gotmpl");
  expect(await readFile(copy, "utf8")).toBe(adapter);
});

describe.each(withAdapters)("Hugo $version", (hugo) => {
  test("each folder below the prefix is a page with its cover, number, months and gallery", async () => {
    await using site = await createSite(files);
    const { errors, warnings, files: built } = await site.build(hugo);
    expect([errors, warnings]).toEqual([[], []]);
    const list = unescapeHtml(built.get("albums/index.html") ?? "");
    expect(list.match(/^\S+ [^<]*(?=<)/gm)).toEqual([
      "/albums/alps/ Alps: 2 photographs, May 2026 – June 2026 2026-06-02 ",
      "/albums/%C3%A9t%C3%A9-2026/ Été 2026: 1 photograph 0001-01-01 ",
    ]);
    expect(list).toContain('src="https://images.example/?img=trips%2Falps%2FCover.JPG&q');
    // A theme's cards crop it.
    expect(list.match(/object-position:[^;"]*/g)).toEqual(["object-position:30% 70%"]);
    expect(list).toContain(
      'src="https://images.example/?img=trips%2F%C3%89t%C3%A9_2026%2F100%25+%231%3F.jpg&q',
    );
    expect(built.get("albums/alps/index.html")).toContain('data-imgproxy-gallery="trips/alps"');
    expect(unescapeHtml(built.get("albums/été-2026/index.html") ?? "")).toContain(
      'data-imgproxy-gallery="trips/Été_2026"',
    );
  });

  test("two folders that would have one page fail the build, with both names", async () => {
    const list = ["trips/alps/1.jpg"];
    await using site = await createSite({
      ...files,
      "assets/imgproxy.json": manifest({ "trips/Alps!": list, "trips/alps": list }),
    });
    const { errors } = await site.build(hugo);
    expect(errors.join("\n")).toContain(
      'the folders "trips/Alps!" and "trips/alps" would have the same page, alps; rename one',
    );
  });
});

test.each(hugos.filter(({ version }) => minorOf(version) < 126))(
  "Hugo $version, which has no content adapters, builds the site without albums",
  async (hugo) => {
    await using site = await createSite(files);
    const { errors, files: built } = await site.build(hugo);
    expect([errors, [...built.keys()].filter((file) => /alps.*html/.test(file))]).toEqual([[], []]);
  },
);
