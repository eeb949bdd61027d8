import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSite, extremes, runHugo, siteConfig } from "../../hugo-module/test/hugo-site.ts";
import { ssimulacra2 } from "../../server/encode/child/score/ssimulacra2.ts";
import { offsetAt } from "../../server/encode/tuning.ts";
import { animation, photo } from "../../server/test/support/pictures.ts";
import { temporaryFolder } from "../../server/test/support/temporary-folder.ts";
import { parseCommandLine } from "../commands/scan-options.ts";
import { run } from "./command.ts";
import { type RealServer, startServer } from "./real-server.ts";

let photos: string;
let cache: string;
let server: RealServer;

beforeAll(async () => {
  photos = await mkdtemp(path.join(tmpdir(), "tuned-photos-"));
  const noise = await photo(300, 200).jpeg({ quality: 95 }).toBuffer();
  for (const name of ["floor.jpg", "late.jpg"]) await writeFile(path.join(photos, name), noise);
  const wide = await photo(1300, 100).jpeg({ quality: 95 }).toBuffer();
  for (const name of ["noise.jpg", "twin.jpg"]) await writeFile(path.join(photos, name), wide);
  await writeFile(path.join(photos, "moving.webp"), await animation("webp", 3));
  await writeFile(path.join(photos, "small.jpg"), await photo(120, 80).jpeg({ quality: 95 }).toBuffer());
  const sheet = { width: 120, height: 80, channels: 3, background: "#fff" } as const;
  const line = { create: { ...sheet, width: 60, height: 9, background: "#036" } };
  const drawing = sharp({ create: sheet }).composite([{ input: line }]);
  await writeFile(path.join(photos, "drawing.png"), await drawing.png().toBuffer());
  cache = await mkdtemp(path.join(tmpdir(), "tuned-cache-"));
  // Else a published image that was made for a reader is made again at some time during a test.
  server = await startServer(photos, { CACHE_DIR: cache, REENCODE_BUDGET: "0" });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  for (const folder of [photos, cache]) await rm(folder, { recursive: true, force: true });
});

const image = async (accept: string, query = "img=noise.jpg&q=60&w=200"): Promise<Buffer> => {
  const url = new URL(`?${query}`, server.endpoint);
  return Buffer.from(await (await fetch(url, { headers: { accept } })).arrayBuffer());
};

/** A site with one post, and its scan. */
async function openSite(params: string, markdown: string, { endpoint, token } = server) {
  const site = await createSite({
    "config.toml": siteConfig(`[params.imgproxy]\nendpoint = "${endpoint}"\n${params}\n`),
    "content/one.md": markdown,
  });
  const scan = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(["--site", site.folder, "--json", ...args], {
      env: { TOKEN: token },
    });
    return { code, stderr, report: JSON.parse(stdout || "{}") };
  };
  return { site, scan };
}

async function manifestOf(folder: string) {
  return JSON.parse(await readFile(path.join(folder, "assets/imgproxy.json"), "utf8")).images;
}

test("--tune look measures a photograph once, and a publish makes again those of its variants that look otherwise", async () => {
  const { site, scan } = await openSite("tiers = [{width = 200, quality = 60}]", "![](noise.jpg)\n");
  await using _ = site;
  expect((await scan()).report.summary).toMatchObject({ variants: 3, made: 3, tuned: 0, untuned: 0 });
  const [avif, jpeg] = [await image("image/avif,image/webp"), await image("image/jpeg")];

  const { code, report } = await scan("--tune", "look");
  const info: { offsets: Record<"avif" | "webp", { w: number; q: number; offset: number }[]> } = JSON.parse(
    await (await fetch(new URL("?fm=json&img=noise.jpg", server.endpoint))).text(),
  );
  expect(info).not.toHaveProperty("curves");
  const places = [400, 1200].flatMap((w) => [30, 55, 85].map((q) => ({ w, q })));
  for (const format of ["avif", "webp"] as const)
    expect(info.offsets[format].map(({ w, q }) => ({ w, q }))).toEqual(places);
  expect(new Set(info.offsets.avif.map(({ offset }) => offset)).size).toBeGreaterThan(1);
  expect({ code, ...report.summary }).toMatchObject({ code: 0, variants: 3, failed: 0, tuned: 1 });
  expect(report.tuned["noise.jpg"].offsets).toEqual(info.offsets);
  expect(report.summary.made).toBeGreaterThan(0);
  expect(await image("image/avif,image/webp")).not.toEqual(avif);
  expect(await image("image/jpeg")).toEqual(jpeg);
  // Each width and q has the offset that was measured there: it is the picture of this photograph, not tuned, at that other q. Another
  // width each time: a server whose cache volume does not answer in time makes a picture without offsets, and keeps it.
  for (const place of [info.offsets.avif.at(0), info.offsets.avif.at(-1)].flatMap((one) => one ?? [])) {
    let w = place.w;
    const isTuned = async (): Promise<boolean> => {
      const { q } = place;
      const offset = offsetAt(info.offsets.avif, { q, width: w }) ?? 0;
      const [tuned, same, plain] = [
        await image("", `img=noise.jpg&fm=avif&q=${q}&w=${w}`),
        await image("", `img=twin.jpg&fm=avif&q=${q + offset}&w=${w}`),
        await image("", `img=twin.jpg&fm=avif&q=${q}&w=${w}`),
      ];
      w -= 1;
      return tuned.equals(same) && !tuned.equals(plain);
    };
    await expect.poll(isTuned).toBe(true);
  }
  // It is no property of the URL.
  expect(await manifestOf(site.folder)).not.toHaveProperty(["noise.jpg", "q"]);

  // A publish of another site without the option keeps the look that the photograph has now.
  expect((await scan()).report.summary).toMatchObject({ made: 0, hits: 3 });
  expect((await scan("--tune", "look")).report.summary).toMatchObject({ made: 0, hits: 3, tuned: 1 });
});

