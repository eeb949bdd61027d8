import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { readRelease } from "../pages/release.ts";
import { generatedFiles, withTables } from "../pages/tables.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const address = /https:\/\/github\.com\/imgproxy-lite\/imgproxy-lite|ghcr\.io\/imgproxy-lite/g;

test("a fork that changes the repository in package.json gets its own address in documents and manifests", async () => {
  const fork = readRelease(JSON.stringify({ version: "2.0.0", repository: "https://git.example/Me/fork" }));
  expect(fork).toEqual({
    version: "2.0.0",
    repository: "https://git.example/Me/fork",
    file: "https://git.example/Me/fork/releases/download/v2.0.0/imgproxy-lite-2.0.0.tgz",
    git: "git+https://git.example/Me/fork.git#v2.0.0",
    image: "ghcr.io/me/fork",
  });
  const written: string[] = [];
  for (const file of generatedFiles) {
    const text = withTables(file, await readFile(path.join(root, file), "utf8"), fork);
    expect([file, text.match(address)]).toEqual([file, null]);
    written.push(text);
  }
  for (const forked of [
    fork.file,
    fork.git,
    `git clone ${fork.repository} && cd fork`,
    `newName: ${fork.image}`,
  ])
    expect(written.some((text) => text.includes(forked))).toBe(true);
});

test("only package.json and what npm run docs writes name the repository's address", () => {
  const files = execFileSync("git", ["grep", "-lE", address.source], { cwd: root, encoding: "utf8" });
  const outside = files
    .trim()
    .split("\n")
    .filter((file) => !file.includes("/test/") && !generatedFiles.some((generated) => generated === file));
  expect(outside).toEqual(["package.json"]);
});

test("no document and no program suggests a command that fetches imgproxy-lite by its name from a registry", () => {
  // npm asks before npx fetches a package, and takes yes from a pipeline; npx --no runs only what is installed.
  const pattern = "(npx|pnpx|bunx|dlx|npm (i|install|exec)( -[^ ]+)*)( --| --yes| -y)? imgproxy-lite( |$|`)";
  let suggested = "";
  try {
    const where = ["*.md", "*.yml", "*.yaml", "*.toml", "*.sh", "bin", "scan", "layouts", ":!*/test/*"];
    suggested = execFileSync("git", ["grep", "-nE", pattern, "--", ...where], {
      cwd: root,
      encoding: "utf8",
    });
  } catch {}
  expect(suggested).toBe("");
});
