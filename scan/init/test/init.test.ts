import { execFileSync, spawn } from "node:child_process";
import { cp, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import path from "node:path";
import { load } from "js-yaml";
import { afterAll, describe, expect, test } from "vitest";
import {
  createSite,
  extremes,
  moduleRoot,
  type TestSite,
  unescapeHtml,
} from "../../../hugo-module/test/hugo-site.ts";
import { entriesBelow } from "../../site/entries-below.ts";
import { run } from "../../test/command.ts";
import { startScanProcess } from "../../test/scan-process.ts";

const process = startScanProcess();
afterAll(() => process[Symbol.asyncDispose]());

const endpoint = "https://photos.example/";
const flags = ["--endpoint", endpoint, "--bucket", "none", "--yes"];
const post = { "content/posts/a.md": "---\ntitle: A\n---\n![worms](worms.jpg)\n" };
const single = { "layouts/_default/single.html": "{{ .Content }}", "layouts/index.html": "home" };

/** A site without the module, with the package in its node_modules. */
async function blog(files: Readonly<Record<string, string>>): Promise<TestSite> {
  const site = await createSite({ ...post, ...single, "config.toml": "", ...files });
  const installed = path.join(site.folder, "node_modules/imgproxy-lite");
  for (const part of [
    "config.toml",
    "go.mod",
    "layouts",
    "contract",
    "hugo-module/assets",
    "hugo-module/package.hugo.json",
  ])
    await cp(path.join(moduleRoot, part), path.join(installed, part), { recursive: true });
  return site;
}

const init = (site: TestSite, ...args: string[]) =>
  process.run(["--site", site.folder, ...args], { program: "init", env: { TOKEN: "a-token-of-the-tests" } });

async function textsOf(site: TestSite): Promise<Readonly<Record<string, string>>> {
  const names = await entriesBelow(site.folder);
  const files = names.filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"));
  const texts = files.map(async ({ parentPath, name }) => {
    const file = path.join(parentPath, name);
    return [path.relative(site.folder, file), await readFile(file, "utf8")] as const;
  });
  return Object.fromEntries(await Promise.all(texts));
}

/** The lines of a text that another one has too, in this order. */
function isKept(before: string, after: string): boolean {
  const lines = after.split("\n");
  let at = 0;
  return before.split("\n").every((line) => {
    at = lines.indexOf(line, at) + 1;
    return at > 0;
  });
}

const papermod = {
  "themes/PaperMod/theme.toml": 'name = "PaperMod"\n',
  "themes/PaperMod/layouts/_default/_markup/render-image.html": "<img alt=theme>",
  "themes/PaperMod/layouts/partials/cover.html": "the theme's",
};

const sites: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "a plain site": {
    "config.toml":
      '# My blog\nbaseURL = "https://blog.example/" # for now\ndisableKinds = ["taxonomy", "term"]\n\n# The rest\n[params]\n  author = "me"\n',
  },
  "a site with a theme": {
    "config.toml": "",
    "hugo.yaml":
      "# My blog\nbaseURL: https://blog.example/\ntheme: PaperMod # v8\n\nparams:\n    # who\n    author: me\n    cover:\n        linkFullImages: true\n\nmenu:\n    main: []\n",
    ...papermod,
  },
  "a site whose theme is a module": {
    "config.toml":
      'baseURL = "https://blog.example/"\n\n[module]\n  # The theme\n  [[module.imports]]\n    path = "PaperMod"\n\n[params.imgproxy] # mine\n  figure = true\n  sizes = "50vw"\n[markup.goldmark.parser]\nwrapStandAloneImageWithinParagraph = false\n',
    ...papermod,
  },
  "a site with a folder of configuration": {
    "config.toml": "",
    "config/_default/hugo.toml": 'baseURL = "https://blog.example/"\n',
    "config/_default/params.yaml": "# who\nauthor: me\n",
    "config/_default/module.toml": '# themes\n[[imports]]\n  path = "PaperMod"\n',
    "config/production/params.yaml": "author: us\n",
    ...papermod,
  },
  "a site in JSON": {
    "config.toml": "",
    "hugo.json":
      '{\n  "baseURL": "https://blog.example/",\n  "params": {\n    "author": "me"\n  },\n  "theme": ["PaperMod"]\n}\n',
    ...papermod,
  },
};

