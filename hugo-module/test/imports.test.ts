import { execFileSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Hugo } from "../../dev/hugo.ts";
import { compareVersions } from "../../scan/site/hugo-version.ts";
import { extremes, hugos, moduleRoot, runHugo, siteConfig } from "./hugo-site.ts";

const modulePath = "github.com/imgproxy-lite/imgproxy-lite";
const hasGo = runs("go", ["version"]) && runs("git", ["--version"]);
if (!hasGo) {
  console.log("no go or no git on PATH: the tests that get the module from a repository are skipped");
  if (process.env.CI) throw new Error("CI must have go and git: Hugo gets modules with them");
}

/** A published version of the working copy: a git repository with a tag, which `go` uses instead of the network. */
const root = mkdtempSync(path.join(tmpdir(), "imports-"));
const repository = path.join(root, "repository");

beforeAll(() => {
  const tracked = git(moduleRoot, ["ls-files", "--cached", "--others", "--exclude-standard", "-z"]).split(
    "\0",
  );
  for (const file of tracked.filter((file) => file !== "")) copy(file);
  git(repository, ["init", "--quiet", "--initial-branch=main"]);
  git(repository, ["add", "--all"]);
  git(repository, ["-c", "user.name=t", "-c", "user.email=t@t.example", "commit", "--quiet", "-m", "t"]);
  git(repository, ["tag", "v0.1.0"]);
});

afterAll(() => {
  // Go's module cache is read-only.
  execFileSync("chmod", ["-R", "u+w", root]);
  rmSync(root, { recursive: true, force: true });
});

