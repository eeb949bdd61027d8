import { describe, expect, test } from "vitest";
import { parseQuery } from "../../contract/request.ts";
import { verify } from "../../contract/signature.ts";
import { createSite, hugos, siteConfig, unescapeHtml } from "./hugo-site.ts";

const key = "schlüssel + a quote ' and a space";

const files = {
  "config.toml": siteConfig('[params.imgproxy]\nendpoint = "https://images.example/"\nsign = true'),
  "assets/imgproxy.json": JSON.stringify({
    schema: 1,
    images: { "a.jpg": { width: 900, height: 600, version: "0123456789" } },
  }),
  "content/a.md": "---\nimgproxy: {link: original}\n---\n![a](a.jpg)\n",
  "content/b.md":
    '![b](<my photo.jpg>)\n\n![v](logo.svg)\n\n![g](dance.gif)\n\n{{< img src="图.jpg" formats="avif,jpg" >}}\n',
};

describe.each([...hugos])("Hugo $version", (hugo) => {
  test("signs every URL as the server does", async () => {
    await using site = await createSite(files);
    const built = await site.build(hugo, { env: { HUGO_IMGPROXY_KEY: key } });
    expect(built.errors).toEqual([]);
    const queries = ["a", "b"].flatMap((name) => queriesOf(built.files.get(`${name}/index.html`) ?? ""));
    expect(queries.length).toBeGreaterThan(15);
    for (const query of queries) expect([query, verify(parseQuery(query), [key])]).toEqual([query, true]);
  });

  test("fails a production build without a key, and warns in development", async () => {
    await using site = await createSite(files);
    const production = await site.build(hugo);
    expect(production.errors.join()).toContain("HUGO_IMGPROXY_KEY is not set");
    const development = await site.build(hugo, { arguments: ["--environment", "development"] });
    expect(development.errors).toEqual([]);
    expect(development.warnings.join()).toContain("HUGO_IMGPROXY_KEY is not set");
  });
});

function queriesOf(html: string): string[] {
  return [...unescapeHtml(html).matchAll(/https:\/\/images\.example\/\?([^\s"]+)/g)].map(
    ([, query = ""]) => query,
  );
}
