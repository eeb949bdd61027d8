import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { browserAccept } from "../../contract/accept.ts";
import { parseQuery } from "../../contract/url/request.ts";
import { buildSite, copyExampleSite, extremes } from "../../hugo-module/test/hugo-site.ts";
import { urlsIn } from "./blog.ts";
import { run } from "./command.ts";
import { type RealServer, startServer } from "./real-server.ts";

/** Narrow, so that encoding is quick; the URLs follow the same rules. */
const tiers = "tiers = [{width = 160, quality = 60}, {width = 320, quality = 50}]";

let site: string;
let server: RealServer;

beforeAll(async () => {
  site = await mkdtemp(path.join(tmpdir(), "example-site-"));
  await copyExampleSite(site);
  // Its path to the module is valid only in the checkout; the build gets one from the environment.
  const config = await readFile(path.join(site, "config.toml"), "utf8");
  await writeFile(
    path.join(site, "config.toml"),
    config.replace(/^ *replacements = .*$/m, "").replace(/(?<=\[params\.imgproxy\]\n)/, `${tiers}\n`),
  );
  server = await startServer(path.join(site, "photos"));
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(site, { recursive: true, force: true });
});

test.each([...extremes])(
  "the URLs that Hugo $version emits are those of the scan, and all are hits",
  async (hugo) => {
    const scanned = await run(
      [
        "--site",
        site,
        "--endpoint",
        server.endpoint,
        "--json",
        "--effort",
        "0",
        "--hugo-version",
        hugo.version,
      ],
      { env: { TOKEN: server.token } },
    );
    expect(scanned.stderr).toBe("");
    expect({ code: scanned.code, findings: JSON.parse(scanned.stdout).findings }).toEqual({
      code: 0,
      findings: [],
    });
    const report = JSON.parse(scanned.stdout);
    expect(report.findings).toEqual([]);
    expect(report.summary.failed).toBe(0);

    const built = await buildSite(site, hugo);
    expect(built.errors).toEqual([]);
    const emitted = new Set([...built.files.values()].flatMap((text) => [...urlsIn(text)]));
    expect(emitted).toEqual(new Set(report.urls));

    const cold: string[] = [];
    for (const url of emitted) {
      const query = new URL(url).search;
      const { quality, format } = parseQuery(query.slice(1));
      if (quality === undefined) continue;
      for (const accept of format === undefined ? Object.values(browserAccept) : ["*/*"]) {
        const response = await fetch(`${server.endpoint}${query}`, { headers: { accept } });
        await response.arrayBuffer();
        const status = response.headers.get("cache-status") ?? "";
        if (!response.ok || !/imgproxy-lite; hit/.test(status))
          cold.push(`${response.status} ${status} ${accept} ${url}`);
      }
    }
    expect(cold).toEqual([]);

    for (const [name, text] of built.files) {
      const file = path.join(site, "public", name);
      await mkdir(path.dirname(file), { recursive: true });
      await writeFile(file, text);
    }
    const checked = await run(
      [
        ...["--site", site, "--endpoint", server.endpoint, "--hugo-version", hugo.version],
        ...["--check", "public", "--json", "--effort", "0"],
      ],
      { env: { TOKEN: server.token } },
    );
    await rm(path.join(site, "public"), { recursive: true });
    const { findings, summary, unemitted } = JSON.parse(checked.stdout);
    expect({ code: checked.code, findings, unemitted }).toEqual({ code: 0, findings: [], unemitted: [] });
    expect(summary).toMatchObject({ made: 0, failed: 0 });
  },
);

test("a link preview that messengers would not show is warned of at its front matter", async () => {
  const noise = {
    create: {
      width: 1200,
      height: 700,
      channels: 3 as const,
      noise: { type: "gaussian" as const, mean: 128, sigma: 90 },
    },
  };
  await sharp({ ...noise, create: { ...noise.create, background: "#888" } })
    .jpeg()
    .toFile(path.join(site, "photos", "noise.jpg"));
  const post = "content/posts/noise.md";
  await writeFile(path.join(site, post), "---\ntitle: Noise\nimage: noise.jpg\n---\nText.\n");
  const { code, stdout } = await run(
    ["--site", site, "--endpoint", server.endpoint, "--json", "--effort", "0"],
    { env: { TOKEN: server.token } },
  );
  const { findings } = JSON.parse(stdout);
  expect({ code, findings }).toEqual({
    code: 0,
    findings: [
      expect.objectContaining({
        ...{ severity: "warning", file: post, line: 3 },
        message: expect.stringMatching(
          /^the link preview of noise\.jpg is \d{3} KB; some messengers show none above 300 KB/,
        ),
      }),
    ],
  });
});