async function createBlog(files: Readonly<Record<string, string>>): Promise<TestSite> {
  const site = await blog(files);
  // createSite always writes one; an empty config.toml would come before nothing.
  if (files["config.toml"] === "") execFileSync("rm", [path.join(site.folder, "config.toml")]);
  return site;
}

describe.each(Object.entries(sites))("init in %s", (name, files) => {
  test(`after init, ${name} prints the proxy's URLs on the oldest and the newest Hugo; a second run changes nothing`, async () => {
    await using site = await createBlog(files);
    const before = await textsOf(site);
    const first = await init(site, ...flags);
    expect([first.code, first.stderr]).toEqual([0, ""]);
    const after = await textsOf(site);
    for (const [file, text] of Object.entries(before)) {
      expect([file, isKept(text, after[file] ?? "")]).toEqual([file, true]);
      // Each line that was added is in the diff.
      for (const line of (after[file] ?? "").split("\n"))
        if (!text.includes(line)) expect(first.stdout).toContain(`+${line}`);
    }
    for (const hugo of extremes) {
      const { files: pages, errors, warnings } = await site.build(hugo);
      expect(errors).toEqual([]);
      const html = unescapeHtml(pages.get("posts/a/index.html") ?? "");
      expect(html).toContain(`srcset="${endpoint}?img=worms.jpg&q=`);
      const sizes = name.includes("module")
        ? "50vw"
        : name.includes("plain")
          ? "100vw"
          : "(min-width: 768px) 720px";
      expect(html).toContain(`sizes="${sizes}`);
      expect(warnings.filter((line) => line.includes("imgproxy"))).toEqual([]);
    }
    const built = await textsOf(site);
    // It asks nothing, so it needs no --yes.
    const second = await init(site, "--bucket", "none");
    expect([second.code, second.stdout]).toEqual([0, expect.stringContaining("there is nothing to change")]);
    expect(await textsOf(site)).toEqual(built);
    expect(JSON.stringify(built)).not.toContain("a-token-of-the-tests");
  });
});

test("init writes the recipe of the theme, and keeps a file that differs unless it may replace it", async () => {
  const own = { "layouts/partials/cover.html": "my own" };
  await using site = await createBlog({ ...sites["a site with a theme"], ...own });
  const kept = await init(site, ...flags);
  expect([kept.code, kept.stdout]).toEqual([
    1,
    expect.stringMatching(/cover\.html differs .*kept: see --overwrite/),
  ]);
  const texts = await textsOf(site);
  expect(texts["layouts/partials/cover.html"]).toBe("my own");
  expect(texts["layouts/partials/extend_head.html"]).toContain('partial "imgproxy/preload.html"');
  expect(texts["hugo.yaml"]).toMatch(/# Bucket keys are not relative to the page\.\n +relative: false\n/);
  expect(texts["content/posts/lake.md"]).toBeUndefined();
  const replaced = await init(site, ...flags, "--overwrite");
  expect(replaced.code).toBe(0);
  expect((await textsOf(site))["layouts/partials/cover.html"]).toContain("imgproxy/");
});

test("init prints what it cannot edit safely, to paste, and leaves the file as it is", async () => {
  const config =
    "baseURL: https://blog.example/\nmodule: {imports: []}\nmine: &p {author: me}\nparams: *p # both\n";
  await using site = await createBlog({ ...papermod, "config.toml": "", "hugo.yaml": config });
  const { code, stdout } = await init(site, ...flags, "--theme", "none");
  expect(code).toBe(1);
  expect(stdout).toContain(
    'hugo.yaml cannot be edited safely. Add these settings, each to its table there:\n\nparams:\n  imgproxy:\n    endpoint: "',
  );
  // What is left to paste is no second problem.
  expect(stdout).not.toContain("problem");
  expect((await textsOf(site))["hugo.yaml"]).toContain("mine: &p {author: me}\nparams: *p # both\n");
});

test("init without a terminal asks nothing, names the missing flags and writes nothing; nor does a dry run", async () => {
  await using site = await createBlog(sites["a plain site"] ?? {});
  const before = await textsOf(site);
  const missing = await init(site);
  expect([missing.code, missing.stderr]).toEqual([
    2,
    expect.stringContaining("missing: --endpoint URL, --bucket SOURCE (or none), --yes"),
  ]);
  const unsure = await init(site, "--endpoint", endpoint, "--bucket", "none");
  expect([unsure.code, unsure.stderr]).toEqual([2, expect.stringMatching(/missing: --yes$/m)]);
  const dry = await init(site, "--endpoint", endpoint, "--bucket", "none", "--dry-run");
  expect([dry.code, dry.stdout]).toEqual([0, expect.stringContaining(`+  endpoint = "${endpoint}"`)]);
  for (const [wrong, words] of [
    [
      ["--endpoint", "photos.example"],
      "--endpoint takes a URL such as https://images.example/; it is photos.example",
    ],
    [["--endpoint", "me:secret@photos.example"], "takes no user and password"],
    [
      ["http://photos.example/"],
      "Unexpected argument 'http://photos.example/' (after npm exec, write -- before all options)",
    ],
    [["--endpoint", "https://me:secret@photos.example/"], "takes no user and password"],
    [["--bucket", "s3://key:secret@photos"], "takes no keys"],
    [["--theme", "none-such", ...flags], "--theme takes ananke, "],
    [["--ci", "none-such", ...flags], "--ci takes cloudflare-pages, "],
    [["--nope"], "--nope"],
  ] as const) {
    const refused = await init(site, ...wrong);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringContaining(words)]);
    expect(refused.stderr).not.toContain("secret");
  }
  expect(await textsOf(site)).toEqual(before);
});

