import fc from "fast-check";
import { afterAll, describe, expect, inject, test } from "vitest";
import { createSite, hugos } from "../../hugo-module/test/hugo-site.ts";
import { scanned, urlsIn } from "./blog.ts";
import { generatedSite } from "./generated-site.ts";
import { startScanProcess } from "./scan-process.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** How many sites are generated for each version, and from which seed; absent: a new one, which a failure names. */
    readonly generatedSites: { readonly numRuns: number; readonly seed?: number };
  }
}

const scan = startScanProcess();
afterAll(() => scan[Symbol.asyncDispose]());

describe.each([...hugos])("on Hugo $version", (hugo) => {
  const minor = Number(hugo.version.split(".")[1]);

  test("the scan finds exactly what Hugo emits of generated sites", async () => {
    await fc.assert(
      fc.asyncProperty(generatedSite, async ({ env, files }) => {
        await using site = await createSite(files(minor));
        const built = await site.build(hugo, { env });
        const shown = JSON.stringify({ env, files: files(minor) }, undefined, 1);
        expect(built.errors, shown).toEqual([]);
        const emitted = new Set([...built.files.values()].flatMap((text) => [...urlsIn(text)]));
        expect(await scanned(site.folder, hugo.version, env, scan.run), shown).toEqual([...emitted].sort());
      }),
      inject("generatedSites"),
    );
  });
});
