import { createHash } from "node:crypto";
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSite } from "../../../hugo-module/test/hugo-site.ts";
import { quietProgress } from "../../progress.ts";
import { loadSite } from "../../site/site.ts";
import { every } from "../../test/fixtures/every.ts";
import { MEMO_MAKER, readPosts } from "../posts.ts";
import type { MarkdownImage } from "../references/markdown.ts";
import { openMemo } from "../references/memo.ts";

describe("a scan with the memory of an earlier one", () => {
  test.each(Object.entries(every))(
    "a scan with remembered results finds the same as one without: %s",
    async (_, fixture) => {
      await using site = await createSite(fixture.files(169));
      const options = { folder: site.folder, environment: "production", hugoMinor: 169 };
      const found = async (remember: boolean) => {
        const loaded = await loadSite({ ...options, variables: fixture.env ?? {} });
        const signal = new AbortController().signal;
        const { posts, ...rest } = await readPosts(loaded, {
          now: new Date("2026-01-01"),
          signal,
          progress: quietProgress(process.stderr),
          remember,
        });
        const uses = posts.map((post) =>
          post.uses.map((use) => ({ ...use, candidates: use.candidates(use.keys[0] ?? "", undefined) })),
        );
        return { ...rest, files: posts.map((post) => post.file), uses };
      };
      // Each scan that parses starts a thread, which costs more than all else here.
      const fresh = await found(true);
      expect(await found(true)).toEqual(fresh);

      const [first] = fresh.files;
      if (first === undefined) throw new Error("the fixture shows nothing");
      await appendFile(path.join(site.folder, first), "\n\nNew: ![*new*](new.jpg)\n");
      const edited = await found(true);
      await rm(path.join(site.folder, "resources"), { recursive: true, force: true });
      expect(edited).toEqual(await found(false));
      expect(edited).not.toEqual(fresh);
    },
  );
});

describe("the memory of parsed Markdown", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "memo-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const images: MarkdownImage[] = [
    { destination: 'a "b"\n.jpg', offset: 3, as: "image" },
    { destination: "https://images.example/?img=a.jpg", offset: 9, as: "url" },
  ];

  /** Requests texts, and returns those that had to be parsed. */
  async function ask(file: string, texts: readonly string[], maker = "parser 1"): Promise<string[]> {
    const parsed: string[] = [];
    const memo = await openMemo(file, maker, async (text) => {
      parsed.push(text);
      return images;
    });
    for (const text of texts) expect(await memo.parse(text, ["https://images.example"])).toEqual(images);
    await memo.save();
    return parsed;
  }

  test("the memory of parsed Markdown returns results for a text of this run or an earlier one", async () => {
    const file = path.join(folder, "seen", "markdown.txt");
    expect(await ask(file, ["one", "one", "two"])).toEqual(["one", "two"]);
    expect(await ask(file, ["two", "three", "one"])).toEqual(["three"]);
  });

  test("the memory of parsed Markdown drops results that no post needs any more", async () => {
    const file = path.join(folder, "forgets.txt");
    await ask(file, ["one", "two"]);
    await ask(file, ["two"]);
    expect(await ask(file, ["one", "two"])).toEqual(["one"]);
  });

  test("the memory of parsed Markdown is not written again while nothing changes", async () => {
    const file = path.join(folder, "same.txt");
    await ask(file, ["one"]);
    const { ino } = await stat(file);
    await ask(file, ["one"]);
    expect((await stat(file)).ino).toBe(ino);
  });

  test("the memory of parsed Markdown keeps endpoints apart", async () => {
    const memo = await openMemo(
      path.join(folder, "endpoints.txt"),
      "parser 1",
      async (_, [endpoint = ""]) => [{ destination: endpoint, offset: 0, as: "url" }],
    );
    expect(await memo.parse("text", ["https://one.example"])).toMatchObject([
      { destination: "https://one.example" },
    ]);
    expect(await memo.parse("text", ["https://two.example"])).toMatchObject([
      { destination: "https://two.example" },
    ]);
  });

  test("the memory of parsed Markdown ignores results of another parser, and a file that was cut, changed or invented", async () => {
    const file = path.join(folder, "damaged.txt");
    await ask(file, ["one"]);
    const text = await readFile(file, "utf8");
    expect(await ask(file, ["one"], "parser 2")).toEqual(["one"]);
    const damages = [
      text.slice(0, -5),
      text.replace("a.jpg", "b.jpg"),
      "",
      "x\n",
      `${text}x`,
      text.replace("1\n", "2\n"),
    ];
    for (const damaged of damages) {
      await writeFile(file, damaged);
      expect(await ask(file, ["one"])).toEqual(["one"]);
    }
    await writeFile(file, text);
    expect(await ask(file, ["one"])).toEqual([]);
  });

  test("the memory of parsed Markdown has a new name when the parser changes: raise MEMO_MAKER, then the hash here", async () => {
    const lock = await readFile(new URL("../../../package-lock.json", import.meta.url), "utf8");
    const files = ["markdown.ts", "deep-parentheses.ts"];
    const sources = await Promise.all(
      files.map((name) => readFile(new URL(`../references/${name}`, import.meta.url), "utf8")),
    );
    const packages: { packages: Record<string, { version?: string }> } = JSON.parse(lock);
    const parsers = Object.entries(packages.packages)
      .filter(([name]) => /\/(?:remark|micromark|mdast-util-(?:from|gfm|definition))[a-z-]*$/.test(name))
      .map(([name, { version }]) => `${name} ${version}`);
    const hash = createHash("sha256")
      .update([...parsers, ...sources].join("\n"))
      .digest("hex")
      .slice(0, 10);
    expect([MEMO_MAKER, hash]).toEqual(["parser 5", "3c659fdd5d"]);
  });
});
