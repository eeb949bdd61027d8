import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSite, siteConfig } from "../../../hugo-module/test/hugo-site.ts";
import { type StandIn, startStandIn } from "../../proxy/test/stand-in.ts";
import { run } from "../../test/command.ts";

let server: StandIn;
beforeAll(async () => {
  server = await startStandIn({ "a.jpg": 600 });
});
afterAll(() => server?.[Symbol.asyncDispose]());

const theirs = '<img src="{{ .Get "src" }}">';
const hook = "layouts/_default/_markup/render-image.html";

/** A site with one post, which has two images by the theme's `img` and one in Markdown. */
function siteWith(lines: string, files: Readonly<Record<string, string>>) {
  const config = siteConfig(`${lines}\n[params.imgproxy]\nendpoint = "${server.endpoint}"\n`);
  const first =
    lines === "first" ? '[[module.imports]]\npath = "t"\n[[module.imports]]' : "[[module.imports]]";
  return createSite({
    "config.toml": config.replace("first\n", "").replace("[[module.imports]]", first),
    "content/a.md": 'text\n\n{{< img src="not-ours.jpg" >}} {{< img src="not-ours.jpg" >}}\n\n![](a.jpg)\n',
    ...files,
  });
}

const scan = (folder: string, ...args: string[]) =>
  run(["--site", folder, "--endpoint", server.endpoint, "--hugo-version", "0.169.0", "--json", ...args]);

const messages = (stdout: string): string[] =>
  JSON.parse(stdout).findings.map(({ message }: { message: string }) => message);

describe("a theme's shortcode with the name of the module's", () => {
  test("a theme that is imported first and has a shortcode of the module's name gets one warning, and its images are not looked for", async () => {
    await using site = await siteWith("first", { "themes/t/layouts/shortcodes/img.html": theirs });
    const { code, stdout } = await scan(site.folder);
    expect(messages(stdout)).toEqual([
      "themes/t/layouts/shortcodes/img.html is used instead of the module's img, and is not scanned; the module's shortcode is imgproxy/img",
    ]);
    expect(code).toBe(0);
  });

  test("a theme that is imported last and has a shortcode of the module's name gets one warning, and the module's images are looked for", async () => {
    await using site = await siteWith('theme = "t"', { "themes/t/layouts/shortcodes/img.html": theirs });
    const { code, stdout } = await scan(site.folder);
    const missing = "not-ours.jpg: There is no such photograph.";
    const words = messages(stdout).filter((message) => message !== missing);
    expect(words).toEqual([
      expect.stringContaining("themes/t/layouts/shortcodes/img.html is not used, because the module's img"),
    ]);
    expect(code).toBe(1);
  });

  test("a site's own shortcode of the module's name gets no warning", async () => {
    await using site = await siteWith("", { "layouts/shortcodes/img.html": theirs });
    const { code, stdout } = await scan(site.folder);
    expect([code, messages(stdout)]).toEqual([0, []]);
  });
});

describe("a site whose pages do not use the proxy", () => {
  test.each([
    ["a theme that is named comes last", 'theme = "t"', { [`themes/t/${hook}`]: theirs }, []],
    ["a theme that is imported first", "first", { [`themes/t/${hook}`]: theirs }, [`themes/t/${hook}`]],
    ["the site's own hook", "", { [hook]: theirs }, [hook]],
    [
      "the site's hook that calls the module's, before a theme's",
      "first",
      { [hook]: '{{- partial "imgproxy/hook.html" . -}}', [`themes/t/${hook}`]: theirs },
      [],
    ],
    [
      "a section's hook of a theme that comes last",
      'theme = "t"',
      {
        "themes/t/layouts/posts/_markup/render-image.html": theirs,
        "themes/t/layouts/notes/_markup/render-image.html": theirs,
        "content/posts/b.md": "![](b.jpg)",
      },
      ["themes/t/layouts/posts/_markup/render-image.html"],
    ],
  ])(
    "when a page shows plain images, the scan names the hook that Hugo runs, and no other: %s",
    async (_, lines, files, named) => {
      await using site = await siteWith(lines, { ...files, "layouts/shortcodes/img.html": theirs });
      await mkdir(path.join(site.folder, "public"));
      await writeFile(path.join(site.folder, "public/index.html"), '<img src="a.jpg">');
      const { code, stdout } = await scan(site.folder, "--check", "public");
      const message = messages(stdout).find((words) => words.startsWith("no page names the proxy"));
      const words = named.map((file) => `${file} is used instead of the module's hook`).join("; ");
      expect(message).toContain(words || "is the module imported, and was the site built after that?");
      expect(code).toBe(1);
    },
  );
});
