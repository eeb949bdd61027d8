import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSite, type TestSite } from "../../hugo-module/test/hugo-site.ts";
import { type StandIn, startStandIn } from "../proxy/test/stand-in.ts";
import { type CdnHabits, type Instead, startCdn } from "./cdn.ts";
import { run } from "./command.ts";

let proxy: StandIn;
let site: TestSite;

beforeAll(async () => {
  proxy = await startStandIn({ "worms.jpg": 400 });
  site = await createSite({
    "config.toml": `baseURL = "https://blog.example/"\n[params.imgproxy]\nendpoint = "${proxy.endpoint}"\n`,
    "content/a.md": "![](worms.jpg)\n",
  });
  await run(["--site", site.folder]);
});

afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

async function edge(habits: CdnHabits, ...args: string[]) {
  await using cdn = await startCdn(proxy.endpoint, habits);
  const ran = await run(["--site", site.folder, "--edge", "--json", "--endpoint", cdn.endpoint, ...args]);
  return { ...ran, report: JSON.parse(ran.stdout || "null"), endpoint: cdn.endpoint };
}

const byUrlAndAccept: CdnHabits["keyOf"] = ({ url, headers }) => `${headers.accept} ${url}`;
const byUrl: CdnHabits["keyOf"] = ({ url = "" }) => url;

describe("a check through a CDN", () => {
  test.each([
    ["x-cache", "Hit from cloudfront", "Miss from cloudfront"],
    ["x-cache", "TCP_MEM_HIT", "TCP_MISS"],
    ["x-cache", "MISS, HIT", "MISS, MISS"],
    ["cf-cache-status", "HIT", "MISS"],
    ["cf-cache-status", "REVALIDATED", "MISS"],
    ["cache-status", 'imgproxy-lite; hit, "Example CDN"; hit', "imgproxy-lite; hit, Example; fwd=uri-miss"],
    ["x-vercel-cache", "HIT", "MISS"],
    ["age", "7", "0"],
  ])("a check through a CDN that caches, and says %s: %s, has no finding", async (name, hit, miss) => {
    const { code, report } = await edge({
      keyOf: byUrlAndAccept,
      headers: (isHit) => ({ [name]: isHit ? hit : miss }),
    });
    expect(report).toMatchObject({
      summary: { urls: 1, responses: 3, cached: 3 },
      problems: [],
      warnings: [],
    });
    expect(code).toBe(0);
  });

  test.each([
    [{ "cf-cache-status": "DYNAMIC" }, ["CF-Cache-Status: DYNAMIC", "add a Cache Rule"]],
    [{ "cf-cache-status": "BYPASS" }, ["CF-Cache-Status: BYPASS", "a rule or a cookie"]],
    [{ "x-cache": "Miss from cloudfront" }, ["X-Cache: Miss from cloudfront", "let the CDN cache"]],
    [{ "cache-status": "imgproxy-lite; hit, Example; fwd=bypass" }, ["Cache-Status: Example; fwd=bypass"]],
    [{}, ["no response had a header about a cache", "if there should be a CDN"]],
  ])(
    "a check through a CDN that caches nothing, and says %j, warns with the remedy",
    async (headers, words) => {
      const { code, report } = await edge({ headers: () => headers });
      expect([code, report.summary.cached, report.problems]).toEqual([0, 0, []]);
      expect(report.warnings).toHaveLength(1);
      for (const part of words) expect(report.warnings[0]).toContain(part);
    },
  );

  test("a CDN that ignores Vary, or removes it, is a problem of the CDN, not of a photograph", async () => {
    const deaf = await edge({ keyOf: byUrl, headers: () => ({ "content-type": "image/avif", age: "7" }) });
    expect([deaf.code, deaf.report.problems]).toEqual([1, [expect.stringContaining("ignores Vary: Accept")]]);
    const bare = { headers: () => ({ vary: undefined, "content-type": "image/jpeg" }) };
    const report = path.join(site.folder, "edge.html");
    const dropped = await edge(bare, "--report", report);
    expect([dropped.code, dropped.report.problems.length]).toEqual([1, 1]);
    expect(await readFile(report, "utf8")).toContain(
      "config.toml:1:1: error: the responses have no Vary: Accept",
    );
  });

  test("a check through a CDN names missing photographs, whichever server's error page arrives", async () => {
    const { code, report } = await edge({
      instead: () => ({ status: 404, headers: html, body: page("No") }),
    });
    expect(code).toBe(1);
    expect(report.problems).toEqual([
      expect.stringMatching(/^worms\.jpg: answers 404 at http:\/\/127\.0\.0\.1:\d+\/\?img=worms\.jpg&/),
    ]);
  });
});

const page = (title: string): string => `<!doctype html><title>${title}</title><p>…`;
const html = { "content-type": "text/html; charset=UTF-8" };
const inFront: readonly (readonly [string, Instead, string])[] = [
  [
    "a challenge",
    { status: 403, headers: { ...html, server: "cloudflare" }, body: page("Just a moment...") },
    'answers 403 (text/html, "Just a moment...", from cloudflare)',
  ],
  [
    "a challenge with 503",
    { status: 503, headers: { ...html, "cf-mitigated": "challenge" }, body: page("Checking") },
    'answers 503 (text/html, "Checking", a challenge for browsers)',
  ],
  [
    "a limit",
    { status: 429, headers: { ...html, "retry-after": "900" }, body: page("Slow\u001b[31m down") },
    'answers 429 (text/html, "Slow [31m down")',
  ],
  [
    "a login",
    { status: 302, headers: { location: "https://sso.example/login?to=x" } },
    "answers 302 (to https://sso.example/login",
  ],
  [
    "a page to log in at",
    { status: 200, headers: html, body: page("Sign in") },
    'answers 200 (text/html, "Sign in")',
  ],
  [
    "a firewall",
    { status: 401, headers: { "content-type": "text/plain" }, body: "no" },
    "answers 401 (text/plain)",
  ],
];

describe.each(inFront)(
  "%s in front of the server is reported, and blames neither a photograph nor the token",
  (_, instead, words) => {
    const expected = (origin: string) =>
      instead.status === 200
        ? `imgproxy-lite scan: ${origin} is not an imgproxy-lite server: it ${words}`
        : instead.status === 302
          ? `imgproxy-lite scan: ${origin} ${words}`
          : `imgproxy-lite scan: something in front of the server refuses this machine: ${origin} ${words}`;

    test("an answer from in front of the server is reported in a check through a CDN", async () => {
      const { code, stderr, report, endpoint } = await edge({ instead: () => instead });
      expect([code, report.problems, report.warnings]).toEqual([2, [], []]);
      expect(stderr).toContain(expected(new URL(endpoint).origin));
    });

    test("an answer from in front of the server is reported in a scan, with a token and without", async () => {
      await using cdn = await startCdn(proxy.endpoint, { instead: () => instead });
      for (const env of [{ TOKEN: "a-token-of-some-length" }, {}]) {
        const { code, stdout, stderr } = await run(["--site", site.folder, "--endpoint", cdn.endpoint], {
          env,
        });
        expect([code, stdout]).toEqual([2, ""]);
        expect(stderr).toContain(expected(new URL(cdn.endpoint).origin));
      }
    });
  },
);
