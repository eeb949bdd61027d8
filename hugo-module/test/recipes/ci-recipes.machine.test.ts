import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, test } from "vitest";
import { type Program, startProgram } from "../../../dev/machine/processes.ts";
import { atFileEnd } from "../../../server/test/support/file-end.ts";
import { forTests } from "../../../server/test/support/pod.ts";
import { extremes, moduleRoot, unescapeHtml } from "../hugo-site.ts";
import { commit, createRepository, git, gitEnvironment, type Installed, installPackages } from "./blog.ts";
import { type Purpose, stepsOf } from "./jobs.ts";
import { type Run, type Runner, runSteps } from "./runner.ts";

const recipes = await readdir(path.join(moduleRoot, "hugo-module/ci"));
const previews = ["github-pull-request.yml", "gitlab-ci.yml", "netlify.toml", "cloudflare-pages.sh"];
const token = "a-token-of-the-test-alone";

const atEnd = atFileEnd();
let work: string;
let installed: Installed;
let blog: string;
/** The last commit of each branch. */
const commits = new Map<string, string>();

beforeAll(async () => {
  work = await mkdtemp(path.join(tmpdir(), "recipes-"));
  atEnd(() => rm(work, { recursive: true, force: true, maxRetries: 5 }));
  installed = await installPackages(work, atEnd);
  await mkdir(path.join(work, "photos"));
  const picture = sharp({ create: { width: 600, height: 400, channels: 3, background: "teal" } });
  await picture.jpeg().toFile(path.join(work, "photos/worms.jpg"));
  blog = await createBlog();
});

describe.runIf(extremes.length > 0).concurrent("with git, npm, Hugo, the package, and a server", () => {
  test.each(recipes.filter((name) => name !== "github-pull-request.yml"))(
    "the recipe %s publishes a blog: its theme, its dates, widths, and a cache that has every image",
    async (recipe) => {
      await using runner = await createRunner(recipe, "main");
      const { exitCode, output } = await run(recipe, "publish", runner);
      expect([exitCode, output]).toEqual([0, expect.stringContaining("0 failed")]);
      const page = await readFile(path.join(runner.webroot, "posts/a/index.html"), "utf8");
      // From the theme, which is a submodule, and from the first commit.
      expect(page).toContain("of the theme, 2020-01-01");
      expect(page).toMatch(/width=["']?600["']? height=["']?400/);
      expect(await cacheOf(page)).toEqual(["hit", "hit"]);
      expect(await publishedSet(runner, "blog.example", "main")).toMatchObject({
        status: 200,
        expires: null,
      });
      if (!deploysLater(recipe)) expect(output).toMatch(/2 URLs at the public address: 6 responses/);
    },
  );

  test.each(previews)(
    "the recipe %s builds a preview, whose set expires and is not the site's",
    async (recipe) => {
      await using runner = await createRunner(recipe, "good");
      const { exitCode, output } = await run(recipe, "preview", runner);
      expect([exitCode, output]).toEqual([0, expect.stringContaining("0 failed")]);
      const site = ["netlify.toml", "cloudflare-pages.sh"].includes(recipe)
        ? "deploy-preview-7--blog.example"
        : "blog.example";
      expect(await publishedSet(runner, site, "good")).toMatchObject({
        status: 200,
        expires: expect.any(Number),
      });
    },
  );

  test("a pull request with a missing photograph fails with an annotation at its line, and still has a report", async () => {
    const recipe = "github-pull-request.yml";
    await using runner = await createRunner(recipe, "bad");
    const { exitCode, output } = await run(recipe, "preview", runner);
    expect(exitCode).toBe(1);
    expect(output).toMatch(/^::error file=content\/posts\/b\.md,line=4,col=1::.*gone\.jpg/m);
    expect(output).not.toContain("$ npx --no hugo");
    expect(await readFile(path.join(runner.webroot, "report.html"), "utf8")).toContain("gone.jpg");
  });

  test("a merge request with a missing photograph fails, and its code quality report names the line", async () => {
    const recipe = "gitlab-ci.yml";
    await using runner = await createRunner(recipe, "bad");
    expect((await run(recipe, "preview", runner)).exitCode).toBe(1);
    const report = await readFile(path.join(runner.workspace, "gl-code-quality-report.json"), "utf8");
    expect(JSON.parse(report)).toEqual([
      expect.objectContaining({ location: { path: "content/posts/b.md", lines: { begin: 4 } } }),
    ]);
  });
});

/** Netlify and Cloudflare deploy after the recipe's last command. */
function deploysLater(recipe: string): boolean {
  return ["netlify.toml", "cloudflare-pages.sh"].includes(recipe);
}

async function run(recipe: string, purpose: Purpose, runner: Runner): Promise<Run> {
  return await runSteps(await stepsOf(recipe, purpose), runner);
}

// --- the server ---

/** The server of the installed package, with an empty cache. */
async function startServer(folder: string): Promise<{ readonly server: Program; readonly endpoint: string }> {
  const server = await startProgram(
    {
      name: "imgproxy-lite",
      file: path.join(installed.folder, "node_modules/.bin/imgproxy-lite"),
      args: ["serve", "--source", path.join(work, "photos"), "--cache", path.join(folder, "cache")],
      env: { ...forTests, TOKEN: token },
    },
    /"url":"([^"]+)"/,
    AbortSignal.timeout(600_000),
  );
  return { server, endpoint: server.ready[1] ?? "" };
}