test("a second scan of a tuned site makes nothing, whatever was in the cache before, and whichever replica it asks", async () => {
  await using replica = await startServer(photos, { CACHE_DIR: cache });
  // A drawing becomes a lossless WebP: its bytes are the same with any offset.
  const of = ["tiers = [{width = 100, quality = 60}]", "![](small.jpg) ![](drawing.png)\n"] as const;
  const { site, scan } = await openSite(...of);
  await using _ = site;
  const { site: twin, scan: scanReplica } = await openSite(...of, replica);
  await using __ = twin;
  expect((await scan("--effort", "4")).report.summary).toMatchObject({ failed: 0, made: 6 });
  // Now the replica has them in memory.
  for (const name of ["small.jpg", "drawing.png"])
    for (const accept of ["image/avif,image/webp", "image/webp", "*/*"])
      expect(
        (await fetch(new URL(`?img=${name}&q=60&w=100`, replica.endpoint), { headers: { accept } })).status,
      ).toBe(200);

  const tuned = ["--tune", "look", "--effort", "0"];
  const { made } = (await scan(...tuned)).report.summary;
  expect(made).toBeGreaterThan(0);
  expect((await scan(...tuned)).report.summary).toMatchObject({ made: 0, hits: 6, tuned: 2 });
  expect((await scanReplica(...tuned)).report.summary).toMatchObject({ made: 0, hits: 6, tuned: 2 });
});

test("--tune floor gives each format the lowest q that reaches the score; hook, scan and check agree about it", async () => {
  const { site, scan } = await openSite(
    'formats = ["avif", "jpg"]\ntiers = [{width = 300, quality = 90}]',
    "![](floor.jpg) ![](floor.jpg?q=41) ![](moving.webp)\n",
  );
  await using _ = site;
  const { code, report } = await scan("--tune", "floor=62");
  expect({ code, ...report.summary }).toMatchObject({ code: 0, tuned: 2, untuned: 0, failed: 0 });
  const images = await manifestOf(site.folder);
  const { avif, webp, jpg } = images["floor.jpg"].q;
  expect(images["moving.webp"]).not.toHaveProperty("q");
  for (const [format, q] of [
    ["avif", avif],
    ["webp", webp],
    ["jpg", jpg],
  ] as const) {
    expect(await scoreOf(format, q)).toBeGreaterThanOrEqual(62);
    expect(await scoreOf(format, q - 1)).toBeLessThan(62);
  }
  const asked = report.urls.filter((url: string) => url.includes("floor.jpg"));
  expect(asked.map((url: string) => new URL(url).searchParams.get("q")).sort()).toEqual(
    [avif, jpg, 41, 41].map(String).sort(),
  );

  // From what was measured, without new work.
  const again = await scan("--tune", "floor=62");
  expect(again.report.summary).toMatchObject({ made: 0, tuned: 2 });
  expect(await manifestOf(site.folder)).toEqual(images);

  for (const hugo of extremes.slice(-1)) {
    const { exitCode, output } = await runHugo(site.folder, hugo, ["--noBuildLock"]);
    expect(exitCode, output).toBe(0);
    const check = await scan("--check", "public");
    expect(check.report).toMatchObject({ unscanned: [], unemitted: [], summary: { made: 0, failed: 0 } });
  }
});

