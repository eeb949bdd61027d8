import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { Hugo } from "../../dev/hugo.ts";
import { createSite, extremes, hugos, siteConfig, type TestSite } from "../../hugo-module/test/hugo-site.ts";
import { startStandIn } from "../proxy/test/stand-in.ts";
import { run } from "./command.ts";

const newest = extremes.at(-1);

/** Builds into `public/`, as a blog's CI does; returns Hugo's warnings. */
async function publish(site: TestSite, hugo: Hugo): Promise<readonly string[]> {
  const built = await site.build(hugo);
  expect(built.errors).toEqual([]);
  for (const [name, text] of built.files) {
    const file = path.join(site.folder, "public", name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, text);
  }
  return built.warnings;
}

const config = (endpoint: string, lines = "") =>
  siteConfig(`${lines}\n[params.imgproxy]\nendpoint = "${endpoint}"\n`);

test.runIf(newest)("a check after hugo has nothing to do if the scan was right", async () => {
  await using proxy = await startStandIn({ "worms.jpg": 600 });
  await using site = await createSite({
    "config.toml": config(proxy.endpoint),
    "content/posts/a.md": "---\ntitle: A\n---\n![](worms.jpg)\n",
  });
  if (newest === undefined) return;
  expect((await run(["--site", site.folder])).code).toBe(0);
  await publish(site, newest);
  const { code, stdout } = await run(["--site", site.folder, "--check", "public", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({
    summary: { urls: 2, variants: 6, hits: 6, made: 0, failed: 0 },
    unscanned: [],
    unemitted: [],
  });
});

test.runIf(newest)(
  "a check warms the images of a theme and lists differences, with file and line",
  async () => {
    await using proxy = await startStandIn({ "worms.jpg": 600, "hero.jpg": 500, "list.jpg": 600 });
    await using site = await createSite({
      "config.toml": config(proxy.endpoint),
      "layouts/_default/single.html":
        '<main>\n{{ partial "imgproxy/img.html" (dict "page" . "src" "hero.jpg" "alt" "") }}\n{{ .Content }}</main>',
      "content/posts/a.md": "---\ntitle: A\n---\n![](worms.jpg)\n",
      "content/posts/quiet.md": "---\ntitle: Q\nlayout: quiet\n---\n![](list.jpg)\n",
      "layouts/_default/quiet.html": "nothing of the page",
    });
    if (newest === undefined) return;
    await run(["--site", site.folder]);
    await publish(site, newest);
    const { code, stdout } = await run(["--site", site.folder, "--check", "public", "--json"]);
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    // hero.jpg is in no manifest yet, so its URLs have no version and every tier.
    expect(report.unscanned).toHaveLength(5);
    expect(report.unscanned[0]).toMatchObject({ file: "public/posts/a/index.html", line: 2 });
    // The feed has the URL of the page's src; no page has the other URLs.
    expect(report.unemitted).toEqual([
      expect.objectContaining({ file: "content/posts/quiet.md", line: 5, column: 1 }),
    ]);
    expect(report.summary).toMatchObject({ variants: 24, hits: 9, made: 15, failed: 0 });
  },
);

test.each([...hugos])(
  "on Hugo $version a shortcode in a destination is a note of the scan, a warning of the hook, and resolved by a check",
  async (hugo) => {
    await using proxy = await startStandIn({ "trips/alps.jpg": 600, "trips/two.jpg": 600, "plain.jpg": 600 });
    await using site = await createSite({
      "config.toml": config(proxy.endpoint, '[params]\nphotos = "trips"'),
      "content/posts/a.md":
        '---\ntitle: A\n---\n![a]({{< param "photos" >}}/alps.jpg) ![p](plain.jpg)\n\n![t][two] and ![q]({{% param "photos" %}}/alps.jpg)\n\n[two]: {{<param photos>}}/two.jpg\n',
    });
    const before = await run(["--site", site.folder, "--json"]);
    expect([before.code, before.stderr]).toEqual([0, ""]);
    const { findings, posts } = JSON.parse(before.stdout);
    expect(posts).toEqual([expect.objectContaining({ images: [{ key: "plain.jpg", line: 4, column: 39 }] })]);
    expect(findings).toEqual(
      [
        [4, 1],
        [6, 1],
        [6, 15],
      ].map(([line, column]) =>
        expect.objectContaining({ severity: "note", file: "content/posts/a.md", line, column }),
      ),
    );
    const warnings = await publish(site, hugo);
    expect(warnings.filter((words) => words.includes("has a shortcode in its destination"))).toHaveLength(2);
    const after = await run(["--site", site.folder, "--check", "public", "--json"]);
    const report = JSON.parse(after.stdout);
    expect([after.code, report.findings]).toEqual([0, []]);
    const unscanned = report.unscanned.map(({ url }: { url: string }) =>
      new URL(url).searchParams.get("img"),
    );
    expect(new Set(unscanned)).toEqual(new Set(["trips/alps.jpg", "trips/two.jpg"]));
    expect(report.summary.failed).toBe(0);
  },
);

test.runIf(newest)(
  "a check's report shows the URLs of the built site, and the differences from the content",
  async () => {
    await using proxy = await startStandIn({ "worms.jpg": 600, "list.jpg": 600 });
    await using site = await createSite({
      "config.toml": config(proxy.endpoint),
      "content/posts/a.md": "---\ntitle: A\n---\n![](worms.jpg) ![](nosuch.jpg)\n",
      "content/posts/quiet.md": "---\ntitle: Q\nlayout: quiet\n---\n![](list.jpg)\n",
      "layouts/_default/quiet.html": "nothing of the page",
    });
    if (newest === undefined) return;
    await publish(site, newest);
    const report = path.join(site.folder, "report.html");
    expect((await run(["--site", site.folder, "--check", "public", "--report", report])).code).toBe(1);
    const html = await readFile(report, "utf8");
    expect(html).toMatch(/public\/posts\/a\/index\.html:\d+:\d+: error: nosuch\.jpg/);
    expect(html).toContain("1 problem to look at");
    expect(html.indexOf("<h2>nosuch.jpg</h2>")).toBeLessThan(html.indexOf("<h2>worms.jpg</h2>"));
    expect(html).toMatch(/In the content, but not in the built site: \d.*content\/posts\/quiet\.md:5:1: /s);
  },
);

test.runIf(newest)("a check fails for a URL of a photograph that does not exist", async () => {
  await using proxy = await startStandIn({});
  await using site = await createSite({
    "config.toml": config(proxy.endpoint),
    "content/posts/a.md": "---\ntitle: A\n---\n![](nosuch.jpg)\n",
  });
  if (newest === undefined) return;
  await publish(site, newest);
  const { code, stdout } = await run(["--site", site.folder, "--check", "public"]);
  expect(code).toBe(1);
  expect(stdout).toMatch(
    /public\/posts\/a\/index\.html:\d+:\d+: error: nosuch\.jpg: There is no such photograph/,
  );
});

test.runIf(newest)("a check names the reason why the hook does not run", async () => {
  await using proxy = await startStandIn({});
  const content = { "content/posts/a.md": "---\ntitle: A\n---\n![](worms.jpg)\n" };
  if (newest === undefined) return;
  await using themed = await createSite({
    ...content,
    "config.toml": config(proxy.endpoint),
    "layouts/_default/_markup/render-image.html": '<img src="{{ .Destination }}">',
  });
  await publish(themed, newest);
  const own = await run(["--site", themed.folder, "--check", "public"]);
  expect(own.code).toBe(1);
  expect(own.stdout).toContain(
    "layouts/_default/_markup/render-image.html is used instead of the module's hook",
  );

  await using embedded = await createSite({
    ...content,
    "config.toml": config(proxy.endpoint, '[markup.goldmark.renderHooks.image]\nuseEmbedded = "always"'),
  });
  await publish(embedded, newest);
  const always = await run(["--site", embedded.folder, "--check", "public"]);
  expect(always.code).toBe(1);
  expect(always.stdout).toContain('config.toml: markup.goldmark.renderHooks.image.useEmbedded is "always"');

  await using elsewhere = await createSite({ ...content, "config.toml": config("http://localhost:5000/") });
  await publish(elsewhere, newest);
  await writeFile(path.join(elsewhere.folder, "config.toml"), config(proxy.endpoint));
  const other = await run(["--site", elsewhere.folder, "--check", "public"]);
  expect(other.code).toBe(1);
  expect(other.stdout).toContain("the pages name http://localhost:5000/ instead of");
});

test.runIf(newest)("--html takes the URLs from the built site only, whatever the content says", async () => {
  await using proxy = await startStandIn({ "gen.jpg": 900 });
  await using site = await createSite({
    "config.toml": config(proxy.endpoint),
    // A content adapter: its pages are not in files that a scan reads.
    "content/made/_content.gotmpl": `{{ .AddPage (dict "path" "one" "title" "One" "content" (dict "mediaType" "text/markdown" "value" "![](gen.jpg)")) }}`,
  });
  if (newest === undefined) return;
  await publish(site, newest);
  const { code, stdout } = await run(["--site", site.folder, "--html", "public", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(stdout).summary).toMatchObject({ urls: 5, made: 15, failed: 0 });
});

test("findings become annotations on GitHub and a code quality report on GitLab", async () => {
  await using proxy = await startStandIn({});
  await using site = await createSite({
    "config.toml": config(proxy.endpoint),
    "content/posts/a, b.md": "![](nosuch.jpg)\n",
  });
  const github = await run(["--site", site.folder], {
    env: { GITHUB_ACTIONS: "true", GITHUB_WORKSPACE: path.dirname(site.folder) },
  });
  const folder = path.basename(site.folder);
  expect(github.stdout).toContain(
    `::error file=${folder}/content/posts/a%2C b.md,line=1,col=1::nosuch.jpg: There is no such photograph.`,
  );
  await run(["--site", site.folder], { env: { GITLAB_CI: "true", CI_PROJECT_DIR: site.folder } });
  const report = JSON.parse(await readFile(path.join(site.folder, "gl-code-quality-report.json"), "utf8"));
  expect(report).toEqual([
    expect.objectContaining({
      description: "nosuch.jpg: There is no such photograph.",
      location: { path: "content/posts/a, b.md", lines: { begin: 1 } },
    }),
  ]);
});

test.runIf(newest)(
  "covers that no page shows are listed once each, and not warmed by the next scan",
  async () => {
    await using proxy = await startStandIn({ "worms.jpg": 400, "hero.jpg": 400, "new.jpg": 400 });
    await using site = await createSite({
      "config.toml": config(proxy.endpoint),
      "layouts/_default/single.html": "<main>{{ .Content }}</main>",
      "content/posts/a.md": "---\ntitle: A\nimage: hero.jpg\n---\n![](worms.jpg)\n",
    });
    if (newest === undefined) return;
    const scan = async (...args: string[]) => {
      const { stdout } = await run(["--site", site.folder, "--json", ...args]);
      return JSON.parse(stdout);
    };
    const asked = (key: string) =>
      proxy.asked.filter((line) => line.includes(" ") && line.includes(key)).length;

    const first = await scan();
    expect(first.summary).toMatchObject({ photos: 2, variants: 6 + 1 });
    await publish(site, newest);
    const checked = await run(["--site", site.folder, "--check", "public"]);
    expect(checked.code).toBe(0);
    expect(checked.stdout).toContain(
      "1 cover of front matter that no page shows:\n  content/posts/a.md:3:8: hero.jpg\n  show them in lists of pages",
    );
    expect(checked.stdout).not.toContain("but not in the built site");
    expect((await scan("--check", "public")).unprinted).toEqual([
      { key: "hero.jpg", file: "content/posts/a.md", line: 3, column: 8, missing: "all" },
    ]);

    // A new cover is made; the other one is not requested, but is in the manifest.
    await writeFile(path.join(site.folder, "content/posts/b.md"), "---\ntitle: B\nimage: new.jpg\n---\n");
    proxy.asked.length = 0;
    const second = await scan();
    expect([asked("hero.jpg"), asked("new.jpg")]).toEqual([0, 4]);
    expect(second.urls).toEqual(expect.arrayContaining(first.urls));
    const { stdout } = await run(["--site", site.folder]);
    expect(stdout).toContain("2 URLs of covers left out: at the last --check no page of the site used them");

    // With a theme that shows the cover, the check makes it, and from then on it is an ordinary photograph.
    await writeFile(
      path.join(site.folder, "layouts/_default/single.html"),
      '<main>{{ with .Params.image }}{{ partial "imgproxy/img.html" (dict "page" $ "src" . "alt" "") }}{{ end }}{{ .Content }}</main>',
    );
    await publish(site, newest);
    const shown = await run(["--site", site.folder, "--check", "public"]);
    expect(shown.stdout).toContain("2 covers only in link previews");
    proxy.asked.length = 0;
    await scan();
    expect([asked("hero.jpg"), asked("new.jpg")]).toEqual([3, 3]);

    // Without the list that the check has stored, everything is warmed.
    await rm(path.join(site.folder, "resources"), { recursive: true });
    proxy.asked.length = 0;
    await scan();
    expect([asked("hero.jpg"), asked("new.jpg")]).toEqual([4, 4]);
  },
);