test("init refuses to write through a link that leads out of the site, and where the module is not installed", async () => {
  await using elsewhere = await createSite({});
  await using site = await createBlog(sites["a site with a theme"] ?? {});
  await mkdir(path.join(site.folder, "layouts/partials"), { recursive: true });
  await symlink(elsewhere.folder, path.join(site.folder, "layouts/partials/templates"));
  const before = [await textsOf(site), await textsOf(elsewhere)];
  const linked = await init(site, ...flags);
  expect([linked.code, linked.stderr]).toEqual([
    2,
    expect.stringMatching(
      /layouts\/partials\/templates\/.* leads out of the site, to .*: init writes only inside/,
    ),
  ]);
  execFileSync("rm", [
    "-r",
    path.join(site.folder, "node_modules"),
    path.join(site.folder, "layouts/partials/templates"),
  ]);
  const bare = await init(site, ...flags);
  expect([bare.code, bare.stderr]).toEqual([
    2,
    expect.stringMatching(/is not installed in .*npm install --save-dev/),
  ]);
  expect([await textsOf(site), await textsOf(elsewhere)]).toEqual(before);
});

test("init writes the recipe of the CI service, and only names its steps beside a workflow that runs hugo", async () => {
  await using site = await createBlog(sites["a plain site"] ?? {});
  await mkdir(path.join(site.folder, ".git"));
  await writeFile(
    path.join(site.folder, ".git/config"),
    '[remote "origin"]\n\turl = git@gitlab.com:me/blog.git\n',
  );
  expect((await init(site, ...flags)).code).toBe(0);
  const recipe = await readFile(path.join(moduleRoot, "hugo-module/ci/gitlab-ci.yml"), "utf8");
  expect((await textsOf(site))[".gitlab-ci.yml"]).toBe(recipe);
  const workflow = "jobs: {build: {steps: [{run: hugo --minify}]}}\n";
  await mkdir(path.join(site.folder, ".github/workflows"), { recursive: true });
  await writeFile(path.join(site.folder, ".github/workflows/hugo.yml"), workflow);
  const beside = await init(site, ...flags, "--ci", "github-pages");
  expect([beside.code, beside.stdout]).toEqual([
    1,
    expect.stringContaining(".github/workflows/hugo.yml is yours. Put these steps there"),
  ]);
  expect(beside.stdout).toMatch(
    /\n\n.*imgproxy-lite scan\n.*hugo --minify\n.*imgproxy-lite scan --check public\n\n/,
  );
  expect((await textsOf(site))[".github/workflows/hugo.yml"]).toBe(workflow);
});

