import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { freePort } from "../../dev/machine/ports.ts";
import { createSite } from "../../hugo-module/test/hugo-site.ts";
import { startStandIn } from "../proxy/test/stand-in.ts";
import { manifestOf } from "./blog.ts";
import { run } from "./command.ts";

const config = (endpoint: string) =>
  `baseURL = "https://blog.example/"\ntheme = "imgproxy-lite"\n[params.imgproxy]\nendpoint = "${endpoint}"\n`;

const twoPosts = {
  "content/posts/one.md": "---\ntitle: One\n---\n\n![worms](worms.jpg)\n\nand again ![](worms.jpg)\n",
  "content/posts/two.md": "+++\ntitle = 'Two'\n+++\n![small](trips/small.jpg)\n",
  "content/posts/none.md": "no image here\n",
};

describe("a scan", () => {
  test("a scan makes every tier of every photograph for every class of readers, and a second one finds all of them", async () => {
    await using proxy = await startStandIn({ "worms.jpg": 4000, "trips/small.jpg": 600 });
    await using site = await createSite({ ...twoPosts, "config.toml": config(proxy.endpoint) });

    const first = await run(["--site", site.folder, "--json"]);
    expect(first.stderr).toBe("");
    expect(first.code).toBe(0);
    const tiers = ["q=72&v=0123456789&w=480", "q=66&v=0123456789&w=800", "q=60&v=0123456789&w=1200"];
    const wide = [...tiers, "q=54&v=0123456789&w=1600", "q=48&v=0123456789&w=2000"];
    const small = ["q=72&v=0123456789&w=480", "q=66&v=0123456789&w=600"];
    const queries = [
      ...wide.map((tier) => `img=worms.jpg&${tier}`),
      ...small.map((tier) => `img=trips%2Fsmall.jpg&${tier}`),
    ];
    expect(proxy.asked.filter((line) => line.includes(" ")).sort()).toEqual(
      queries.flatMap((query) => ["avif", "webp", "none"].map((accept) => `${accept} ${query}`)).sort(),
    );
    expect(JSON.parse(first.stdout).summary).toMatchObject({
      pages: 3,
      posts: 2,
      images: 3,
      photos: 2,
      variants: 21,
      hits: 0,
      made: 21,
      failed: 0,
      bytesBefore: 2_000_000,
    });

    const second = await run(["--site", site.folder, "--json"]);
    expect(JSON.parse(second.stdout).summary).toMatchObject({ variants: 21, hits: 21, made: 0 });
  });

  test("a scan writes the manifest whole and sorted, and leaves no other file", async () => {
    await using proxy = await startStandIn({ "worms.jpg": 4000, "trips/small.jpg": 600 });
    await using site = await createSite({ ...twoPosts, "config.toml": config(proxy.endpoint) });
    await run(["--site", site.folder]);
    expect(await manifestOf(site.folder)).toEqual({
      schema: 2,
      images: {
        "trips/small.jpg": { width: 600, height: 300, version: "0123456789", color: "#102030" },
        "worms.jpg": { width: 4000, height: 2000, version: "0123456789", color: "#102030" },
      },
    });
    const text = await readFile(`${site.folder}/assets/imgproxy.json`, "utf8");
    expect(text.indexOf("trips/small.jpg")).toBeLessThan(text.indexOf("worms.jpg"));
    expect(await readdir(`${site.folder}/assets`)).toEqual(["imgproxy.json"]);
  });

  test("a scan names each place of a missing or damaged photograph and exits with 1", async () => {
    await using proxy = await startStandIn({ "worms.jpg": 4000, "broken.jpg": 0 });
    await using site = await createSite({
      "config.toml": config(proxy.endpoint),
      "content/a.md": "---\ntitle: A\n---\ntext ![](nosuch.jpg)\n\n![](worms.jpg)\n",
      "content/b.md": "![](broken.jpg)\n",
    });
    const { code, stdout } = await run(["--site", site.folder]);
    expect(code).toBe(1);
    expect(stdout).toContain("content/a.md:4:6: error: nosuch.jpg: There is no such photograph.");
    expect(stdout).toContain("content/b.md:1:1: error: broken.jpg: it ends in the middle");
    expect(stdout).toContain("15 variants: 0 were there, 15 made, 0 failed");
  });

  test("a scan uses a key beside the page, else one of the site, and names both if neither exists", async () => {
    await using proxy = await startStandIn({
      "posts/both.jpg": 600,
      "both.jpg": 700,
      "root.jpg": 600,
      "img/social.png": 600,
    });
    await using site = await createSite({
      "config.toml": `${config(proxy.endpoint)}resolve = "page"\n[params]\nimages = ["img/social.png", "unread.png"]\n`,
      "content/posts/a.md": "---\nimage: root.jpg\n---\n![](both.jpg) ![](nosuch.jpg)\n",
      "content/posts/b.md": "![](root.jpg)\n",
      "content/c.md": "![](gone.jpg)\n",
    });
    const { code, stdout } = await run(["--site", site.folder, "--json"]);
    const report = JSON.parse(stdout);
    expect(Object.keys((await manifestOf(site.folder)).images)).toEqual([
      "img/social.png",
      "posts/both.jpg",
      "root.jpg",
    ]);
    expect(report.findings).toEqual([
      expect.objectContaining({ file: "content/c.md", message: "gone.jpg: There is no such photograph." }),
      expect.objectContaining({
        file: "content/posts/a.md",
        message: "posts/nosuch.jpg: There is no such photograph. Neither is nosuch.jpg.",
      }),
    ]);
    expect(code).toBe(1);
    expect(proxy.asked.filter((query) => query.includes("both.jpg") && query.startsWith("fm=json"))).toEqual([
      "fm=json&img=posts%2Fboth.jpg",
    ]);
  });

  test("a scan reports a photograph of the site's own parameters once, at the configuration", async () => {
    await using proxy = await startStandIn({});
    await using site = await createSite({
      "config.toml": `${config(proxy.endpoint)}resolve = "page"\n[params]\nimages = "img/social.png"\n`,
      "content/posts/a.md": "a\n",
      "content/notes/b.md": "---\nimgproxy: { tiers: eco }\n---\nb\n",
    });
    const { code, stdout } = await run(["--site", site.folder]);
    expect(code).toBe(1);
    expect(stdout.match(/img%?\S*social.png: There is no such photograph/g)).toHaveLength(1);
    expect(stdout).toContain("config.toml:1:1: error: img/social.png: There is no such photograph.");
  });

  test("a scan waits for an overloaded server, as Retry-After says", async () => {
    await using proxy = await startStandIn({ "worms.jpg": 400 });
    await using site = await createSite({
      "config.toml": config(proxy.endpoint),
      "content/a.md": "![](worms.jpg)\n",
    });
    proxy.failures.push({ status: 503, headers: { "retry-after": "1" } }, { status: 502 }, { status: 429 });
    const { code, stdout } = await run(["--site", site.folder]);
    expect(code).toBe(0);
    expect(stdout).toContain("3 variants: 0 were there, 3 made, 0 failed");
  });

  test("a scan waits for a server that restarts", async () => {
    const { port } = await freePort();
    const before = await startStandIn({ "worms.jpg": 400 }, port);
    await using site = await createSite({
      "config.toml": config(before.endpoint),
      "content/a.md": "![](worms.jpg)\n",
    });
    // Answers the probe and drops what comes next, as a process does that ends.
    before.failures.push({ status: 503, headers: { "retry-after": "1" } });
    const scanning = run(["--site", site.folder]);
    while (before.failures.length > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await before[Symbol.asyncDispose]();
    await new Promise((resolve) => setTimeout(resolve, 500));
    await using after = await startStandIn({ "worms.jpg": 400 }, port);
    const { code, stdout } = await scanning;
    expect(code).toBe(0);
    expect(stdout).toContain("3 variants: 0 were there, 3 made, 0 failed");
    expect(after.asked).toHaveLength(4);
  });

  test("a scan counts raw <img> tags that reach the page", async () => {
    await using proxy = await startStandIn({});
    const raw = `<img src="a.jpg">

text <IMG alt=""
src="b.jpg"> and <img/> and \`<img>\` \\<img>

<!-- <img> -->

\`\`\`html
<img src="code.jpg">
\`\`\`

<picture><source><img src="c.jpg"></picture>
`;
    const files = (unsafe: boolean) => ({
      "config.toml": `${config(proxy.endpoint)}[markup.goldmark.renderer]\nunsafe = ${unsafe}\n`,
      "content/a.md": `---\ntitle: A\n---\n${raw}`,
      "content/b.html": '---\ntitle: B\n---\n<p><img src="d.jpg"></p>\n',
    });
    const scanned = async (unsafe: boolean) => {
      await using site = await createSite(files(unsafe));
      const words = (await run(["--site", site.folder])).stdout;
      // Now by what the first run has remembered.
      const { stdout } = await run(["--site", site.folder, "--json"]);
      return { words, count: JSON.parse(stdout).summary.rawImages };
    };
    const reaching = await scanned(true);
    expect(reaching.count).toBe(5);
    expect(reaching.words).toContain(
      "5 raw <img> tags in the content: Hugo gives them to no hook, so without tiers\n",
    );
    const dropped = await scanned(false);
    expect(dropped.count).toBe(1);
    expect(dropped.words).toContain(
      "2 pages, 0 with images: 0 images of 0 photographs, 0 URLs\n1 raw <img> tag in the content: Hugo gives it to no hook",
    );
  });

  test("a scan warns that hugo does not change images while the site has no endpoint", async () => {
    await using proxy = await startStandIn({ "worms.jpg": 400 });
    await using site = await createSite({
      "config.toml": 'baseURL = "https://blog.example/"\n',
      "content/a.md": "![](worms.jpg)\n",
    });
    const { code, stdout } = await run(["--site", site.folder, "--endpoint", proxy.endpoint]);
    expect(code).toBe(0);
    expect(stdout).toContain("config.toml:1:1: warning: params.imgproxy.endpoint is not set");
  });

  test("a scan exits with 2 when the server is away for longer than --timeout", async () => {
    await using site = await createSite({
      "config.toml": config("http://127.0.0.1:9/"),
      "content/a.md": "![](worms.jpg)\n",
    });
    const { code, stderr } = await run(["--site", site.folder, "--timeout", "500ms"]);
    expect(code).toBe(2);
    expect(stderr).toContain("http://127.0.0.1:9 cannot be reached");
  });

  test("a scan without a token says that --publish and --preview publish nothing, and that --effort has no effect", async () => {
    await using proxy = await startStandIn({ "worms.jpg": 400 });
    await using site = await createSite({
      "config.toml": config(proxy.endpoint),
      "content/a.md": "![](worms.jpg)\n",
    });
    const warnings = async (...args: string[]) => {
      const { code, stdout } = await run(["--site", site.folder, "--json", ...args]);
      const findings: { severity: string; file: string; message: string }[] = JSON.parse(stdout).findings;
      return [code, ...findings.map(({ severity, file, message }) => `${file} ${severity} ${message}`)];
    };
    const remedy = "needs the server's token. Give --token, or set TOKEN";
    const nothing = "config.toml warning nothing is published:";
    expect(await warnings("--preview", "14d")).toEqual([0, `${nothing} --preview ${remedy}`]);
    expect(await warnings("--publish", "blog/a", "--preview", "14d", "--effort", "0")).toEqual([
      0,
      `${nothing} --publish and --preview ${remedy}`.replace("needs", "need"),
      `config.toml warning --effort has no effect: it ${remedy}`,
    ]);
    expect(await warnings("--html", ".", "--publish", "blog/a", "--token", "")).toEqual([
      0,
      `${nothing} --publish ${remedy}`,
    ]);
    expect(await warnings()).toEqual([0]);
  });

  test("a dry run sends no request and writes nothing", async () => {
    await using proxy = await startStandIn({});
    await using site = await createSite({ ...twoPosts, "config.toml": config(proxy.endpoint) });
    const { code, stdout } = await run(["--site", site.folder, "--dry-run", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).urls).toHaveLength(10);
    expect(proxy.asked).toEqual([]);
    expect(await readdir(site.folder)).not.toContain("assets");
  });

  test("a scan and a check say that the site does not import the module, and say nothing while a theme may", async () => {
    await using proxy = await startStandIn({ "worms.jpg": 400 });
    await using site = await createSite({
      "config.toml": config(proxy.endpoint).replace(/^theme.*\n/m, ""),
      "public/index.html": '<img src="data:,">',
      // An own hook is no reason when there is no other.
      "layouts/_default/_markup/render-image.html": "<img>",
    });
    const messages = async (...args: string[]) => {
      const { code, stdout } = await run(["--site", site.folder, "--json", ...args]);
      const findings: { severity: string; message: string }[] = JSON.parse(stdout).findings;
      return [code, ...findings.map(({ severity, message }) => `${severity} ${message}`)];
    };
    const words =
      "the site does not import the module, so images stay as they are: imgproxy-lite init writes the import";
    // There are no images that could stay as they are.
    expect(await messages()).toEqual([0]);
    await mkdir(path.join(site.folder, "content"));
    await writeFile(path.join(site.folder, "content/a.md"), "![](worms.jpg)\n");
    expect(await messages()).toEqual([0, `warning ${words}`]);
    expect(await messages("--check", "public")).toContain(
      `error no page names the proxy, although the content has photographs: ${words}`,
    );
    await writeFile(path.join(site.folder, "config.toml"), config(proxy.endpoint));
    expect(await messages()).toEqual([0]);
    // A template of the site that calls the module's is enough.
    await writeFile(
      path.join(site.folder, "layouts/_default/_markup/render-image.html"),
      '{{ partial "imgproxy/hook.html" . }}',
    );
    await writeFile(path.join(site.folder, "config.toml"), config(proxy.endpoint).replace(/^theme.*\n/m, ""));
    expect(await messages()).toEqual([0]);
  });

  test("a scan uses the proxy at --endpoint while the pages name another", async () => {
    await using proxy = await startStandIn({ "worms.jpg": 400 });
    await using site = await createSite({
      "config.toml": config("https://images.example/"),
      "content/a.md": "![](worms.jpg)\n",
    });
    const { code, stdout } = await run(["--site", site.folder, "--endpoint", proxy.endpoint, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).urls).toEqual([
      "https://images.example/?img=worms.jpg&q=72&v=0123456789&w=400",
    ]);
  });
});

describe("a scan that cannot run", () => {
  test.each([
    [["--site", "/nonexistent"], "/nonexistent holds no Hugo site"],
    [["--nosuch"], "Unknown option '--nosuch'"],
    [["--endpoint", "images.example"], "--endpoint takes a URL"],
    [["--timeout", "soon"], "--timeout takes a duration"],
  ])("a scan that cannot run exits with 2 and a message: %j: %s", async (args, words) => {
    const { code, stderr } = await run(args);
    expect(stderr).toContain(words);
    expect(code).toBe(2);
  });

  test("a scan reports all configuration errors together, with file and key", async () => {
    await using site = await createSite({
      "config.toml": config("https://images.example/"),
      "config/_default/params.yaml": "imgproxy:\n  resolve: sideways\n  Tiers: [{width: 0, quality: 50}]\n",
      "config/production/hugo.json": '{"params": {"imgproxy": {"formats": ["tiff"]}}}',
    });
    const { code, stderr } = await run(["--site", site.folder], { env: { HUGO_PARAMS_IMGPROXY_LOCAL: "x" } });
    expect(code).toBe(2);
    expect(stderr).toContain(
      'config/_default/params.yaml: params.imgproxy.resolve takes flat or page; it is "sideways"',
    );
    expect(stderr).toContain(
      "config/_default/params.yaml: params.imgproxy.tiers takes a whole number from 1 to 3840",
    );
    expect(stderr).toContain("config/production/hugo.json: params.imgproxy.formats takes");
    expect(stderr).toContain("HUGO_PARAMS_IMGPROXY_LOCAL: params.imgproxy.local takes hugo, tiers or proxy");
  });

  test.each([
    [
      "",
      { HUGO_IMGPROXY_KEY: "k" },
      "HUGO_IMGPROXY_KEY is set, but the site does not sign its URLs: set params.",
    ],
    [
      "sign = true",
      { HUGO_IMGPROXY_KEY: " \n" },
      "params.imgproxy.sign is on, and HUGO_IMGPROXY_KEY is not set",
    ],
  ])("a scan names the missing part of signing: %j with %j", async (line, env, words) => {
    await using site = await createSite({ "config.toml": `${config("https://images.example/")}${line}\n` });
    const { code, stdout, stderr } = await run(["--site", site.folder, "--dry-run"], { env });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(words);
  });

  test("a scan names a configuration file that does not parse", async () => {
    await using site = await createSite({ "config.toml": "a = \n" });
    const { code, stderr } = await run(["--site", site.folder]);
    expect(code).toBe(2);
    expect(stderr).toContain("config.toml cannot be read");
  });
});
