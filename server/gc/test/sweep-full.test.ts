import { mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { pathParts, variantName } from "../../cache/name.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { sweep } from "../sweep.ts";

// CephFS without a manager, and below a folder with a quota, reports that it has no blocks at all.
vi.mock("node:fs", async (load) => ({
  ...(await load<typeof import("node:fs")>()),
  statfsSync: () => ({ blocks: 0, bavail: 0, bsize: 4096 }),
}));

const DAY = 86_400_000;

async function fill(count: number): Promise<string> {
  const folder = await temporaryFolder();
  for (let index = 0; index < count; index++) {
    const variant = { key: `${index}.jpg`, quality: 50, class: "jpg" } as const;
    const [schema, first, second, name] = pathParts(variantName(variant, ""));
    const leaf = join(folder, schema, first, second);
    mkdirSync(leaf, { recursive: true });
    writeFileSync(join(leaf, name), "x".repeat(100));
    utimesSync(join(leaf, name), index, index);
  }
  return folder;
}

const bounds = { maxBytes: 1e12, maxFiles: 1e9, minFreeBytes: 1e9, maxIdleMs: 1e15, pins: new Set<string>() };

test("a volume that does not report its size does not count as full", async () => {
  const folder = await fill(40);
  expect(await sweep({ ...bounds, folder, now: () => Date.now() + DAY })).toMatchObject({ deletedFiles: 0 });
});

test("on a volume that does not report its size and refuses writes, a sweep deletes a tenth", async () => {
  const folder = await fill(40);
  const swept = await sweep({ ...bounds, folder, volumeIsFull: true, now: () => Date.now() + DAY });
  expect(swept).toMatchObject({ deletedFiles: 4, keptFiles: 36 });
  expect(readdirSync(folder)).toEqual(["v1"]);
});