test("init writes the CI file for the package manager of the site's lock file", async () => {
  for (const [lock, ...lines] of [
    ["pnpm-lock.yaml", "npm install --global pnpm && pnpm install --frozen-lockfile", "pnpm add --save-dev"],
    ["yarn.lock", "corepack enable && yarn install --frozen-lockfile", "yarn add --dev"],
    ["bun.lock", "npm install --global bun && bun install --frozen-lockfile", "bun add --dev"],
  ] as const) {
    await using site = await createBlog({ ...sites["a plain site"], [lock]: "" });
    expect((await init(site, ...flags, "--ci", "github-pages")).code).toBe(0);
    const text = (await textsOf(site))[".github/workflows/publish.yml"];
    for (const line of lines) expect(text).toContain(line);
    expect(text).not.toMatch(/npm ci|cache: npm/);
  }
});

test("init finds the builds that Woodpecker reads, the repository above the site, and says if there is no recipe", async () => {
  await using site = await createBlog({
    ...sites["a plain site"],
    ".woodpecker/build.yaml": "steps: [{name: build, commands: [hugo]}]\n",
  });
  const built = await init(site, ...flags);
  expect([built.code, built.stdout]).toEqual([
    1,
    expect.stringContaining(".woodpecker/build.yaml is yours. Put these steps there"),
  ]);
  expect((await textsOf(site))[".woodpecker.yml"]).toBeUndefined();
  await using alone = await createBlog(sites["a plain site"] ?? {});
  await using repository = await createSite({ ".git/HEAD": "" });
  const part = path.join(repository.folder, "web");
  await cp(alone.folder, part, { recursive: true });
  expect((await init(alone, ...flags)).stdout).toMatch(
    /no CI service with a recipe was found: --ci takes .*netlify/,
  );
  expect((await init({ ...alone, folder: part }, ...flags)).stdout).toContain(
    `the site is a part of the repository ${repository.folder}, whose CI files are outside`,
  );
  await mkdir(path.join(alone.folder, ".git"));
  const words = "add node_modules/ to .gitignore";
  expect((await init(alone, ...flags)).stdout).toContain(words);
  await writeFile(path.join(alone.folder, ".gitignore"), "/node_modules/\n");
  expect((await init(alone, ...flags)).stdout).not.toContain(words);
});

test.each([
  ["https://photos.example/", "photos.example", ["80:80", "443:443", "443:443/udp"], undefined],
  ["https://photos.example:8443/i", "photos.example:8443", ["80:80", "8443:8443", "8443:8443/udp"], "/i/"],
  ["http://nas.lan/", "http://nas.lan", ["80:80"], undefined],
  ["http://localhost:5000/", "http://localhost:5000", ["127.0.0.1:5000:5000"], undefined],
  ["http://[::1]:5000/", "http://[::1]:5000", ["[::1]:5000:5000"], undefined],
])("the compose file of init answers at %s", async (endpoint, host, ports, basePath) => {
  await using site = await createBlog(sites["a plain site"] ?? {});
  const args = ["--endpoint", endpoint, "--bucket", "./photos", "--ci", "none", "--yes"];
  const { code, stdout } = await init(site, ...args);
  const texts = await textsOf(site);
  const { services } = load(texts["imgproxy-lite/compose.yaml"] ?? "") as {
    services: { caddy: { environment: { IMAGES_HOST: string }; ports: string[] } };
  };
  expect([code, services.caddy.environment.IMAGES_HOST, services.caddy.ports]).toEqual([
    0,
    `\${IMAGES_HOST:-${host}}`,
    ports,
  ]);
  expect(/^BASE_PATH=(.*)$/m.exec(texts["imgproxy-lite/imgproxy-lite.env"] ?? "")?.[1]).toBe(basePath);
  expect(stdout).toContain("\nthe server: run docker compose up -d in imgproxy-lite/\n");
  expect(/only this machine reaches .* init again with --endpoint/.test(stdout)).toBe(
    /localhost|::1/.test(endpoint),
  );
  const again = await init(site, "--endpoint", "https://other.example/", "--ci", "none", "--yes");
  expect(again.stdout).toContain(
    'compose.yaml is for another address: set its IMAGES_HOST to other.example, and ports to ["80:80", "443:443", "443:443/udp"]',
  );
});

