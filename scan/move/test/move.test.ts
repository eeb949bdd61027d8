import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, expect, test } from "vitest";
import { buildSite, extremes, moduleRoot } from "../../../hugo-module/test/hugo-site.ts";
import { urlsIn } from "../../test/blog.ts";
import { startScanProcess } from "../../test/scan-process.ts";
import { type Blog, configOf, createBlog, endpoint, newest, pictures, reportOf } from "./blog.ts";
import { startS3Server } from "./s3-server.ts";

const process = startScanProcess();
afterAll(() => process[Symbol.asyncDispose]());

const move = (blog: Blog, ...args: readonly string[]) => process.run(...blog.command(...args));
const [p1, p2, p3, p4, p5, p6] = (await pictures(6)) as [Buffer, Buffer, Buffer, Buffer, Buffer, Buffer];
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
const utf8 = (words: string) => text(Buffer.from(words));
const page = "---\ntitle: A\n---\n";

/** The keys of the proxy's URLs in a built page. */
function keysIn(html: string | undefined): string[] {
  const keys = Array.from(urlsIn(html ?? "", endpoint), (url) => new URL(url).searchParams.get("img") ?? "");
  return [...new Set(keys)].sort();
}

/** Every way to name a photograph, with bytes that a rewrite must not touch. */
const flatBlog = {
  "config.toml": configOf('frontmatter = ["image", "cover.image"]'),
  "layouts/_default/single.html":
    '{{ .Content }}{{ with .Params.image }}{{ partial "imgproxy/img.html" (dict "page" $ "src" . "alt" "") }}{{ end }}{{ with .Params.cover }}{{ partial "imgproxy/img.html" (dict "page" $ "src" .image "alt" "") }}{{ end }}',
  "content/posts/x/index.md":
    '---\r\ntitle: "A" # a title\r\nother: alps.jpg\r\nimage:   \'alps.jpg?q=40\'   # the cover: alps.jpg\r\n---\r\nText `![](alps.jpg)` \t\r\n\r\n![one](alps.jpg "alps.jpg") ![two](<my lake.jpg>) ![three](my%20lake.jpg?w=800#x)\r\n\r\n![four][ref] and ![a \\] b](img/a\\_b.jpg)\r\n\r\n[ref]:   alps.jpg  "t"\r\n\r\n{{< img src="alps.jpg?q=50" alt="five" narrow="crop" >}}\r\n',
  "content/posts/x/alps.jpg": p1,
  "content/posts/x/my lake.jpg": p2,
  "content/posts/x/img/a_b.jpg": p3,
  "content/posts/y.md":
    '+++\ntitle = "Y"\n[cover]\nimage = "/shared/wide.jpg"\n+++\n{{< img src="/shared/wide.jpg" alt="shared/wide.jpg" >}}\n\n{{< figure src="plans/b.jpg" caption="![](plans/b.jpg)" >}}\n\n![](other/bucket.jpg)',
  "static/shared/wide.jpg": p4,
  "assets/plans/b.jpg": p5,
  "static/nobody.jpg": p6,
};

const flatAfter =
  '---\r\ntitle: "A" # a title\r\nother: alps.jpg\r\nimage:   \'posts/x/alps.jpg?q=40\'   # the cover: alps.jpg\r\n---\r\nText `![](alps.jpg)` \t\r\n\r\n![one](posts/x/alps.jpg "alps.jpg") ![two](<posts/x/my%20lake.jpg>) ![three](posts/x/my%20lake.jpg?w=800#x)\r\n\r\n![four][ref] and ![a \\] b](posts/x/img/a_b.jpg)\r\n\r\n[ref]:   posts/x/alps.jpg  "t"\r\n\r\n{{< img src="posts/x/alps.jpg?q=50" alt="five" narrow="crop" >}}\r\n';

