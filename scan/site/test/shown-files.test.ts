import { expect, test } from "vitest";
import { shownFrom, withShownFiles } from "../shown-files.ts";

test("a file is named from the folder in which the command runs, if it is below that folder, and otherwise from the site", () => {
  const file = "content/posts/a.md";
  expect(shownFrom("/home/jane/blog", "/home/jane/blog")(file)).toBe(file);
  expect(shownFrom("/home/jane", "/home/jane/blog")(file)).toBe("blog/content/posts/a.md");
  expect(shownFrom("/elsewhere", "/home/jane/blog")(file)).toBe(file);
  // A mount outside of the site, as in the demo.
  expect(shownFrom("/code", "/code/.cache/demo-site")("../../example/content/a.md")).toBe(
    "example/content/a.md",
  );
});

test("every list of places of a result names files so, and nothing else changes", () => {
  const result = {
    findings: [{ file: "a.md", line: 1 }],
    urls: ["a.md"],
    posts: [{ file: "b.md", uses: [] }],
    count: 1,
  };
  expect(withShownFiles(result, (file) => `blog/${file}`)).toEqual({
    ...result,
    findings: [{ file: "blog/a.md", line: 1 }],
    posts: [{ file: "blog/b.md", uses: [] }],
  });
});