describe.each(extremes)("Hugo $version takes the module", (hugo) => {
  test("Hugo takes the module from a checkout by HUGO_MODULE_REPLACEMENTS, without Go", async () => {
    const site = newSite();
    await expectImages(site, hugo, { HUGO_MODULE_REPLACEMENTS: `${modulePath} -> ${repository}` });
  });

  test("Hugo takes the module from themes/, as a theme and as an import, copied and linked", async () => {
    const site = newSite(
      siteConfig(endpoint)
        .replace(/\[\[module[\s\S]*/, "")
        .replace("disableKinds", 'theme = ["imgproxy-lite"]\ndisableKinds'),
    );
    mkdirSync(path.join(site, "themes"));
    symlinkSync(repository, path.join(site, "themes", "imgproxy-lite"));
    await expectImages(site, hugo, {});
    const copied = newSite();
    cpSync(repository, path.join(copied, "themes", modulePath), { recursive: true });
    await expectImages(copied, hugo, {});
  });

  test.runIf(hasGo)("Hugo takes the module from a go.mod with replace", async () => {
    const site = newSite();
    writeFileSync(
      path.join(site, "go.mod"),
      `module blog\n\ngo 1.19\n\nreplace ${modulePath} => ${repository}\n\nrequire ${modulePath} v0.1.0\n`,
    );
    await expectImages(site, hugo, goEnvironment());
  });

  test.runIf(hasGo)("Hugo takes the module from a workspace", async () => {
    const site = newSite(siteConfig(`${endpoint}\n[module]\nworkspace = "hugo.work"\n`));
    writeFileSync(path.join(site, "go.mod"), "module blog\n\ngo 1.19\n");
    writeFileSync(path.join(site, "hugo.work"), `go 1.19\n\nuse .\nuse ${repository}\n`);
    await expectImages(site, hugo, { ...goEnvironment(), GOFLAGS: "" });
  });

  test.runIf(hasGo)(
    "Hugo takes the module from git by hugo mod get, and then from _vendor without Go",
    async () => {
      const site = newSite();
      writeFileSync(path.join(site, "go.mod"), `module blog\n\ngo 1.19\n\nrequire ${modulePath} v0.1.0\n`);
      const env = goEnvironment();
      // Hugo 0.111 gives go no HOME, so go would use the network; therefore go fetches the module first.
      if (compareVersions(hugo.version, "0.131.0") >= 0) {
        const got = await runHugo(site, hugo, ["mod", "get", `${modulePath}@v0.1.0`], env);
        expect(got.exitCode, got.output).toBe(0);
      } else {
        execFileSync("go", ["mod", "download", modulePath], {
          cwd: site,
          env: { ...process.env, ...env },
          stdio: "pipe",
        });
      }
      await expectImages(site, hugo, env);
      expect((await runHugo(site, hugo, ["mod", "vendor"], env)).exitCode).toBe(0);
      const vendored = path.join(site, "_vendor", modulePath);
      expect(readdirSync(vendored).sort()).toEqual(["config.toml", "contract", "hugo-module", "layouts"]);
      await expectImages(site, hugo, { ...withoutModules, PATH: "/nonexistent" });
    },
  );
});

test.each(extremes)(
  "Hugo $version uses the hook and shortcodes of the first import, and the site's hook before them",
  async (hugo) => {
    const site = newSite(
      siteConfig(endpoint).replace(
        "[[module.imports]]",
        '[[module.imports]]\npath = "theme"\n[[module.imports]]',
      ),
    );
    const hook = path.join(site, "themes", "theme", "layouts", "_default", "_markup");
    mkdirSync(hook, { recursive: true });
    writeFileSync(path.join(hook, "render-image.html"), "the theme's");
    const shortcodes = path.join(site, "themes", "theme", "layouts", "shortcodes");
    mkdirSync(shortcodes);
    writeFileSync(path.join(shortcodes, "img.html"), "the theme's img");
    writeFileSync(
      path.join(site, "content", "a.md"),
      '![a](a.jpg)\n\n{{< img src="b.jpg" >}}\n\n{{< imgproxy/img src="c.jpg" >}}\n\n{{< imgproxy/figure src="d.jpg" >}}\n',
    );
    const env = { HUGO_MODULE_REPLACEMENTS: `${modulePath} -> ${repository}` };
    expect(keysOf(await buildPage(site, hugo, env))).toEqual(["the theme's", "the theme's img", "c", "d"]);

    const own = path.join(site, "layouts", "_default", "_markup");
    mkdirSync(own);
    writeFileSync(path.join(own, "render-image.html"), '{{- partial "imgproxy/hook.html" . -}}\n');
    expect(keysOf(await buildPage(site, hugo, env))).toEqual(["a", "the theme's img", "c", "d"]);
    rmSync(own, { recursive: true });

    const config = path.join(site, "config.toml");
    const lines = readFileSync(config, "utf8").split('[[module.imports]]\npath = "theme"\n');
    writeFileSync(config, `${lines.join("")}[[module.imports]]\npath = "theme"\n`);
    expect(keysOf(await buildPage(site, hugo, env))).toEqual(["a", "b", "c", "d"]);
  },
);

// Older versions do not read a module's package.json.
test.each(hugos.filter(({ version }) => compareVersions(version, "0.159.0") >= 0))(
  "Hugo $version adds none of our dependencies to a blog's package.json",
  async (hugo) => {
    const site = newSite();
    writeFileSync(path.join(site, "package.json"), '{"name":"blog","dependencies":{}}');
    const env = { HUGO_MODULE_REPLACEMENTS: `${modulePath} -> ${repository}` };
    const packed = await runHugo(site, hugo, ["mod", "npm", "pack"], env);
    expect(packed.exitCode, packed.output).toBe(0);
    const written = readdirSync(site, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith("package.json"),
    );
    for (const file of written) expect(readFileSync(path.join(site, file), "utf8")).not.toContain("sharp");
  },
);

test("Go accepts every path of the repository in a module", () => {
  const files = git(repository, ["ls-files", "-z"]).split("\0").filter(Boolean);
  expect(files.length).toBeGreaterThan(50);
  expect(files.filter((file) => /["'*<>?`|:\\]|\p{Emoji_Presentation}|\p{Cc}/u.test(file))).toEqual([]);
});

// --- sites ---

const endpoint = '[params.imgproxy]\nendpoint = "https://images.example/"';
const withoutModules = { HUGO_MODULE_REPLACEMENTS: "" };

function newSite(config = siteConfig(endpoint)): string {
  const site = mkdtempSync(path.join(root, "site-"));
  mkdirSync(path.join(site, "content"));
  mkdirSync(path.join(site, "layouts", "_default"), { recursive: true });
  writeFileSync(path.join(site, "config.toml"), config);
  writeFileSync(path.join(site, "layouts", "_default", "single.html"), "{{ .Content }}");
  writeFileSync(path.join(site, "layouts", "_default", "list.html"), "{{ .Content }}");
  writeFileSync(path.join(site, "content", "a.md"), "![a](a.jpg)");
  return site;
}

async function expectImages(site: string, hugo: Hugo, env: Readonly<Record<string, string>>): Promise<void> {
  expect(await buildPage(site, hugo, { ...withoutModules, ...env })).toContain(
    'src="https://images.example/?img=a.jpg&amp;q=60&amp;w=1200"',
  );
}

async function buildPage(site: string, hugo: Hugo, env: Readonly<Record<string, string>>): Promise<string> {
  rmSync(path.join(site, "public"), { recursive: true, force: true });
  const { output, exitCode } = await runHugo(site, hugo, [], env);
  expect(exitCode, output).toBe(0);
  return readFileSync(path.join(site, "public", "a", "index.html"), "utf8");
}

/** What a page shows, in order: keys for images of this module, words for those of the theme. */
function keysOf(html: string): string[] {
  return [...html.matchAll(/src="[^"]*img=(\w+)\.jpg|the theme's(?: img)?/g)].map(([all, key]) => key ?? all);
}

/** `go` finds the module's repository on this disk, with a home and a cache of its own. */
function goEnvironment(): Readonly<Record<string, string>> {
  const home = path.join(root, "home");
  mkdirSync(home, { recursive: true });
  writeFileSync(
    path.join(home, ".gitconfig"),
    `[url "file://${repository}"]\n\tinsteadOf = https://${modulePath}\n[safe]\n\tdirectory = *\n`,
  );
  return {
    HOME: home,
    GOPATH: path.join(root, "go"),
    GOMODCACHE: path.join(root, "go", "pkg", "mod"),
    GOPRIVATE: "*",
    GOFLAGS: "-mod=mod",
    GOTOOLCHAIN: "local",
    HUGO_MODULE_PRIVATE: "*.*",
    ...withoutModules,
  };
}

function copy(file: string): void {
  const source = path.join(moduleRoot, file);
  cpSync(source, path.join(repository, file), { recursive: true });
}

function git(cwd: string, args: readonly string[]): string {
  return execFileSync("git", args, { cwd, encoding: "utf8", maxBuffer: 1e8 });
}

function runs(command: string, args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
