import { readdir } from "node:fs/promises";
import { expect, test, vi } from "vitest";
import type { CacheFailure } from "../../telemetry/metrics.ts";
import { report, sized } from "../../test/chaos/chaos.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";
import { createDiskCache } from "../disk.ts";
import { entryOf, variant } from "./cache-suite.ts";

/** The call that fails now, and its error. */
const fault = vi.hoisted(() => ({ call: "", error: {} as { code?: string; errno?: number } }));

// A real disk cannot fail at each of its calls on demand; these are the system's own calls until a test makes them fail.
vi.mock("node:fs", async (load) => {
  const real = await load<typeof import("node:fs")>();
  const failing = (call: "close" | "fsync" | "mkdir" | "open" | "rename" | "write") => {
    const wrapped = (...args: unknown[]) => {
      const done = args.at(-1);
      if (fault.call !== call || typeof done !== "function") return Reflect.apply(real[call], real, args);
      // A close that fails has still closed the file.
      if (call === "close") real.closeSync(Number(args[0]));
      setImmediate(() => done(Object.assign(new Error(`${call} failed`), fault.error)));
    };
    // promisify needs some of these members.
    return Object.defineProperties(wrapped, Object.getOwnPropertyDescriptors(real[call]));
  };
  const names = ["close", "fsync", "mkdir", "open", "rename", "write"] as const;
  return { ...real, ...Object.fromEntries(names.map((name) => [name, failing(name)])) };
});

test.each(
  ["mkdir", "open", "write", "fsync", "close", "rename"].flatMap((call) =>
    [
      { code: "ENOSPC", failure: "full" },
      // EDQUOT as Node reports it: Node has no name for it.
      { code: "Unknown system error -122", errno: -122, failure: "full" },
      { code: "EIO", failure: "error" },
    ].map((error) => ({ call, ...error })),
  ),
)("$code at $call stores nothing, leaves nothing and fails nobody", async ({ call, failure, ...error }) => {
  const folder = await temporaryFolder();
  let now = Date.now();
  const failures: CacheFailure[] = [];
  const cache = await createDiskCache({ folder, now: () => now, onFailure: (one) => failures.push(one) });
  const faults = sized(1_000, 1);
  for (let at = 0; at < faults; at++) {
    // A new folder each time, so that it must be created.
    const one = { ...variant, key: `${at}.jpg` };
    fault.call = call;
    fault.error = error;
    expect(await cache.write(one, entryOf("worms"))).toBe(false);
    fault.call = "";
    expect(await cache.read(one)).toBeUndefined();
    now += 30_001;
  }
  expect(failures).toEqual(Array(faults).fill(failure));
  expect(await cache.read(variant)).toBeUndefined();
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((file) =>
    file.isFile(),
  );
  expect(files.map(({ name }) => name)).toEqual([]);
  now += 30_001;
  expect(await cache.write(variant, entryOf("worms"))).toBe(true);
  expect(await cache.read(variant)).toEqual(entryOf("worms"));
  report("C3", `${faults} × ${error.code} at ${call}`, "0 stored, 0 left behind; stored again after 30 s");
});

test.each(["EIO", "ESTALE", "EACCES"])("%s during a read is a miss, and is reported", async (code) => {
  const failures: CacheFailure[] = [];
  const cache = await createDiskCache({
    folder: await temporaryFolder(),
    onFailure: (one) => failures.push(one),
  });
  await cache.write(variant, entryOf("worms"));
  fault.call = "open";
  fault.error = { code };
  expect(await cache.read(variant)).toBeUndefined();
  fault.call = "";
  expect(failures).toEqual(["error"]);
  expect(await cache.read(variant)).toEqual(entryOf("worms"));
});
