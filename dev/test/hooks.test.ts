import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("no hook and no test calls afterAll: vitest would never run it, and what it ends would run on after the tests", () => {
  const files = execFileSync("git", ["ls-files", "*.ts"], { cwd: root, encoding: "utf8" }).trim().split("\n");
  const late = files.flatMap((file) => {
    const text = readFileSync(path.join(root, file), "utf8");
    // This file has them as texts.
    return file === "dev/test/hooks.test.ts" ? [] : lateCalls(file, text);
  });
  expect(late).toEqual([]);
});

test.each([
  "beforeAll(() =>\n  start((stop) => afterAll(stop)))",
  "async function start() {\n  afterAll(stop);",
  "test('one', () => {\n  afterAll(stop);",
])("a call that comes too late is found: %j", (text) => {
  expect(lateCalls("a.ts", text)).toEqual(["a.ts:2"]);
});

/**
 * A call is in time at the top of a file, in a suite, and in a function that both can call: one that is not async. The formatter
 * indents what a line opens.
 */
function lateCalls(file: string, text: string): string[] {
  const lines = text.split("\n");
  return lines.flatMap((line, at) => {
    const call = /^( *)(.*)afterAll\(/.exec(line);
    if (call === null || /^ *(?:\*|\/[/*]|import )/.test(line)) return [];
    const [, indent = "", before] = call;
    const opener = lines
      .slice(0, at)
      .findLast((above) => above.trim() !== "" && indentOf(above) < indent.length);
    const isInTime =
      before === "" && (indent === "" || /\bdescribe\b|^ *(?:export )?function /.test(opener ?? ""));
    return isInTime ? [] : [`${file}:${at + 1}`];
  });
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}