test.each(extremes)(
  "a move changes nothing without --apply, and then only what must change, and deletes what pages show: Hugo $version",
  async (hugo) => {
    await using blog = await createBlog(flatBlog, hugo.path);
    const before = await blog.files();
    const planned = await move(blog);
    expect([planned.code, planned.stderr]).toEqual([0, ""]);
    expect(await blog.files()).toEqual(before);
    expect(planned.stdout).toContain("+image:   'posts/x/alps.jpg?q=40'   # the cover: alps.jpg");
    expect(planned.stdout).toContain("1 photograph is shown by no page, and kept: static/nobody.jpg");
    expect(await blog.stored()).toEqual({
      "posts/x/alps.jpg": text(p1),
      "posts/x/my lake.jpg": text(p2),
      "posts/x/img/a_b.jpg": text(p3),
      "shared/wide.jpg": text(p4),
      "plans/b.jpg": text(p5),
    });

    const applied = await move(blog, "--apply", "--json");
    expect([applied.code, applied.stderr]).toEqual([0, ""]);
    const report = reportOf(applied);
    expect(report).toMatchObject({
      applied: true,
      changes: ["content/posts/x/index.md"],
      kept: [],
      problems: [],
    });
    expect(report.moved.map(({ stored }) => stored)).toEqual([false, false, false, false, false]);
    const moved = new Set(report.moved.map(({ file }) => file));
    const rest = Object.entries(before).filter(([name]) => !moved.has(name));
    expect(await blog.files()).toEqual({
      ...Object.fromEntries(rest),
      "content/posts/x/index.md": utf8(flatAfter),
    });
    // Nothing is staged or committed.
    expect(blog.git("diff", "--cached", "--name-only")).toBe("");

    const built = await buildSite(blog.folder, hugo);
    expect(built.errors).toEqual([]);
    expect(keysIn(built.files.get("posts/x/index.html"))).toEqual([
      "posts/x/alps.jpg",
      "posts/x/img/a_b.jpg",
      "posts/x/my lake.jpg",
    ]);
    expect(keysIn(built.files.get("posts/y/index.html"))).toEqual([
      "other/bucket.jpg",
      "plans/b.jpg",
      "shared/wide.jpg",
    ]);
  },
);

test.runIf(newest)(
  'with resolve = "page", a bundle\'s text stays as it is, unless a name means another key',
  async () => {
    const nfd = "cafe\u0301.jpg";
    await using blog = await createBlog({
      "config.toml": configOf(
        'resolve = "page"',
        'defaultContentLanguage = "en"\n[languages.en]\nweight = 1\n[languages.de]\nweight = 2\n',
      ),
      "content/posts/x/index.md": `${page}![](Alps.JPG) ![](my%20lake.jpg) ![](${nfd}) ![](hero)`,
      "content/posts/x/index.de.md": `${page}![](Alps.JPG) ![](title.jpg)`,
      "content/posts/x/Alps.JPG": p1,
      "content/posts/x/my lake.jpg": p2,
      [`content/posts/x/${nfd}`]: p3,
      "content/posts/x/title.de.jpg": p4,
      "content/posts/z/index.md":
        "---\ntitle: Z\nresources:\n- src: a.jpg\n  name: hero\n---\n![](hero) ![](B.jpg)",
      "content/posts/z/a.jpg": p5,
      "content/posts/z/b.jpg": p6,
    });
    const { code, stderr, stdout } = await move(blog, "--apply", "--json");
    expect([code, stderr]).toEqual([0, ""]);
    expect(reportOf({ code, stderr, stdout }).kept).toEqual([]);
    const files = await blog.files();
    expect(Object.keys(files).filter((name) => /jpg$/i.test(name))).toEqual([]);
    expect(files["content/posts/x/index.md"]).toBe(
      utf8(`${page}![](Alps.JPG) ![](my%20lake.jpg) ![](${nfd}) ![](hero)`),
    );
    expect(files["content/posts/x/index.de.md"]).toBe(`${page}![](Alps.JPG) ![](/posts/x/title.de.jpg)`);
    expect(files["content/posts/z/index.md"]).toContain("![](/posts/z/a.jpg) ![](/posts/z/b.jpg)");
    expect(Object.keys(await blog.stored())).toEqual(
      ["Alps.JPG", nfd, "my lake.jpg", "title.de.jpg"]
        .map((name) => `posts/x/${name}`)
        .concat(["posts/z/a.jpg", "posts/z/b.jpg"])
        .sort(),
    );
  },
);