test("init shows no line ends in its diff, and names what the system refuses without a stack", async () => {
  await using site = await createBlog({
    "config.toml": 'baseURL = "https://blog.example/"\r\n[params]\r\na = 1\r\n',
  });
  const { code, stdout } = await init(site, ...flags);
  expect([code, stdout]).toEqual([0, expect.not.stringContaining("\\u{d}")]);
  expect((await textsOf(site))["config.toml"]).toMatch(/^(?:[^\n]*\r\n)+$/);
  await writeFile(path.join(site.folder, "imgproxy-lite"), "");
  const refused = await init(site, "--endpoint", endpoint, "--bucket", "s3://photos", "--yes");
  expect([refused.code, refused.stderr]).toEqual([
    2,
    expect.stringMatching(
      /^imgproxy-lite init: .*compose\.yaml: a part of this path is a file, not a folder: .* \(ENOTDIR\)\n$/,
    ),
  ]);
});

test.runIf(extremes.length > 0)(
  "a site whose init is killed after any of its writes has whole files, and builds",
  async () => {
    const config = sites["a site with a folder of configuration"] ?? {};
    for (let writes = 0; ; writes++) {
      await using site = await createBlog(config);
      const preload = `import fs from "node:fs/promises"; import { syncBuiltinESMExports } from "node:module";
const { rename } = fs; let left = ${writes};
fs.rename = async (...args) => left-- > 0 ? rename(...args) : process.kill(process.pid, "SIGKILL"); syncBuiltinESMExports();`;
      const { code } = await run(["--site", site.folder, ...flags], { program: "init", preload });
      const hugo = extremes.at(-1);
      if (hugo === undefined) return;
      const { errors } = await site.build(hugo);
      expect([writes, errors]).toEqual([writes, []]);
      if (code === 0) {
        expect(writes).toBeGreaterThan(3);
        return;
      }
    }
  },
);

test.runIf(executableExists("script"))(
  "init in a terminal asks for the endpoint, again after a wrong one, and before it writes",
  async () => {
    await using site = await createBlog(sites["a plain site"] ?? {});
    const before = await textsOf(site);
    const command = `${globalThis.process.execPath} ${path.join(moduleRoot, "bin/imgproxy-lite.js")} init --bucket none --site ${site.folder}`;
    /** Types each answer when the question before it stands there. */
    const type = async (...answers: readonly (readonly [question: RegExp, answer: string])[]) => {
      const child = spawn("script", ["-qec", `${command}; echo = $?`, "/dev/null"], {
        stdio: ["pipe", "pipe", "inherit"],
      });
      const left = [...answers];
      let [shown, since] = ["", 0];
      for await (const chunk of child.stdout) {
        shown += chunk;
        const [question, answer] = left[0] ?? [];
        if (question?.test(shown.slice(since)) !== true) continue;
        since = shown.length;
        left.shift();
        child.stdin.write(`${answer}\n`);
      }
      return shown.replaceAll("\r", "");
    };
    const address = /Address of the server.*: /;
    const write = /Write 1 file\? \[y\/N\] /;
    const refused = await type([address, "nowhere"], [address, endpoint], [write, "n"]);
    expect(refused).toMatch(
      /--endpoint takes a URL[\s\S]*Write 1 file\? \[y\/N\][\s\S]*nothing was written\n= 1\n/,
    );
    expect(await textsOf(site)).toEqual(before);
    expect(await type([address, endpoint], [write, "y"])).toMatch(/1 file written\n= 0\n/);
    expect((await textsOf(site))["config.toml"]).toContain(`endpoint = "${endpoint}"`);
  },
);

function executableExists(name: string): boolean {
  try {
    return execFileSync("which", [name]).length > 0;
  } catch {
    return false;
  }
}
