import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSite, extremes, runHugo, siteConfig } from "../../hugo-module/test/hugo-site.ts";
import { photo } from "../../server/test/support/pictures.ts";
import { run } from "./command.ts";
import { type RealServer, startServer } from "./real-server.ts";

let photos: string;
let server: RealServer;

beforeAll(async () => {
  photos = await mkdtemp(path.join(tmpdir(), "replaced-photos-"));
  server = await startServer(photos, { REENCODE_BUDGET: "0" });
  await put("still.jpg", 300);
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await rm(photos, { recursive: true, force: true });
});

/** Each width is another photograph. */
async function put(key: string, width: number): Promise<void> {
  await writeFile(path.join(photos, key), await photo(width, 200).jpeg({ quality: 95 }).toBuffer());
}

/** In front of the server. */
interface Front extends AsyncDisposable {
  readonly endpoint: string;
  /** The paths that were requested. */
  readonly called: string[];
}

/**
 * @param onWarm is called with the key of each call of a warm-up, before the server gets it, and after it has answered.
 * @param says what a scan gets instead of the text of a line.
 */
async function startFront(
  onWarm: (key: string, when: "before" | "after") => Promise<void>,
  says = (text: string) => text,
): Promise<Front> {
  const called: string[] = [];
  const front = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { url = "", method = "", headers } = request;
    called.push(url);
    const warmed = url.endsWith("api/warm") ? JSON.parse(body.toString()).img : undefined;
    if (warmed !== undefined) await onWarm(warmed, "before");
    const answer = await fetch(new URL(url, server.endpoint), {
      method,
      headers: { authorization: headers.authorization ?? "", "content-type": "application/json" },
      ...(body.byteLength > 0 && { body }),
    });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "" });
    const text = says(await answer.text());
    if (warmed !== undefined) await onWarm(warmed, "after");
    response.end(text === "" ? undefined : text);
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(front.address() as AddressInfo).port}/`,
    called,
    async [Symbol.asyncDispose]() {
      front.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
    },
  };
}

async function openBlog(key: string, { endpoint }: Front) {
  const tiers = "tiers = [{width = 100, quality = 60}]";
  const site = await createSite({
    "config.toml": siteConfig(`[params.imgproxy]\nendpoint = "${server.endpoint}"\n${tiers}\n`),
    "content/one.md": `one\n\n![a](${key}) ![b](still.jpg)\n`,
  });
  const scan = async (...more: string[]) => {
    const args = ["--site", site.folder, "--endpoint", endpoint, "--json", ...more];
    const { code, stdout, stderr } = await run(args, { env: { TOKEN: server.token } });
    return { code, stderr, report: JSON.parse(stdout || "{}") };
  };
  return { site, scan };
}

async function versionOf(key: string): Promise<string> {
  const info: { version: string } = JSON.parse(
    await (await fetch(new URL(`?fm=json&img=${key}`, server.endpoint))).text(),
  );
  return info.version;
}

test("a photograph that is replaced between its probe and its warm-up is in the manifest as it is now, and hook, scan and check agree", async () => {
  await put("worms.jpg", 301);
  const old = await versionOf("worms.jpg");
  let isReplaced = false;
  await using front = await startFront(async (key) => {
    if (key === "worms.jpg" && !isReplaced) await put("worms.jpg", 302);
    isReplaced ||= key === "worms.jpg";
  });
  const { site, scan } = await openBlog("worms.jpg", front);
  await using _ = site;
  const { code, stderr, report } = await scan();
  expect([code, report.findings]).toEqual([0, []]);
  expect(stderr).toContain("worms.jpg was replaced while the scan ran");
  const { images } = JSON.parse(await readFile(path.join(site.folder, "assets/imgproxy.json"), "utf8"));
  expect(images["worms.jpg"]).toMatchObject({ width: 302, version: await versionOf("worms.jpg") });
  expect(images["worms.jpg"].version).not.toBe(old);
  // The other photograph's variants were made by this scan too.
  expect(report.summary).toMatchObject({ variants: 6, failed: 0 });
  expect(report.summary.made).toBeGreaterThanOrEqual(3);

  for (const hugo of extremes) {
    const { exitCode, output } = await runHugo(site.folder, hugo, ["--noBuildLock"]);
    expect(exitCode, output).toBe(0);
    const { code: checked, report: check } = await scan("--check", "public");
    expect([checked, check.findings, check.unscanned, check.unemitted]).toEqual([0, [], [], []]);
    expect(check.urls).toEqual(report.urls);
    expect(check.summary).toMatchObject({ variants: 6, hits: 6 });
  }
  expect((await scan()).report.summary).toMatchObject({ variants: 6, hits: 6 });
});

test("a photograph that is replaced before and after each of its warm-ups is an error at its place, after three rounds", async () => {
  await put("restless.jpg", 301);
  let width = 301;
  await using front = await startFront(async (key) => {
    if (key === "restless.jpg") await put("restless.jpg", ++width);
  });
  const { site, scan } = await openBlog("restless.jpg", front);
  await using _ = site;
  const { code, report } = await scan();
  expect(code).toBe(1);
  expect(report.findings).toEqual([
    {
      severity: "error",
      file: "content/one.md",
      line: 3,
      column: 1,
      message: expect.stringMatching(/^restless\.jpg is replaced again and again/),
    },
  ]);
  expect(width).toBe(307);
});

test("a server that does not say the version of what it has warmed is asked once", async () => {
  await put("older.jpg", 301);
  await using front = await startFront(
    async (key) => {
      if (key === "older.jpg") await put("older.jpg", 302);
    },
    (text) => text.replaceAll(/"v":"[0-9a-f]{10}",/g, ""),
  );
  const { site, scan } = await openBlog("older.jpg", front);
  await using _ = site;
  const { code, stderr, report } = await scan();
  expect([code, stderr, report.findings]).toEqual([0, "", []]);
  expect(front.called.filter((url) => url.endsWith("api/probe"))).toHaveLength(1);
});