/** How the server answers each image of a page. */
async function cacheOf(page: string): Promise<string[]> {
  const [, srcset = ""] = /srcset="([^"]+)"/.exec(page) ?? [];
  const urls = unescapeHtml(srcset)
    .split(", ")
    .map((part) => part.split(" ")[0] ?? "");
  const answers = await Promise.all(
    urls.map((url) => fetch(url, { headers: { accept: "image/avif,image/webp,*/*" } })),
  );
  return answers.map((answer) => /; (\w+)/.exec(answer.headers.get("cache-status") ?? "")?.[1] ?? "");
}

async function publishedSet({ endpoint }: TestRunner, site: string, branch: string): Promise<object> {
  const name = commits.get(branch)?.slice(0, 12);
  const headers = { authorization: `Bearer ${token}` };
  const answer = await fetch(`${endpoint}api/published/${site}/${name}`, { headers });
  const body = (await answer.json()) as { readonly expires?: number };
  return { status: answer.status, expires: body.expires ?? null };
}

// --- the blog ---

async function createBlog(): Promise<string> {
  const theme = await createRepository(path.join(work, "theme"), [
    {
      "layouts/_default/single.html":
        'of the theme, {{ .Lastmod.Format "2006-01-02" }}{{ partial "imgproxy/preload.html" . }}{{ .Content }}',
      "layouts/_default/list.html": "{{ range site.RegularPages }}{{ .RelPermalink }}{{ end }}",
    },
  ]);
  const folder = path.join(work, "blog");
  const config = `baseURL = "https://blog.example/"
theme = "ours"
enableGitInfo = true
disableKinds = ["taxonomy", "term", "rss", "sitemap"]
[frontmatter]
lastmod = [":git"]
[module]
replacements = "github.com/imgproxy-lite/imgproxy-lite -> ../node_modules/imgproxy-lite"
[[module.imports]]
path = "github.com/imgproxy-lite/imgproxy-lite"
[params.imgproxy]
endpoint = "https://images.example/"
`;
  const lockfile = await readFile(installed.lockfile, "utf8");
  const ignored = "node_modules/\npublic/\nresources/\nassets/imgproxy.json\nkey\n";
  const script = await readFile(path.join(moduleRoot, "hugo-module/ci/cloudflare-pages.sh"), "utf8");
  const address = await createRepository(folder, [
    { "hugo.toml": config, "content/posts/a.md": "---\ntitle: A\n---\n![](worms.jpg)\n" },
    { "package.json": installed.packageJson, "package-lock.json": lockfile, ".gitignore": ignored },
  ]);
  await git(folder, ["submodule", "--quiet", "add", theme, "themes/ours"]);
  commits.set("main", await commit(folder, { "build.sh": script }, "2020-02-01T12:00:00Z"));
  for (const [branch, photo] of [
    ["good", "worms.jpg"],
    ["bad", "gone.jpg"],
  ] as const) {
    await git(folder, ["checkout", "--quiet", "-b", branch, "main"]);
    const post = { "content/posts/b.md": `---\ntitle: B\n---\n![](${photo})\n` };
    commits.set(branch, await commit(folder, post, "2020-03-01T12:00:00Z"));
  }
  return address;
}

// --- the runner ---

interface TestRunner extends Runner, AsyncDisposable {
  readonly endpoint: string;
}

async function createRunner(recipe: string, branch: string): Promise<TestRunner> {
  const folder = await mkdtemp(path.join(work, "runner-"));
  const webroot = path.join(folder, "www");
  const workspace = path.join(folder, "blog");
  for (const one of [webroot, workspace, path.join(folder, "home")]) await mkdir(one);
  const { server, endpoint } = await startServer(folder);
  const commitId = commits.get(branch) ?? "";
  const preview = "https://deploy-preview-7--blog.example";
  const services: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    "gitlab-ci.yml": { GITLAB_CI: "true", CI_COMMIT_SHA: commitId, CI_PROJECT_DIR: workspace, TOKEN: token },
    "woodpecker.yml": { CI_COMMIT_SHA: commitId },
    "netlify.toml": { COMMIT_REF: commitId, DEPLOY_PRIME_URL: preview, TOKEN: token },
    "cloudflare-pages.sh": {
      CF_PAGES_COMMIT_SHA: commitId,
      CF_PAGES_BRANCH: branch,
      CF_PAGES_URL: preview,
      TOKEN: token,
    },
  };
  const github = { GITHUB_ACTIONS: "true", GITHUB_SHA: commitId, GITHUB_WORKSPACE: workspace };
  return {
    endpoint,
    workspace,
    webroot,
    repository: blog,
    branch,
    env: {
      PATH: process.env.PATH ?? "",
      HOME: path.join(folder, "home"),
      // npm's own downloads, once for all runners.
      npm_config_cache: path.join(process.env.HOME ?? "", ".npm"),
      CI: "true",
      HUGO_PARAMS_IMGPROXY_ENDPOINT: endpoint,
      ...gitEnvironment,
      ...(services[recipe] ?? github),
    },
    values: new Map([
      ["secrets.IMGPROXY_TOKEN", token],
      ["secrets.DEPLOY_KEY", "key"],
      // A folder of this machine: the same rsync, without the ssh.
      ["secrets.DEPLOY_TARGET", `${webroot}/`],
    ]),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

test("rsync is on this machine", () => {
  expect(["/usr/bin/rsync", "/usr/local/bin/rsync"].some((file) => existsSync(file))).toBe(true);
});
