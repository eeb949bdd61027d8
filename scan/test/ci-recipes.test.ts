import { type ExecFileOptions, execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { load } from "js-yaml";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSite, extremes, moduleRoot, siteConfig } from "../../hugo-module/test/hugo-site.ts";
import { startStandIn } from "../proxy/test/stand-in.ts";

const newest = extremes.at(-1);
const recipes = path.join(moduleRoot, "hugo-module/ci");
const names = ["github.yml", "forgejo.yml", "woodpecker.yml"];

let bin: string;

/** Commands that a runner has and this machine may lack: packages, a deployment. `npx` runs the working copy. */
beforeAll(async () => {
  bin = await mkdtemp(path.join(tmpdir(), "ci-bin-"));
  const executable = path.join(moduleRoot, "bin/imgproxy-lite.js");
  const commands = {
    npx: `[ "$1" = --no ] && shift; case "$1" in imgproxy-lite) shift; exec "${process.execPath}" "${executable}" "$@";; hugo) shift; exec "${newest?.path}" "$@";; *) exit 9;; esac`,
    npm: 'echo "npm $*"',
    "apt-get": 'echo "apt-get $*"',
    rsync: "test -e public/posts/a/index.html",
  };
  for (const [name, script] of Object.entries(commands)) {
    await writeFile(path.join(bin, name), `#!/bin/bash\n${script}\n`);
    await chmod(path.join(bin, name), 0o755);
  }
});

afterAll(() => rm(bin, { recursive: true, force: true }));

test.runIf(newest).each(names)("the recipe for %s publishes a blog, in the right order", async (name) => {
  await using proxy = await startStandIn({ "worms.jpg": 600 });
  await using site = await createSite({
    "config.toml": siteConfig(`[params.imgproxy]\nendpoint = "${proxy.endpoint}"\n`),
    "content/posts/a.md": "---\ntitle: A\n---\n![](worms.jpg)\n",
  });
  const script = commandsOf(load(await readFile(path.join(recipes, name), "utf8")));
  expect(script.filter((line) => /npx/.test(line)).slice(0, 3)).toEqual([
    "npx --no imgproxy-lite scan",
    "npx --no hugo --minify",
    "npx --no imgproxy-lite scan --check public",
  ]);
  await mkdir(path.join(site.folder, "home"));
  const stdout = await output(["--norc", "-euo", "pipefail", "-c", script.join("\n")], {
    cwd: site.folder,
    env: {
      PATH: `${bin}:${process.env.PATH}`,
      HOME: path.join(site.folder, "home"),
      HUGO_MODULE_REPLACEMENTS: `github.com/imgproxy-lite/imgproxy-lite -> ${moduleRoot}`,
      DEPLOY_KEY: "key",
      DEPLOY_TARGET: "blog.example:/srv/blog",
    },
  });
  expect(stdout).toContain("6 variants: 0 were there, 6 made, 0 failed");
  expect(stdout).toContain("6 variants: 6 were there, 0 made, 0 failed");
  expect(stdout).toMatch(/2 URLs at the public address: 6 responses/);
});

/** The output of bash; a failed test shows it. */
function output(args: readonly string[], options: ExecFileOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile("bash", args, options, (error, stdout, stderr) => {
      if (error === null) resolve(String(stdout));
      else reject(new Error(`${error.message}\n${stdout}\n${stderr}`));
    });
  });
}

/** The shell lines of a pipeline, whatever its dialect, in their order. */
function commandsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(commandsOf);
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    if (key === "run" && typeof inner === "string") return [inner.trimEnd()];
    if ((key === "script" || key === "commands") && Array.isArray(inner)) return inner.map(String);
    return commandsOf(inner);
  });
}
