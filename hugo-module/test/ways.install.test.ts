import { execFile, execFileSync } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { homedir, tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readRelease } from "../../dev/pages/release.ts";
import { extremes, moduleRoot, siteConfig } from "./hugo-site.ts";

/** Every row of the manual's table of ways to install: its commands run as written, with the real package managers. */
const root = await mkdtemp(path.join(tmpdir(), "ways-"));
const repository = path.join(root, "repository");
const tools = path.join(root, "tools");
const release = readRelease();
const manual = await readFile(path.join(moduleRoot, "hugo-module/README.md"), "utf8");
const newest = extremes.at(-1);

/** The commands of each row, by its name. */
const rows = new Map(
  [...blockOf("ways").matchAll(/^\| ([^|]+) \| (.+) \| [^|]+ \|$/gm)]
    .slice(2)
    .map(([, name = "", cell = ""]) => [name, /`([^`]+)`/.exec(cell)?.[1] ?? ""]),
);

const files = createServer((_, response) => {
  void readFile(path.join(root, "release.tgz")).then((bytes) => response.end(bytes));
});

beforeAll(async () => {
  await run(
    "npm pack --ignore-scripts --pack-destination .. && mv ../*.tgz ../release.tgz",
    await copyOfTheTree(),
  );
  await once(files.listen(0, "127.0.0.1"), "listening");
  const config = `[url "file://${repository}"]\n\tinsteadOf = ${release.repository}\n[protocol "file"]\n\tallow = always\n`;
  await mkdir(path.join(root, "home"));
  await writeFile(path.join(root, "home/.gitconfig"), config);
  await mkdir(tools);
  await writeFile(path.join(tools, "package.json"), "{}");
  await run("npm install --no-audit --no-fund npm@12 pnpm@12 yarn@1 @yarnpkg/cli-dist@4", tools);
  await program("yarn4", `exec node "${tools}/node_modules/@yarnpkg/cli-dist/bin/yarn.js" "$@"`, "yarn");
  for (const name of ["npm", "pnpm", "yarn"])
    await program(name, `exec "${tools}/node_modules/.bin/${name}" "$@"`);
  if (newest !== undefined) await program("hugo", `exec "${newest.path}" "$@"`);
});

afterAll(async () => {
  files.close();
  files.closeAllConnections();
  // Go's module cache is read-only.
  execFileSync("chmod", ["-R", "u+w", root]);
  await rm(root, { recursive: true, force: true });
});

test("the table has the ways that this file tests", () => {
  expect([...rows.keys()]).toEqual([
    "release, npm",
    "release, pnpm",
    "release, yarn",
    "git, built by npm",
    "git submodule as a theme",
    "Go module",
    "vendored",
  ]);
});

test.each([
  ["release, npm", []],
  ["release, npm", ["npm"]],
  ["release, pnpm", ["pnpm"]],
  ["release, yarn", ["yarn"]],
  ["release, yarn", ["yarn4"]],
])(
  "a site that installs by %s with the tools of %j has the module and the programs",
  async (way, programs) => {
    const site = await newSite();
    // Yarn 4 refuses addresses without TLS; the release's has it.
    await writeFile(
      path.join(site, ".yarnrc.yml"),
      "nodeLinker: node-modules\nunsafeHttpWhitelist: [127.0.0.1]\n",
    );
    await run(commandsOf(way), site, programs);
    await expectModule(site);
  },
);

test("the lines of the README install with npm 12, and so does npm ci", async () => {
  const site = await newSite();
  const lines = /```sh\n(.*?)```/s.exec(blockOf("install"))?.[1] ?? "exit 1";
  await run(local(lines), site, ["npm"]);
  await expectModule(site);
  await rm(path.join(site, "node_modules"), { recursive: true });
  await run("npm ci", site, ["npm"]);
  await expectModule(site);
});

test("npm builds the package from git, and without its scripts the command names the remedy", async () => {
  const site = await newSite();
  await run(commandsOf("git, built by npm"), site, ["npm"]);
  await expectModule(site);
  const skipped = await newSite();
  await run(`${commandsOf("git, built by npm")} --ignore-scripts && npm rebuild imgproxy-lite`, skipped);
  expect(await run("npx --no imgproxy-lite scan || echo $?", skipped)).toMatch(
    /built files are missing: [\s\S]*\n2\n/,
  );
});

test("a checkout installs with and without the packages for development, and is built by the first", async () => {
  const checkout = path.join(root, "checkout");
  await run(`git clone --quiet "${repository}" "${checkout}"`, root);
  expect(await run("npm ci --omit=dev --no-audit --no-fund", checkout, ["npm"])).toContain(
    // TypeScript comes with npm ci all the same: it is an optional peer of a dependency.
    "imgproxy-lite is not built now: without its devDependencies there is no",
  );
  await run("npm ci --no-audit --no-fund && npm prune --omit=dev", checkout, ["npm"]);
  expect(await run("node bin/imgproxy-lite.js serve --help", checkout)).toContain("SOURCE");
  expect(await readdir(path.join(checkout, "dist/server/studio/page"))).toContain("studio.js");
});

test("pnpm and yarn 4 do not build the package from git: they refuse it, or the command names the remedy", async () => {
  const site = await newSite();
  const git = local(release.git);
  expect(await run(`pnpm add --save-dev "${git}" || true`, site, ["pnpm"])).toContain("PREPARE_NOT_ALLOWED");
  await run(`pnpm add --save-dev --ignore-scripts "${git}"`, site, ["pnpm"]);
  expect(await run("pnpm exec imgproxy-lite scan || echo $?", site, ["pnpm"])).toMatch(
    /built files are missing: [\s\S]*2\n/,
  );
  expect(
    await run(`yarn add --dev "imgproxy-lite@${git}" && echo installed || true`, site, ["yarn4"]),
  ).not.toMatch(/^installed$/m);
});

test("a git submodule is a theme, and has the programs", async () => {
  const site = await newSite('theme = ["imgproxy-lite"]\n');
  await run("git init --quiet", site);
  await run(commandsOf("git submodule as a theme"), site);
  await expectImage(site);
  expect(await run("node themes/imgproxy-lite/bin/imgproxy-lite.js --version", site)).toContain(
    release.version,
  );
});

test("Hugo gets the module by Go, and builds from _vendor without Go", async () => {
  const site = await newSite(siteConfig());
  await run(commandsOf("Go module"), site, ["hugo"]);
  await expectImage(site);
  await run(commandsOf("vendored"), site, ["hugo"]);
  expect(await readdir(path.join(site, "_vendor"))).toContain("github.com");
});

/** A generated part of the manual. */
function blockOf(name: string): string {
  return new RegExp(`<!-- ${name} -->(.*?)<!-- /${name} -->`, "s").exec(manual)?.[1] ?? "";
}

// --- sites ---

async function newSite(config?: string): Promise<string> {
  const site = await mkdtemp(path.join(root, "site-"));
  const lines = /```toml\n( *\[module\].*?)```/s.exec(manual)?.[1] ?? "";
  const endpoint = '[params.imgproxy]\nendpoint = "https://images.example/"\n';
  await mkdir(path.join(site, "content"));
  await mkdir(path.join(site, "layouts/_default"), { recursive: true });
  await writeFile(path.join(site, "package.json"), '{ "name": "blog", "private": true }');
  await writeFile(path.join(site, "hugo.toml"), config === undefined ? lines : `${config}${endpoint}`);
  await writeFile(path.join(site, "layouts/_default/single.html"), "{{ .Content }}");
  await writeFile(path.join(site, "content/a.md"), "![a](a.jpg)");
  // An empty lock file makes the folder a project of its own for yarn 4.
  await writeFile(path.join(site, "yarn.lock"), "");
  return site;
}

async function expectModule(site: string): Promise<void> {
  await expectImage(site);
  const said = await run("node_modules/.bin/imgproxy-lite --version", site);
  expect(said).toContain(release.version);
  expect(await run("node_modules/.bin/imgproxy-lite scan --dry-run", site)).toContain("1 image");
}

async function expectImage(site: string): Promise<void> {
  await run("hugo --quiet", site, ["hugo"]);
  expect(await readFile(path.join(site, "public/a/index.html"), "utf8")).toContain(
    "https://images.example/?img=a.jpg&amp;q=60&amp;w=1200",
  );
}

/** A repository with the working copy and the release's tag. */
async function copyOfTheTree(): Promise<string> {
  const tracked = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard", "-z"], {
    cwd: moduleRoot,
    encoding: "utf8",
  });
  for (const file of tracked.split("\0").filter(Boolean))
    await cp(path.join(moduleRoot, file), path.join(repository, file)).catch(() => {});
  await cp(path.join(moduleRoot, "dist"), path.join(repository, "dist"), { recursive: true });
  const commit = "git -c user.name=t -c user.email=t@t.example commit --quiet -m t";
  await run(`git init --quiet && git add --all && ${commit} && git tag v${release.version}`, repository);
  await symlink(repository, `${repository}.git`);
  return repository;
}

/** The row's commands, with the release and the repository on this machine. */
function commandsOf(way: string): string {
  return local(rows.get(way) ?? "exit 1");
}

function local(commands: string): string {
  const address = files.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return commands
    .replaceAll(release.file, `http://127.0.0.1:${port}/imgproxy-lite-${release.version}.tgz`)
    .replaceAll(release.git, `git+file://${repository}#v${release.version}`);
}

