import { cp, mkdir, readdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { photo } from "../support/pictures.ts";
import { type Pod, startPod } from "../support/pod.ts";
import { Readers, Tally } from "../support/readers.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { report, sized } from "./chaos.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));

/** A build of a later version: like this one, except for the given constants. Returns its executable. */
async function nextVersion(changes: Readonly<Record<string, readonly [string, string]>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const part of ["bin", "dist/server", "dist/contract", "package.json"])
    await cp(join(root, part), join(folder, part), { recursive: true });
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  for (const [file, [from, to]] of Object.entries(changes)) {
    const path = join(folder, "dist/server/cache", file);
    const text = await readFile(path, "utf8");
    expect(text).toContain(from);
    await writeFile(path, text.replace(from, to));
  }
  return join(folder, "bin/imgproxy-lite.js");
}

test.each([
  ["in a folder of its own", { "name.js": ['SCHEMA_FOLDER = "v1"', 'SCHEMA_FOLDER = "v2"'] }, true],
  ["under the same names", { "entry.js": ["SCHEMA = 1;", "SCHEMA = 2;"] }, false],
] as const)(
  "two versions on one volume, the next one's entries %s, serve none of each other's entries and fail nobody",
  async (where, changes, apart) => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, "photos"));
    // Each has its own size, so that a mix-up is noticed.
    for (let key = 0; key < 10; key++)
      await writeFile(
        join(folder, `photos/${key}.jpg`),
        await photo(40 + key, 30)
          .jpeg()
          .toBuffer(),
      );
    const next = await nextVersion(changes);
    const settings = {
      SOURCE: join(folder, "photos"),
      CACHE_DIR: join(folder, "cache"),
      GC_INTERVAL: "1s",
      HOT_CACHE_BYTES: "0",
      COLD_BUDGET: "1000000",
      QUEUE_LIMIT: "100",
    };
    const start = (version: "old" | "next"): Promise<Pod> =>
      startPod(settings, version === "old" ? undefined : next);
    // Both replicas are old, then one after the other is upgraded, then back again: an upgrade and a rollback.
    const pods = [await start("old"), await start("old")];
    const readers = new Readers(8);
    onTestFinished(() => readers.close());
    const tally = new Tally();
    const bodies = new Map<string, Set<string>>();
    const requests = sized(10_000, 120);
    for (const [at, version] of [
      [0, "next"],
      [1, "next"],
      [0, "old"],
      [1, "old"],
    ] as const) {
      await readers.each(requests / 4, 8, async (n) => {
        const query = `img=${n % 10}.jpg&q=${50 + (n % 7)}&fm=jpg`;
        const { status, body } = await readers.askPatiently(`${pods[n % 2]?.url}?${query}`);
        tally.add(status, 0);
        const seen = bodies.get(query) ?? new Set();
        bodies.set(query, seen.add(body.toString("base64")));
      });
      // `corrupt` counts repaired entries; if the versions keep their entries apart, there is none. A busy volume can be slow (`hung`).
      for (const cause of ["corrupt", "full", "error"])
        if (apart || cause !== "corrupt")
          expect([
            cause,
            await pods[at]?.metric("imgproxy_lite_cache_failures_total", `cause="${cause}"`),
          ]).toEqual([cause, 0]);
      expect(await pods[at]?.stop()).toBe(0);
      pods[at] = await start(version);
    }
    expect([...tally.statuses.keys()]).toEqual([200]);
    expect([...bodies.values()].every(({ size }) => size === 1)).toBe(true);
    expect((await readdir(join(folder, "cache"))).filter((name) => /^v[0-9]/.test(name))).toEqual(
      apart ? ["v1", "v2"] : ["v1"],
    );
    report(
      "C12",
      `${tally.count(200)} requests while two versions roll, entries ${where}`,
      "100 % 200, 1 body a URL",
    );
  },
);
