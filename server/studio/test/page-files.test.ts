import { readdir, readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterEach, expect, test } from "vitest";
import { loadConfig } from "../../config/load.ts";
import { createWorld, type World, type WorldOptions } from "../../test/support/world.ts";

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function open(options: WorldOptions): Promise<World> {
  world = await createWorld(options);
  return world;
}

const page = fileURLToPath(new URL("../../../dist/server/studio/page", import.meta.url));

test.each(["/", "/img/"])(
  "below %s, the Studio's page and its files are served, and nothing beside them",
  async (basePath) => {
    const { get } = await open({ studio: "on", basePath });
    const moved = await get(`${basePath}_studio`, { redirect: "manual" });
    expect([moved.status, moved.headers.get("location")]).toEqual([308, "_studio/"]);
    for (const [file, type] of [
      ["", "text/html; charset=utf-8"],
      ["studio.js", "text/javascript; charset=utf-8"],
      ["studio.css", "text/css; charset=utf-8"],
    ]) {
      const answer = await get(`${basePath}_studio/${file}`);
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, type]);
    }
    for (const file of ["index.html", "main.tsx", "tsconfig.json", "..%2fpage-files.js", "studio.js/"])
      expect((await get(`${basePath}_studio/${file}`)).status).toBe(404);
  },
);

test("the Studio's page runs nothing inline, loads nothing of others, is in no frame, and no other site's page may read it", async () => {
  const { get } = await open({ studio: "on" });
  for (const file of ["", "studio.js", "studio.css", "nothing"]) {
    const { headers } = await get(`/_studio/${file}`);
    expect(headers.get("access-control-allow-origin")).toBeNull();
    expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  }
  const { headers } = await get("/_studio/");
  const policy = headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).toContain("frame-ancestors 'none'");
  expect(policy).not.toMatch(/unsafe|data:|\*|https?:/);
});

test("a server in production has no Studio, unless STUDIO=on; a development server has one", async () => {
  const { get } = await open({});
  for (const path of ["/_studio", "/_studio/", "/_studio/studio.js"])
    expect((await get(path)).status).toBe(404);
  const studioOf = (env: Record<string, string>) =>
    loadConfig("serve", ["--source", "/photos"], env).config.studio;
  expect(studioOf({})).toBe("off");
  expect(studioOf({ DEV: "on" })).toBe("on");
  expect(studioOf({ DEV: "on", STUDIO: "off" })).toBe("off");
  expect(studioOf({ STUDIO: "on", TOKEN: "a-token-of-this-test" })).toBe("on");
  expect(() => studioOf({ STUDIO: "on" })).toThrow("STUDIO=on needs TOKEN");
});

test("the Studio's page contains no data and has at most 150 KB compressed, all files together", async () => {
  const files = await readdir(page);
  expect(files.toSorted()).toEqual(["index.html", "studio.css", "studio.js"]);
  const bodies = await Promise.all(files.map((file) => readFile(`${page}/${file}`)));
  const bytes = bodies.reduce((sum, body) => sum + gzipSync(body).byteLength, 0);
  expect(bytes).toBeLessThan(150_000);
});
