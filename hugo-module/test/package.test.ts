import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readRelease } from "../../dev/pages/release.ts";
import { createSite, hugos, moduleRoot, siteConfig } from "./hugo-site.ts";

/** What `npm install` makes of the release's file: node_modules/imgproxy-lite in a site, and the dependencies above it. */
const root = await mkdtemp(path.join(tmpdir(), "package-"));
const installed = path.join(root, "node_modules", "imgproxy-lite");

const replacements =
  'replacements = "github.com/imgproxy-lite/imgproxy-lite -> ../node_modules/imgproxy-lite"';
const config = siteConfig('[params.imgproxy]\nendpoint = "https://images.example/"').replace(
  "[[module.imports]]",
  `[module]\n${replacements}\n[[module.imports]]`,
);

beforeAll(async () => {
  // The build of the test run is what is packed; a second one would write the files that other tests run.
  await run("npm", ["pack", "--ignore-scripts", "--pack-destination", root], moduleRoot);
  const [file = ""] = (await readdir(root)).filter((name) => name.endsWith(".tgz"));
  await mkdir(installed, { recursive: true });
  await run("tar", ["-xzf", path.join(root, file), "-C", installed, "--strip-components=1"], root);
  await mkdir(path.join(installed, "node_modules"));
  const { dependencies }: { dependencies: object } = JSON.parse(
    await readFile(path.join(installed, "package.json"), "utf8"),
  );
  for (const name of Object.keys(dependencies)) {
    const link = path.join(root, "node_modules", name);
    await mkdir(path.dirname(link), { recursive: true });
    await symlink(path.join(moduleRoot, "node_modules", name), link);
  }
});

afterAll(() => rm(root, { recursive: true, force: true }));

test.each(hugos)(
  "Hugo $version takes the module from the installed package, without Go and without vendoring",
  async (hugo) => {
    await using site = await createSite({ "config.toml": config, "content/a.md": "![a](a.jpg)" });
    await symlink(path.join(root, "node_modules"), path.join(site.folder, "node_modules"));
    const built = await site.build(hugo, { env: { HUGO_MODULE_REPLACEMENTS: "", PATH: "/nonexistent" } });
    expect(built.output).toMatch(/^(?![\s\S]*(?:WARN|ERROR))/);
    expect(built.files.get("a/index.html")).toContain(
      "https://images.example/?img=a.jpg&amp;q=60&amp;w=1200",
    );
    expect([...built.files.keys()].filter((file) => file.endsWith(".css"))).toHaveLength(1);
  },
);

test("the installed package has every program in the version of its module", async () => {
  const { version }: { version: string } = JSON.parse(
    await readFile(path.join(installed, "package.json"), "utf8"),
  );
  expect(await imgproxyLite(installed, ["--version"])).toEqual({ code: 0, text: `${version}\n` });
  for (const name of ["serve", "scan"])
    expect(await imgproxyLite(installed, [name, "--help"])).toEqual({
      code: 0,
      text: expect.stringContaining(name),
    });
});

test("the installed package has no sources, tests or programs for developers", async () => {
  const files = await readdir(installed, { recursive: true });
  expect(files.filter((file) => /(?:^|\/)(?:test|dev|bench|\.tsbuildinfo)$|\.ts$/.test(file))).toEqual([]);
});

test("a package that was installed without its scripts says that built files are missing, and the remedy", async () => {
  const unbuilt = path.join(root, "unbuilt");
  await cp(installed, unbuilt, { recursive: true, filter: (file) => !file.includes("/dist") });
  for (const name of ["serve", "scan"])
    expect(await imgproxyLite(unbuilt, [name])).toEqual({
      code: 2,
      text: `imgproxy-lite: built files are missing: the package manager skipped the scripts of ${unbuilt}/, and npm rebuild imgproxy-lite cannot make up for it. Use the release, which is built: ${readRelease().repository}/releases\n`,
    });
  // A checkout has what a build needs.
  await writeFile(path.join(unbuilt, "tsconfig.build.json"), "{}");
  expect((await imgproxyLite(unbuilt, ["scan"])).text).toContain(
    `built files are missing: run npm ci && npm run build in ${unbuilt}/, or use the release`,
  );
});

test("prepare leaves the build out without the packages for it, in one line, unless npm packs the package", async () => {
  const checkout = path.join(root, "checkout");
  await mkdir(path.join(checkout, "dev"), { recursive: true });
  for (const file of ["package.json", "dev/prepare.js"])
    await cp(path.join(moduleRoot, file), path.join(checkout, file));
  // The links beside the checkout are of packages for the run time.
  const prepare = (command: string) =>
    run(process.execPath, ["dev/prepare.js"], checkout, { npm_command: command });
  expect(await prepare("ci")).toEqual({
    code: 0,
    text: "imgproxy-lite is not built now: without its devDependencies there is no typescript and no rolldown. To build it: npm ci --include=dev\n",
  });
  expect((await prepare("pack")).code).not.toBe(0);
});

function imgproxyLite(folder: string, args: readonly string[]) {
  return run(process.execPath, [path.join(folder, "bin/imgproxy-lite.js"), ...args], root);
}

function run(
  command: string,
  args: readonly string[],
  cwd: string,
  variables: Readonly<Record<string, string>> = {},
) {
  const env = { ...process.env, ...variables };
  return new Promise<{ code: number | null; text: string }>((resolve) => {
    const child = execFile(command, args, { cwd, env }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode, text: stdout + stderr }),
    );
  });
}
