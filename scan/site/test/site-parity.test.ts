import { afterAll, describe, expect, test } from "vitest";
import { createSite, hugos } from "../../../hugo-module/test/hugo-site.ts";
import { scanned, urlsIn } from "../../test/blog.ts";
import { every } from "../../test/fixtures/every.ts";
import type { Fixture } from "../../test/fixtures/sites.ts";
import { startScanProcess } from "../../test/scan-process.ts";

const endpoints = ["https://images.example/", "https://bilder.example/", "https://blog.example/img/"];

const scan = startScanProcess();
afterAll(() => scan[Symbol.asyncDispose]());

describe.each([...hugos])("on Hugo $version", (hugo) => {
  const minor = Number(hugo.version.split(".")[1]);
  const fitting = Object.entries(every).filter(([, fixture]) => minor >= (fixture.since ?? 0));

  test.each(fitting)("the scan finds exactly what Hugo emits: %s", async (_, fixture: Fixture) => {
    await using site = await createSite(fixture.files(minor));
    const built = await site.build(hugo, { env: fixture.env ?? {} });
    expect(built.errors).toEqual([]);
    const emitted = new Set(
      [...built.files.values()].flatMap((text) =>
        endpoints.flatMap((endpoint) => [...urlsIn(text, endpoint)]),
      ),
    );
    const urls = new Set(await scanned(site.folder, hugo.version, fixture.env, scan.run));
    expect([...emitted].filter((url) => !urls.has(url))).toEqual([]);
    const surplus = [...urls].filter((url) => !emitted.has(url));
    expect(new Set(surplus.map((url) => new URL(url).searchParams.get("img")))).toEqual(
      new Set(fixture.surplus?.(minor) ?? []),
    );
    expect(emitted.size).toBeGreaterThan(0);
  });
});
