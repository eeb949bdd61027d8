import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSite, hugos } from "../../hugo-module/test/hugo-site.ts";
import { blogs } from "./fixtures/blogs.ts";
import { type Fixture, fixtures } from "./fixtures/sites.ts";
import { type RealServer, startServer } from "./real-server.ts";
import { startScanProcess } from "./scan-process.ts";

/** A bucket that has every possible key. */
const bucket = createServer();
let server: RealServer;
const scanner = startScanProcess();

beforeAll(async () => {
  const color = { width: 24, height: 18, channels: 3, background: "teal" } as const;
  const photo = await sharp({ create: color }).jpeg().toBuffer();
  bucket.on("request", (request, response) => {
    response.writeHead(200, { etag: '"one"', "content-length": photo.byteLength });
    response.end(request.method === "HEAD" ? undefined : photo);
  });
  await new Promise<void>((resolve) => bucket.listen(0, "127.0.0.1", resolve));
  const { port } = bucket.address() as AddressInfo;
  server = await startServer(`http://127.0.0.1:${port}/`);
});

afterAll(async () => {
  await scanner[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
  await new Promise((resolve) => bucket.close(resolve));
});

describe.each([...hugos])("on Hugo $version", (hugo) => {
  const minor = Number(hugo.version.split(".")[1]);
  const fitting = Object.entries({ ...fixtures, ...blogs }).filter(
    ([, fixture]) => minor >= (fixture.since ?? 0),
  );

  test.concurrent.each(fitting)(
    "scan, hugo, check: every URL that Hugo emits was warm already: %s",
    async (_, fixture: Fixture) => {
      await using site = await createSite(fixture.files(minor));
      const env = { ...fixture.env, TOKEN: server.token };
      const scan = (...args: string[]) =>
        scanner.run(
          ["--site", site.folder, "--endpoint", server.endpoint, "--hugo-version", hugo.version, ...args],
          { env },
        );
      const before = await scan();
      const built = await site.build(hugo, { env: fixture.env ?? {} });
      expect(built.errors).toEqual([]);
      for (const [name, text] of built.files) {
        const file = path.join(site.folder, "public", name);
        await mkdir(path.dirname(file), { recursive: true });
        await writeFile(file, text);
      }
      // The bucket has every key, also for images that pages leave plain; another test checks those.
      const { code, stdout, stderr } = await scan("--check", "public", "--json", "--ignore", "**");
      const report = JSON.parse(stdout || "{}");
      expect({ code, stderr: stderr.trim() }).toEqual({ code: before.code, stderr: "" });
      expect(report).toMatchObject({ summary: { made: 0, failed: 0 }, unscanned: [] });
      expect(report.summary.hits).toBeGreaterThan(0);
      const surplus = report.unemitted.map(({ url }: { url: string }) =>
        new URL(url).searchParams.get("img"),
      );
      expect(new Set(surplus)).toEqual(new Set(fixture.surplus?.(minor) ?? []));
    },
  );
});
