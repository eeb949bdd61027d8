import { mkdir, rename, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSite, extremes, moduleRoot } from "../../../hugo-module/test/hugo-site.ts";
import { startCdn } from "../../test/cdn.ts";
import { run } from "../../test/command.ts";
import { type RealServer, startServer } from "../../test/real-server.ts";
import { type ScanProcess, startScanProcess } from "../../test/scan-process.ts";

const hugo = extremes.at(-1);
const photos = path.join(moduleRoot, "hugo-module/exampleSite/photos");
let process: ScanProcess;
let server: RealServer;

beforeAll(async () => {
  process = startScanProcess(path.dirname(hugo?.path ?? "/"));
  server = await startServer(photos);
});

afterAll(async () => {
  await process[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** A busy machine answers later than a doctor waits; a later option wins. */
const patient = ["--timeout", "10m"];

const module = 'path = "github.com/imgproxy-lite/imgproxy-lite"';
const content = { "content/posts/a.md": "![](worms.jpg)\n" };

/** A well configured site. */
const config = (endpoint: string, more = "") => `baseURL = "https://blog.example/"
${more}
[params.imgproxy]
endpoint = "${endpoint}"
sizes = "44rem"
[module]
replacements = "github.com/imgproxy-lite/imgproxy-lite -> ${moduleRoot}"
[[module.imports]]
${module}
`;

interface Examined {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** `problem endpoint words` */
  readonly lines: readonly string[];
}

async function examine(
  files: Readonly<Record<string, string>>,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = { TOKEN: server.token },
): Promise<Examined> {
  await using site = await createSite({ ...content, ...files });
  const ran = await process.run(["--site", site.folder, "--json", ...patient, ...args], {
    program: "doctor",
    env,
  });
  const { checks = [] }: { checks?: { state: string; check: string; message: string }[] } = JSON.parse(
    ran.stdout || "{}",
  );
  return { ...ran, lines: checks.map(({ state, check, message }) => `${state} ${check} ${message}`) };
}

const problemsOf = ({ lines }: Examined) => lines.filter((line) => line.startsWith("problem"));

describe.skipIf(hugo === undefined)("a doctor", () => {
  test("a doctor finds nothing wrong with a site that is well, writes nothing and prints no token", async () => {
    await using site = await createSite({ ...content, "config.toml": config(server.endpoint) });
    const { code, stdout } = await process.run(["--site", site.folder, ...patient], {
      program: "doctor",
      env: { TOKEN: server.token },
    });
    expect(stdout.split("\n").map((line) => line.split(/ +/, 2).join(" "))).toEqual([
      "ok site",
      "ok hugo",
      "ok module",
      "ok hook",
      "ok goldmark",
      "ok parameters",
      "note endpoint",
      "ok source",
      "ok token",
      "ok version",
      "ok photographs",
      "note cdn",
      "all is",
      "",
    ]);
    expect(code).toBe(0);
    expect(stdout).not.toContain(server.token);
    await expect(rm(path.join(site.folder, "resources"), { recursive: true })).rejects.toThrow("ENOENT");
  });

  test.each<readonly [string, Readonly<Record<string, string>>, readonly RegExp[]]>([
    [
      "a site that does not import the module",
      { "config.toml": 'baseURL = "https://blog.example/"\n[params.imgproxy]\nendpoint = "ENDPOINT"\n' },
      [/^problem module the site does not import .* imgproxy-lite init/],
    ],
    [
      "an import that is not on this machine",
      {
        "config.toml": `[params.imgproxy]\nendpoint = "ENDPOINT"\n[[module.imports]]\n${module}\n`,
      },
      [/^problem module github.com\/imgproxy-lite\/imgproxy-lite is imported, but .* npm ci/],
    ],
    [
      "a theme that is not there",
      { "config.toml": config("ENDPOINT", 'theme = "papermod"') },
      [/^problem theme themes\/papermod does not exist: run git submodule update --init/],
    ],
    [
      "a theme's hook before the module's",
      {
        "config.toml": config("ENDPOINT").replace("[[module", '[[module.imports]]\npath = "t"\n[[module'),
        "themes/t/layouts/_default/_markup/render-image.html": "<img>",
      },
      [
        /^problem hook themes\/t\/layouts\/_default\/_markup\/render-image.html is used .*: list the module before the theme/,
      ],
    ],
    [
      "a theme's hook for a section",
      {
        "config.toml": config("ENDPOINT", 'theme = "t"'),
        "themes/t/layouts/posts/_markup/render-image.html": "<img>",
      },
      [
        /^problem hook themes\/t\/layouts\/posts.* is used .*: copy it into the site's own layouts, and print/,
      ],
    ],
    [
      "a hook of the site",
      {
        "config.toml": config("ENDPOINT"),
        "layouts/_default/_markup/render-image.html": "<img>",
      },
      [/^problem hook layouts\/_default\/_markup\/render-image.html is used .*: delete it, or print/],
    ],
    [
      "Hugo's own hook",
      {
        "config.toml": config("ENDPOINT", '[markup.goldmark.renderHooks.image]\nuseEmbedded = "always"\n'),
      },
      [/^problem hook config.toml: markup.*useEmbedded is "always".*: remove it/],
    ],
    [
      "parameters without their setting of goldmark",
      { "config.toml": config("ENDPOINT").replace("sizes =", "figure = true\nsizes =") },
      [/^problem goldmark params.imgproxy.figure does nothing: .*wrapStandAloneImageWithinParagraph = false/],
    ],
    [
      "unknown parameters",
      { "config.toml": config("ENDPOINT").replace("sizes =", "width = 1\nsizes =") },
      [/^problem parameters imgproxy has no parameter width: did you mean tiers\?/],
    ],
    [
      "wrong parameters",
      { "config.toml": config("ENDPOINT").replace("sizes =", 'tiers = "huge"\nlink = "all"\nsizes =') },
      [
        /^problem parameters config.toml: params.imgproxy.tiers takes .*; it is "huge"/,
        /^problem parameters config.toml: params.imgproxy.link takes none, original or widest; it is "all"/,
      ],
    ],
    [
      "a configuration that does not parse",
      { "config.toml": "baseURL = [\n" },
      [/^problem site config.toml cannot be read/],
    ],
    [
      "a site without an endpoint",
      { "config.toml": config("") },
      [/^problem endpoint params.imgproxy.endpoint is not set: set it to the address/],
    ],
    [
      "photographs of another bucket",
      { "config.toml": config("ENDPOINT"), "content/posts/a.md": "![](a.jpg)\n" },
      [/^problem photographs the server has none of 1 photograph of the site, such as a.jpg: is its SOURCE/],
    ],
    [
      "some photographs that are missing",
      { "config.toml": config("ENDPOINT"), "content/posts/b.md": "![](a.jpg)\n" },
      [/^problem photographs the server has only 1 of 2 photographs .*: imgproxy-lite scan names/],
    ],
    [
      "images over HTTP on pages over HTTPS",
      { "config.toml": config("PLAIN") },
      [/^problem endpoint the pages of https:\/\/blog.example\/ are HTTPS, so browsers block .* certificate/],
    ],
  ])("a doctor names %s, with the remedy", async (_, files, expected) => {
    const plain = server.endpoint.replace("127.0.0.1", "0.0.0.0");
    const named = Object.entries(files).map(([name, text]) => [
      name,
      text.replace("ENDPOINT", server.endpoint).replace("PLAIN", plain),
    ]);
    const examined = await examine(Object.fromEntries(named));
    expect(problemsOf(examined)).toEqual(expected.map((pattern) => expect.stringMatching(pattern)));
    // Without the module there is nothing to say of its hook.
    if (problemsOf(examined).some((line) => line.startsWith("problem module")))
      expect(examined.lines.join("\n")).not.toContain(" hook ");
    expect(examined.code).toBe(1);
  });

  test("a doctor names a Hugo that is too old, and one that is missing", async () => {
    const files = { "config.toml": config(server.endpoint) };
    const old = await examine(files, ["--hugo-version", "0.92.1"]);
    expect(problemsOf(old)[0]).toMatch(/^problem hugo Hugo 0\.92\.1 is too old: install 0\.111\.3 or newer/);
    await using site = await createSite(files);
    const none = await run(["--site", site.folder], { env: { PATH: "/nowhere" }, program: "doctor" });
    expect(none.stdout).toMatch(/^problem +hugo +there is no hugo on PATH: install .*--hugo-version$/m);
    expect(none.code).toBe(1);
  });

  test("a doctor names a server that is down, and one that is something else", async () => {
    const other = createServer((_, response) => response.end("<title>It works!</title>"));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const at = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
    const wrong = await examine({ "config.toml": config(at) });
    expect(problemsOf(wrong)).toEqual([
      expect.stringMatching(
        /^problem endpoint http:\S+ is not an imgproxy-lite server: .*Is --endpoint right/,
      ),
    ]);
    await new Promise((resolve) => other.close(resolve));
    const down = await examine({ "config.toml": config(at) }, ["--timeout", "100ms"]);
    expect(problemsOf(down)).toEqual([
      expect.stringMatching(/^problem endpoint .*ECONNREFUSED.*: start the server there, or correct/),
    ]);
    expect([wrong.code, down.code]).toEqual([1, 1]);
  });

  test("a doctor names a token that the server refuses, and looks at the rest without it", async () => {
    const env = { TOKEN: "another-token-than-the-server-has" };
    const examined = await examine({ "config.toml": config(server.endpoint) }, [], env);
    expect(problemsOf(examined)).toEqual([
      expect.stringMatching(/^problem token .* refuses the token: set --token \(or TOKEN\)/),
    ]);
    expect(examined.lines).toContainEqual(expect.stringMatching(/^ok photographs/));
    expect(examined.stdout).not.toContain(env.TOKEN);
  });

  test("a doctor notes a server of another release, and one that does not tell its release", async () => {
    for (const [body, words] of [
      ['{"version":"99.9.9"}', "the server is 99.9.9, this command "],
      ['{"code":"no-route"}', "the server is older, this command "],
    ] as const) {
      const instead = ({ url }: { url?: string | undefined }) =>
        url === "/api/version" ? { status: body.includes("code") ? 404 : 200, body } : undefined;
      await using cdn = await startCdn(server.endpoint, { instead });
      const examined = await examine({ "config.toml": config(cdn.endpoint) });
      expect(examined.lines).toContainEqual(expect.stringContaining(`note version ${words}`));
      expect(examined.code).toBe(0);
    }
  });

  test("a doctor names a server without an API, without its source, and with other signing keys", async () => {
    const folder = await mkdir(path.join(photos, "../../../.cache/doctor-photos"), { recursive: true });
    const source = folder ?? path.join(photos, "../../../.cache/doctor-photos");
    await using signed = await startServer(source, {
      TOKEN: "",
      VARIANTS: "signed",
      SIGNING_KEYS: "the-key-of-the-server",
    });
    const env = { TOKEN: "a-token-for-the-tests-alone", HUGO_IMGPROXY_KEY: "the-key-of-the-site" };
    const wrong = config(signed.endpoint).replace("sizes =", "sign = true\nsizes =");
    const other = await examine({ "config.toml": wrong }, [], env);
    expect(problemsOf(other)).toEqual([
      expect.stringMatching(/^problem signature the server refuses this site's URLs .*HUGO_IMGPROXY_KEY/),
      expect.stringMatching(/^problem token .*api\/probe does not exist: start the server with TOKEN/),
    ]);
    await rename(source, `${source}-gone`);
    const gone = await examine({ "config.toml": wrong }, ["--timeout", "5s"], {
      HUGO_IMGPROXY_KEY: "the-key-of-the-server",
    });
    await rm(`${source}-gone`, { recursive: true });
    expect(problemsOf(gone)).toEqual([
      expect.stringMatching(/^problem source the server cannot read its photographs .*doctor --server/),
    ]);
    for (const { stdout, stderr } of [other, gone])
      expect(stdout + stderr).not.toMatch(/the-key-of|a-token-for|[?&]s=[0-9a-f]/);
  });

  test.each([
    [
      "ignores Vary",
      { keyOf: ({ url = "" }: { url?: string | undefined }) => url },
      /^problem cdn something in front of the proxy ignores Vary/,
    ],
    [
      "removes Vary",
      { headers: () => ({ vary: undefined }) },
      /^problem cdn the responses have no Vary: Accept/,
    ],
    [
      "caches nothing",
      { headers: () => ({ "cf-cache-status": "DYNAMIC" }) },
      /^problem cdn no response came from a cache.*: .*add a Cache Rule/,
    ],
  ])("a doctor names a CDN that %s", async (_, habits, expected) => {
    await using cdn = await startCdn(server.endpoint, habits);
    const examined = await examine({ "config.toml": config(cdn.endpoint) }, [], {});
    expect(problemsOf(examined)).toEqual([expect.stringMatching(expected)]);
  });

  test("a doctor that cannot run says why, and exits with 2", async () => {
    const nowhere = await process.run(["--site", "/proc"], { program: "doctor" });
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining("holds no Hugo site")]);
    const option = await process.run(["--edge"], { program: "doctor" });
    expect([option.code, option.stderr]).toEqual([2, expect.stringContaining("doctor has no option --edge")]);
  });
});