test("what is not measured within --tune-budget is left for the next scan, and keeps the quality of the ladder", async () => {
  const { site, scan } = await openSite("tiers = [{width = 300, quality = 80}]", "![](late.jpg)\n");
  await using _ = site;
  const late = await scan("--tune", "floor=50", "--tune-budget", "0s");
  expect({ code: late.code, ...late.report.summary }).toMatchObject({ code: 0, tuned: 0, untuned: 1 });
  expect(late.report.urls).toEqual([expect.stringContaining("q=80")]);

  const file = path.join(site.folder, "report.html");
  const { report } = await scan("--tune", "look,floor=50", "--report", file);
  expect(report.summary).toMatchObject({ tuned: 1, untuned: 0 });
  const { q } = (await manifestOf(site.folder))["late.jpg"];
  // One URL for every format: each of them reaches the score.
  expect(report.urls).toEqual([expect.stringContaining(`q=${Math.max(...Object.values<number>(q))}`)]);
  const { offsets, curves } = report.tuned["late.jpg"];
  for (const format of ["avif", "webp"]) {
    const points: { q: number; score: number }[] = curves[format];
    const reaches = points.find(({ score }) => score >= 50);
    expect(points.map(({ q }) => q)).toContain((reaches?.q ?? 0) - 1);
    const tuned = (at: number): number => at + (offsetAt(offsets[format], { q: at, width: 400 }) ?? 0);
    expect(tuned(q[format])).toBeGreaterThanOrEqual(reaches?.q ?? 100);
    expect(tuned(q[format] - 1)).toBeLessThan(reaches?.q ?? 0);
  }
  expect(await readFile(file, "utf8")).toMatch(
    /<svg [^>]*role="img" aria-label="Score by quality, measured: AVIF q [^"]*">.*<figcaption>AVIF reaches 50 at q \d+ \(/,
  );
});

/** Of a variant as wide as the photograph, made by a publish. */
async function scoreOf(format: string, q: number): Promise<number> {
  const { endpoint, token } = server;
  const body = JSON.stringify({ img: "floor.jpg", variants: [{ fm: format, q, w: 300 }] });
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const warm = async () =>
    (await fetch(new URL("api/warm", endpoint), { method: "POST", headers, body })).text();
  // The first answer comes before the variant is stored.
  await expect.poll(warm).toContain('"status":"hit"');
  const url = new URL(`?img=floor.jpg&fm=${format}&q=${q}&w=300`, endpoint);
  const variant = Buffer.from(await (await fetch(url)).arrayBuffer());
  const original = await sharp(path.join(photos, "floor.jpg")).raw().toBuffer({ resolveWithObject: true });
  const picture = await sharp(variant).raw().toBuffer({ resolveWithObject: true });
  const [one, other] = [original, picture].map(({ data, info }) => ({ data, ...info }));
  if (one === undefined || other === undefined) throw new Error("there are two");
  return ssimulacra2(one, other);
}

test("a look beside the tuning of the same photograph loses nothing of it, nor the tuning of the look", async () => {
  const cache = await temporaryFolder();
  await using one = await startServer(photos, { ENCODERS: "1", CACHE_DIR: cache });
  const probe = async (body: object) => {
    const headers = { authorization: `Bearer ${one.token}`, "content-type": "application/json" };
    const request = { method: "POST", headers, body: JSON.stringify({ images: ["floor.jpg"], ...body }) };
    const text = await (await fetch(new URL("api/probe", one.endpoint), request)).text();
    return JSON.parse(text).images["floor.jpg"];
  };
  const tuned = probe({ tune: { look: true } });
  await expect.poll(() => one.metric("imgproxy_lite_encoding_jobs")).toBe(1);
  // Only this look finds the location. Neither has seen the other's record when it begins.
  const looked = probe({ meta: ["location"] });
  const { offsets } = await tuned;
  await looked;
  const record = async () => {
    const names = (await readdir(cache, { recursive: true })).filter((name) => name.endsWith(".source"));
    return await readFile(path.join(cache, names[0] ?? ""), "utf8").catch(() => "");
  };
  await expect.poll(record).toContain('"located":true');
  await expect.poll(record).toContain(`"offsets":${JSON.stringify(offsets)}`);
  expect(await record()).toContain('"located":true');
});

test("--tune takes only modes that exist, and needs a token", () => {
  const parse = (...args: string[]) => parseCommandLine(args, { TOKEN: "x" }).tune;
  expect(parse("--tune", "look")).toEqual({ look: true, budgetMs: 300_000 });
  expect(parse("--tune", "floor=62", "--tune-budget", "90s")).toEqual({
    look: false,
    floor: 62,
    budgetMs: 90_000,
  });
  expect(parse("--tune", "look,floor=62")).toMatchObject({ look: true, floor: 62 });
  for (const wrong of ["bright", "floor", "look,bright", "floor=62,floor=70", ""])
    expect(() => parse("--tune", wrong)).toThrow(
      `--tune takes look, floor=62 or both, look,floor=62; it is ${wrong}`,
    );
  for (const wrong of ["0", "101", "62.5", ""])
    expect(() => parse("--tune", `floor=${wrong}`)).toThrow(
      "--tune floor takes a whole number from 1 to 100",
    );
  expect(() => parse("--tune", "look", "--tune-budget", "5")).toThrow(
    "--tune-budget takes a duration such as 90s",
  );
  expect(() => parse("--tune-budget", "5m")).toThrow("name its mode with --tune");
  expect(() => parseCommandLine(["--tune", "look"], {})).toThrow(
    "--tune needs the token of the server's API",
  );
});