test.runIf(newest)(
  "photographs that something else than the module shows are kept, each with the reason",
  async () => {
    await using blog = await createBlog({
      "config.toml": configOf("", 'markup.goldmark.renderer.unsafe = true\n[params]\nlogo = "/img/logo.jpg"'),
      "layouts/_default/single.html": `{{ .Content }}
{{ with .Resources.GetMatch "scaled*" }}<img src="{{ (.Resize "20x").RelPermalink }}">{{ end }}
{{ with .Resources.GetMatch "guarded*" }}<meta property="og:image" content="{{ .Permalink }}">{{ end }}
{{ with .Params.bg }}<div data-bg="{{ . | relURL }}"></div>{{ end }}`,
      "content/a/index.md": `${page}![](scaled.jpg) ![](guarded.jpg) ![](moved.jpg) [![](linked.jpg)](linked.jpg)`,
      "content/a/linked.jpg": p4,
      "content/a/scaled.jpg": p1,
      "content/a/guarded.jpg": p2,
      "content/a/moved.jpg": p3,
      "content/b/index.md": "---\ntitle: B\nbg: /bg.jpg\n---\n![](/bg.jpg) ![](raw.jpg) <img src=raw.jpg>",
      "content/b/raw.jpg": p5,
      "static/bg.jpg": p6,
      "content/c.md": `${page}![](/img/logo.jpg) ![](/img/draft.jpg)`,
      "content/draft.md": "---\ntitle: D\ndraft: true\n---\n![](img/draft.jpg)",
      "static/img/logo.jpg": Buffer.concat([p1, Buffer.from("1")]),
      "static/img/draft.jpg": Buffer.concat([p1, Buffer.from("2")]),
    });
    const before = await blog.files();
    const ran = await move(blog, "--apply", "--json");
    expect([ran.code, ran.stderr]).toEqual([0, ""]);
    const { kept, moved } = reportOf(ran);
    expect(moved.map(({ file }) => file)).toEqual(["content/a/moved.jpg"]);
    expect(Object.fromEntries(kept.map(({ file, reason }) => [file, reason]))).toEqual({
      "content/a/scaled.jpg": expect.stringContaining("a template scales it"),
      "content/a/guarded.jpg": expect.stringContaining("a/index.html would lose it"),
      "content/a/linked.jpg": expect.stringContaining("a/index.html would lose it"),
      "content/b/raw.jpg": expect.stringContaining("b/index.html would lose it"),
      "static/bg.jpg": expect.stringContaining("has its address"),
      "static/img/logo.jpg": expect.stringMatching(/^config\.toml:\d+ names it$/),
      "static/img/draft.jpg": "content/draft.md:5 names it",
    });
    const { "content/a/moved.jpg": _, "content/a/index.md": old = "", ...rest } = before;
    expect(await blog.files()).toEqual({
      ...rest,
      "content/a/index.md": old.replace("moved.jpg", "a/moved.jpg"),
    });
  },
);

test.runIf(newest)(
  "two files with one path in two languages get two keys; an existing object stays, and is an error if it differs",
  async () => {
    await using blog = await createBlog({
      "config.toml": configOf(
        "",
        '[languages.en]\nweight = 1\ncontentDir = "content/en"\n[languages.de]\nweight = 2\ncontentDir = "content/de"\n',
      ),
      "content/en/a/index.md": `${page}![](b.jpg) ![](c.jpg)`,
      "content/en/a/b.jpg": p1,
      "content/en/a/c.jpg": p3,
      "content/de/a/index.md": `${page}![](b.jpg)`,
      "content/de/a/b.jpg": p2,
    });
    await mkdir(path.join(blog.photos, "a"));
    await writeFile(path.join(blog.photos, "a/c.jpg"), "another photograph");
    const refused = await move(blog, "--apply", "--json");
    expect(refused.code).toBe(1);
    expect(reportOf(refused)).toMatchObject({
      applied: false,
      problems: [{ file: "content/en/a/c.jpg", message: expect.stringContaining("a/c.jpg in ") }],
    });
    expect(blog.git("status", "--porcelain")).toBe("");
    expect((await blog.stored())["a/c.jpg"]).toBe("another photograph");

    await rm(path.join(blog.photos, "a/c.jpg"));
    const { code } = await move(blog, "--apply");
    expect(code).toBe(0);
    expect(await blog.stored()).toEqual({
      "a/b.jpg": text(p1),
      "a/c.jpg": text(p3),
      "content/de/a/b.jpg": text(p2),
    });
    expect((await blog.files())["content/de/a/index.md"]).toBe(`${page}![](content/de/a/b.jpg)`);
  },
);

