import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

/** Phrases that readers with school English had to guess, and what to write instead. */
const phrases: readonly (readonly [RegExp, string])[] = [
  [/\bwhoever\b/gi, "name the client, reader or operator"],
  [/\banew\b/gi, "again"],
  [/\bso (?:many|much)\b/gi, "the name of the parameter, or “this number of”"],
  [/\bin words\b/gi, "as a message, with a message"],
  [/\bat hand\b/gi, "what it is, and where"],
  [/\b(?:is|are|be) told\b/gi, "gets, knows, is stopped"],
  [/\bwhat (?:becomes|became|comes|came) of\b/gi, "the result"],
  [/\bas it were\b/gi, "nothing"],
];

const root = fileURLToPath(new URL("../../", import.meta.url));

test("comments, messages, names and pages use none of the phrases that are hard to understand", () => {
  const files = execFileSync("git", ["ls-files"], { cwd: root, encoding: "utf8" })
    .split("\n")
    .filter((file) => /\.(?:ts|html|md|yaml|css)$/.test(file))
    .filter((file) => !/^bench\/results\/|exampleSite\/content\/|plain-english\.test\.ts$/.test(file));
  const found = files.flatMap((file) => {
    if (!existsSync(path.join(root, file))) return [];
    const text = readFileSync(path.join(root, file), "utf8");
    return phrases.flatMap(([phrase, instead]) =>
      [...text.matchAll(phrase)].map(({ 0: words, index }) => {
        const line = text.slice(0, index).split("\n").length;
        return `${file}:${line}: instead of "${words}": ${instead}`;
      }),
    );
  });
  expect(found).toEqual([]);
});