// --- programs ---

/** An executable in a folder of its own, so that a test can choose it. */
async function program(folder: string, script: string, name = folder): Promise<void> {
  await mkdir(path.join(tools, "bin", folder), { recursive: true });
  await writeFile(path.join(tools, "bin", folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

/** Output of commands that succeed. git finds the repository's address on this disk. */
function run(commands: string, cwd: string, programs: readonly string[] = []): Promise<string> {
  const folders = programs.map((name) => path.join(tools, "bin", name));
  const env = {
    ...process.env,
    // A home for git's configuration alone: npm keeps its own, such as a registry.
    HOME: path.join(root, "home"),
    NPM_CONFIG_USERCONFIG: process.env.NPM_CONFIG_USERCONFIG ?? path.join(homedir(), ".npmrc"),
    PATH: [...folders, process.env.PATH].join(":"),
    GOPATH: path.join(root, "go"),
    GOPRIVATE: "*",
    GOTOOLCHAIN: "local",
    HUGO_MODULE_PRIVATE: "*.*",
    HUGO_CACHEDIR: path.join(root, "hugo-cache"),
    CI: "",
  };
  return new Promise((resolve, reject) => {
    execFile("bash", ["-c", `exec 2>&1\n${commands}`], { cwd, env, maxBuffer: 1e8 }, (error, stdout) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${error.message}\n${stdout}`));
    });
  });
}