test.runIf(newest)("mistakes end with what to correct, before anything is stored or changed", async () => {
  await using blog = await createBlog({ "content/a/index.md": `${page}![](b.jpg)`, "content/a/b.jpg": p1 });
  const { folder, photos } = blog;
  const [args, options] = blog.command();
  const fails = async (more: readonly string[], words: string | RegExp, given: readonly string[] = args) => {
    const { code, stdout, stderr } = await process.run([...given, ...more], options);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(words);
  };
  const site = ["--site", folder];
  await fails([], "either --bucket s3://NAME/PREFIX or --source FOLDER", site);
  await fails(["--bucket", "https://u:secret-word@x/"], /^(?!.*secret-word).*--bucket takes s3:/s, site);
  await fails(["--bucket", "s3://photos"], "set MOVE_AWS_ACCESS_KEY_ID", site);
  await fails(["--source", path.join(folder, "no")], /cannot be used .ENOENT./, site);
  await fails(["--source", path.join(folder, "content")], "which Hugo reads", site);
  await fails(["--source", path.dirname(folder)], "contains the site", site);
  // Where the system has a link on the way to the site, as macOS has for /tmp.
  const linked = path.join(path.dirname(photos), "linked");
  await symlink(folder, linked);
  await fails(["--source", path.join(linked, "content")], "which Hugo reads", ["--site", linked]);
  await fails(["--source", path.dirname(folder)], "contains the site", ["--site", linked]);
  await fails(
    ["--hugo", "no-such-hugo"],
    /no-such-hugo cannot be started .ENOENT.: install Hugo, or give --hugo/,
  );
  await fails(["--site", photos], /no Hugo site|no configuration/i);
  await fails(["--dry-run", "--apply"], "exclude each other");
  await fails(["--no-git"], "--no-git belongs to --apply");
  await writeFile(path.join(folder, "content/new.md"), "new");
  await fails(["--apply"], /not committed: commit or stash them.*\n\?\? content\/new\.md/);
  await rm(path.join(folder, "content/new.md"));
  await writeFile(path.join(folder, "config.toml"), `${configOf()}# changed\n`);
  await fails(["--apply"], /not committed[\s\S]* M config\.toml/);
  blog.git("checkout", "--quiet", ".");
  await writeFile(path.join(folder, "layouts/index.html"), '{{ errorf "broken on purpose" }}');
  await fails([], /the site does not build:[\s\S]*broken on purpose/);
  blog.git("checkout", "--quiet", ".");

  await writeFile(
    path.join(folder, "content/a/b.jpg"),
    "version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 9\n",
  );
  await fails([], /run git lfs pull\ncontent\/a\/b\.jpg is a pointer of Git LFS/);
  await rm(path.join(folder, "content/a/b.jpg"));
  await symlink(
    "../../.git/annex/objects/aa/bb/SHA256E-s9--1.jpg/SHA256E-s9--1.jpg",
    path.join(folder, "content/a/b.jpg"),
  );
  await fails([], /run git annex get \.[\s\S]*content\/a\/b\.jpg is a pointer of git-annex/);
  await rm(path.join(folder, ".git"), { recursive: true });
  await writeFile(path.join(folder, "content/a/b.jpg"), p1).catch(() => {});
  await rm(path.join(folder, "content/a/b.jpg"));
  await writeFile(path.join(folder, "content/a/b.jpg"), p1);
  await fails(["--apply"], "not in a git repository");
  const stored = Object.keys(await blog.stored());
  expect(stored.filter((name) => name !== "a/b.jpg")).toEqual([]);
});

test.runIf(newest)(
  "the manual's recipe moves a blog to a bucket; neither Hugo nor git gets the keys that may write, and no output has them",
  async () => {
    await using blog = await createBlog({ "content/a/index.md": `${page}![](b.jpg)`, "content/a/b.jpg": p1 });
    await using storage = await startS3Server();
    const manual = await readFile(path.join(moduleRoot, "hugo-module/README.md"), "utf8");
    const commands = Array.from(
      manual.matchAll(/^npx --no imgproxy-lite move ([^#\n]+)/gm),
      ([, words = ""]) => words.trim().replace("https://rgw.example", storage.endpoint).split(/\s+/),
    );
    expect(commands).toHaveLength(2);
    const seen = path.join(blog.photos, "environment");
    const program = path.join(blog.photos, "hugo");
    await writeFile(program, `#!/bin/sh\nenv >> '${seen}'\nexec ${newest?.path} "$@"\n`, { mode: 0o755 });
    const [, options] = blog.command();
    const keys = { MOVE_AWS_ACCESS_KEY_ID: "a-key-name", MOVE_AWS_SECRET_ACCESS_KEY: "a-secret-word" };
    let output = "";
    for (const command of commands) {
      const args = [...command, "--site", blog.folder, "--hugo", program];
      const { code, stdout, stderr } = await process.run(args, {
        ...options,
        env: { ...options.env, ...keys },
      });
      expect([code, stderr]).toEqual([0, ""]);
      output += stdout;
    }
    expect(storage.objects.get("a/b.jpg")?.equals(p1)).toBe(true);
    expect(storage.asked.filter((line) => line === "PUT a/b.jpg")).toHaveLength(1);
    expect(blog.git("status", "--porcelain")).toBe(" D content/a/b.jpg\n M content/a/index.md\n");
    expect(output + (await readFile(seen, "utf8"))).not.toMatch(/a-secret-word|a-key-name/);
  },
);
