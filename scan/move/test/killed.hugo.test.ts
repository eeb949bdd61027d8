import { afterAll, beforeAll, expect, test } from "vitest";
import { run } from "../../test/command.ts";
import { type Blog, createBlog, newest, pictures, reportOf } from "./blog.ts";

const page = (...names: readonly string[]) =>
  `---\ntitle: A\n---\n${names.map((name) => `![](${name})\n`).join("")}`;

const blogOf = async (): Promise<Blog> => {
  const [p1, p2, p3 = ""] = await pictures(3);
  return createBlog({
    "content/a/index.md": page("1.jpg", "2.jpg"),
    "content/a/1.jpg": p1 ?? "",
    "content/a/2.jpg": p2 ?? "",
    "content/b/index.md": page("3.jpg"),
    "content/b/3.jpg": p3,
    "static/kept.jpg": "no page shows it",
  });
};

/** What an uninterrupted move leaves. */
let whole: { readonly files: object; readonly stored: object };

beforeAll(async () => {
  if (newest === undefined) return;
  await using blog = await blogOf();
  const [args, options] = blog.command("--apply");
  expect((await run(args, options)).code).toBe(0);
  whole = { files: await blog.files(), stored: await blog.stored() };
});

/** Ends the process like a power failure at a call of node:fs, by its number and the file that it names. */
const killAt = (call: string, file: string, count: number, when: "before" | "after") => `
import fs from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
const real = fs[${JSON.stringify(call)}];
let calls = 0;
fs[${JSON.stringify(call)}] = async (...args) => {
  const counts = new RegExp(${JSON.stringify(file)}).test(args.join(" ")) && ++calls === ${count};
  if (counts && ${when === "before"}) process.kill(process.pid, "SIGKILL");
  const result = await real(...args);
  if (counts) process.kill(process.pid, "SIGKILL");
  return result;
};
syncBuiltinESMExports();`;

afterAll(() => expect(killed).toBe(newest === undefined ? 0 : points.length));
let killed = 0;

const points = [
  ["while the first photograph is copied", killAt("copyFile", "imgproxy-lite-move", 1, "after")],
  ["between two uploads", killAt("link", "photos", 2, "before")],
  ["after the last upload", killAt("link", "photos", 3, "after")],
  ["while it writes the first page", killAt("rename", "\\.tmp .*hugo-site-[^/]*/content", 1, "before")],
  ["between two pages", killAt("rename", "\\.tmp .*hugo-site-[^/]*/content", 1, "after")],
  ["between the last page and the first deletion", killAt("unlink", "hugo-site-[^/]*/content", 1, "before")],
  ["between two deletions", killAt("unlink", "hugo-site-[^/]*/content", 2, "before")],
] as const;

test.runIf(newest).each(points)(
  "a move that is killed %s loses nothing, and the next one completes it",
  async (_, preload) => {
    await using blog = await blogOf();
    const [args, options] = blog.command("--apply");
    const before = await blog.files();
    const { code } = await run(args, { ...options, preload });
    expect(code).toBeNull();
    killed++;
    // Each photograph is in the site as it was, or its page names the one in the folder.
    const [files, stored] = [await blog.files(), await blog.stored()];
    for (const [name, content] of Object.entries(before))
      if (name.endsWith(".jpg")) expect(files[name] ?? stored[name.replace("content/", "")]).toBe(content);
    for (const text of [files["content/a/index.md"], files["content/b/index.md"]])
      expect(text).toMatch(/!\[\]\((?:[ab]\/)?\d\.jpg\)/);
    const deleted = Object.keys(before).filter((name) => files[name] === undefined);
    for (const name of deleted)
      expect(files[name.replace(/[^/]*$/, "index.md")]).toContain(name.replace("content/", ""));

    const next = await run(args, options);
    expect([next.code, next.stderr]).toEqual([0, ""]);
    expect({ files: await blog.files(), stored: await blog.stored() }).toEqual(whole);
  },
);

test.runIf(newest)(
  "without git, a move that is killed before it deletes is completed by the next one",
  async () => {
    await using blog = await blogOf();
    const [args, options] = blog.command("--apply", "--no-git");
    const preload = killAt("unlink", "hugo-site-[^/]*/content", 2, "before");
    expect((await run(args, { ...options, preload })).code).toBeNull();
    expect((await run(args, options)).code).toBe(0);
    expect({ files: await blog.files(), stored: await blog.stored() }).toEqual(whole);
  },
);

test.runIf(newest)(
  "a photograph without which the site does not build is found, and the others are moved",
  async () => {
    const [p1 = "", p2 = "", p3 = ""] = await pictures(3);
    await using blog = await createBlog({
      "layouts/_default/single.html":
        '{{ .Content }}{{ if .Params.needs }}<img src="{{ (.Resources.GetMatch "need*").RelPermalink }}">{{ end }}',
      "content/a/index.md": "---\ntitle: A\nneeds: true\n---\n![](needed.jpg) ![](moved.jpg)",
      "content/a/needed.jpg": p1,
      "content/a/moved.jpg": p2,
      "content/b/index.md": page("3.jpg"),
      "content/b/3.jpg": p3,
    });
    const [args, options] = blog.command("--apply", "--json");
    const report = reportOf(await run(args, options));
    expect(report.kept).toEqual([
      { file: "content/a/needed.jpg", reason: expect.stringContaining("does not build without it") },
    ]);
    expect(report.moved.map(({ key }) => key)).toEqual(["a/moved.jpg", "b/3.jpg"]);
  },
);
