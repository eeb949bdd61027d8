import { beforeAll, describe, expect, test } from "vitest";
import { createSite, hugos, siteConfig } from "../../../hugo-module/test/hugo-site.ts";
import { scanned, urlsIn } from "../../test/blog.ts";
import cases from "../../test/fixtures/markdown-cases.json" with { type: "json" };

const names = Object.keys(cases);
const folderOf = (name: string) => name.replaceAll(" ", "-");

/** Each case is in its own bundle, with keys relative to it, so that no case has the URL of another one. */
const files = {
  "config.toml": siteConfig(`
[params.imgproxy]
endpoint = "https://images.example/"
resolve = "page"
[markup.goldmark.renderer]
unsafe = true
`),
  ...Object.fromEntries(
    Object.entries(cases).map(([name, body]) => [
      `content/posts/${folderOf(name)}/index.md`,
      `---\ntitle: ${name}\n---\n${body}`,
    ]),
  ),
};

describe.each([...hugos])("on Hugo $version", (hugo) => {
  const emitted = new Map<string, Set<string>>();
  const found = new Map<string, Set<string>>();

  beforeAll(async () => {
    await using site = await createSite(files);
    const built = await site.build(hugo);
    expect(built.errors).toEqual([]);
    const urls = await scanned(site.folder, hugo.version);
    for (const name of names) {
      const page = `posts/${folderOf(name)}/`;
      emitted.set(name, urlsIn(built.files.get(`${page}index.html`) ?? ""));
      found.set(name, new Set(urls.filter((url) => new URL(url).searchParams.get("img")?.startsWith(page))));
    }
  });

  test.each(names)("the scan finds the images that Hugo emits for: %s", (name) => {
    const page = `posts/${folderOf(name)}/`;
    const own = [...(emitted.get(name) ?? [])].filter((url) =>
      new URL(url).searchParams.get("img")?.startsWith(page),
    );
    expect(found.get(name)).toEqual(new Set(own));
  });
});
