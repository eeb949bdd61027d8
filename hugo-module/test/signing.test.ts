import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parseQuery } from "../../contract/url/request.ts";
import { verify } from "../../contract/url/signature.ts";
import { createSite, hugos, siteConfig, unescapeHtml } from "./hugo-site.ts";

const key = "schlüssel + a quote ' and a space";

const files = {
  "config.toml": siteConfig('[params.imgproxy]\nendpoint = "https://images.example/"\nsign = true'),
  "assets/imgproxy.json": JSON.stringify({
    schema: 1,
    images: { "a.jpg": { width: 900, height: 600, version: "0123456789" } },
  }),
  "content/a.md": "---\nimgproxy: {link: original}\n---\n![a](a.jpg)\n",
  "layouts/_default/single.html": `{{ .Content }}
{{ partial "imgproxy/img.html" (dict "page" . "src" "a.jpg" "ar" "16:9" "fp" "30,70" "params" (dict "formats" (slice "avif" "jpg"))) }}
{{ partial "imgproxy/url.html" (dict "page" . "src" "dance.gif" "ar" "1:1") }}`,
  "content/b.md":
    '![b](<my photo.jpg>)\n\n![v](logo.svg)\n\n![g](dance.gif)\n\n{{< img src="图.jpg" formats="avif,jpg" >}}\n',
};

/** Versions in which a site can list the variables that its templates may read; its list may lack ours. */
const reticent = '[security.funcs]\ngetenv = ["^OTHER$"]\n';
const unsigned = files["config.toml"].replace("sign = true", "");

describe.each([...hugos])("Hugo $version", (hugo) => {
  test.each([
    { from: "the environment", env: { HUGO_IMGPROXY_KEY: key } },
    { from: "a file that ends its line", env: { HUGO_IMGPROXY_KEY: `\ufeff${key} \r\n` } },
    { from: "a parameter", env: { HUGO_PARAMS_IMGPROXY_KEY: `${key}\n` }, lines: reticent },
  ])("every URL is signed as the server expects it, with a key from $from", async ({ env, lines = "" }) => {
    await using site = await createSite({ ...files, "config.toml": lines + files["config.toml"] });
    const built = await site.build(hugo, { env });
    expect([built.errors, built.warnings]).toEqual([[], []]);
    const queries = ["a", "b"].flatMap((name) => queriesOf(built.files.get(`${name}/index.html`) ?? ""));
    expect(queries.length).toBeGreaterThan(15);
    expect(
      queries.filter((query) => query.startsWith("ar=16%3A9&fm=avif&fp=30%2C70&img=a.jpg&")),
    ).not.toEqual([]);
    expect(queries.filter((query) => query.startsWith("ar=1%3A1&img=dance.gif&"))).not.toEqual([]);
    for (const query of queries) expect([query, verify(parseQuery(query), [key])]).toEqual([query, true]);
    const written = [...built.files.values(), ...(await textsBelow(site.folder, "resources"))];
    expect(written.filter((text) => text.includes(key))).toEqual([]);
  });

  test("without params.imgproxy.sign nothing is signed, and no permission is needed", async () => {
    await using site = await createSite({ ...files, "config.toml": reticent + unsigned });
    const built = await site.build(hugo, { env: { HUGO_IMGPROXY_KEY: key } });
    expect([built.errors, built.warnings]).toEqual([[], []]);
    expect(built.files.get("a/index.html")).toContain("img=a.jpg&amp;q=66&amp;v=0123456789&amp;w=800");
  });

  test("no page and no shortcode can decide what is signed", async () => {
    await using site = await createSite({
      ...files,
      "content/a.md": "---\nimgproxy: {sign: false, key: other, tiers: eco}\n---\n![a](a.jpg)\n",
    });
    const built = await site.build(hugo, { env: { HUGO_IMGPROXY_KEY: key } });
    for (const query of queriesOf(built.files.get("a/index.html") ?? ""))
      expect([query, verify(parseQuery(query), [key])]).toEqual([query, true]);
  });

  test("a production build without a key fails, and a development build warns", async () => {
    await using site = await createSite(files);
    const production = await site.build(hugo);
    expect(production.errors.join()).toContain("HUGO_IMGPROXY_KEY is not set");
    const development = await site.build(hugo, { arguments: ["--environment", "development"] });
    expect(development.errors).toEqual([]);
    expect(development.warnings.join()).toContain("HUGO_IMGPROXY_KEY is not set");
  });
});

async function textsBelow(folder: string, below: string): Promise<string[]> {
  const entries = await readdir(path.join(folder, below), { recursive: true, withFileTypes: true }).catch(
    () => [],
  );
  const files = entries.filter((entry) => entry.isFile());
  return await Promise.all(files.map((entry) => readFile(path.join(entry.parentPath, entry.name), "utf8")));
}

function queriesOf(html: string): string[] {
  return [...unescapeHtml(html).matchAll(/https:\/\/images\.example\/\?([^\s"]+)/g)].map(
    ([, query = ""]) => query,
  );
}
