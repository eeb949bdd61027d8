import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { pathParts, variantName } from "../../cache/name.ts";
import { readUsage } from "../../cache/usage.ts";
import { temporaryFolder } from "../../test/support/temporary-folder.ts";

const executable = fileURLToPath(new URL("../../../bin/imgproxy-lite.js", import.meta.url));

test("gc sweeps once and prints one line; with --dry-run it writes no record of the sweep", async () => {
  const folder = await cacheOf(12);
  expect(await gc("--cache", folder, "--max-bytes", "10000", "--dry-run")).toContain("would delete 0 files");
  expect(await readUsage(folder)).toBeUndefined();
  // Entries of the last five minutes stay, whatever the budget: CPU time was just spent on them.
  expect(await gc("--cache", folder, "--max-bytes", "10000")).toContain(
    "kept 12 files, 11.7 KiB (120 % of 9.8 KiB)",
  );
  expect(await readUsage(folder)).toMatchObject({ files: 12, bytes: 12_000 });
});

test("gc of a folder that is not a cache names the folder and the reason, and fails", async () => {
  const folder = join(await temporaryFolder(), "none");
  await expect(gc("--cache", folder)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^imgproxy-lite cannot start: CACHE_DIR: .* cannot be swept: ENOENT.*\n$/),
  });
  // A folder that does not exist is not an empty cache.
  await expect(gc("--cache", folder, "--dry-run")).rejects.toMatchObject({ code: 1 });
  await writeFile(folder, "");
  await expect(gc("--cache", folder)).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^imgproxy-lite cannot start: CACHE_DIR: .*ENOTDIR.*\n$/),
  });
});

test("gc --watch sweeps at once, reports on the admin port, and exits with 0 on a signal", async () => {
  const folder = await cacheOf(12);
  const { child, admin } = await watch(folder);
  expect((await fetch(`${admin}livez`)).status).toBe(200);
  await expect.poll(() => scrape(admin)).toContain('imgproxy_lite_gc_sweeps_total{outcome="ok"} 1\n');
  const text = await scrape(admin);
  expect(text).toContain("imgproxy_lite_cache_files 12\n");
  expect(text).toContain("imgproxy_lite_cache_max_bytes 10000\n");
  child.kill("SIGTERM");
  expect(await once(child, "exit")).toEqual([0, null]);
});

test("gc --watch that replaces another one knows the last sweep's result from its start", async () => {
  const folder = await cacheOf(3);
  await gc("--cache", folder, "--max-bytes", "10000");
  // No sweep is due, so only the last one's record says 3.
  await addEntry(folder, "later.jpg");
  const { admin } = await watch(folder);
  await expect.poll(() => scrape(admin)).toContain("imgproxy_lite_cache_files 3\n");
});

test("gc --watch of a volume that fails keeps running, and reports that sweeps fail", async () => {
  const folder = await cacheOf(1);
  await rm(folder, { recursive: true });
  await writeFile(folder, "");
  const { admin } = await watch(folder);
  await expect.poll(() => scrape(admin)).toContain('imgproxy_lite_gc_sweeps_total{outcome="failed"} 1\n');
  expect((await fetch(`${admin}livez`)).status).toBe(200);
});

test("gc prints that it evicts nothing while a published set cannot be read, and names the set", async () => {
  const folder = await cacheOf(12);
  await mkdir(join(folder, "published", "blog"), { recursive: true });
  await writeFile(join(folder, "published", "blog", "one.json"), '{"made":1,"pi');
  expect(await gc("--cache", folder, "--max-bytes", "10000")).toContain(
    "nothing was evicted, because published sets cannot be read: published/blog/one.json",
  );
});

test("gc --watch with GC_INTERVAL=0 is refused", async () => {
  await expect(gc("--watch", "--gc-interval", "0")).rejects.toMatchObject({ code: 2 });
});

/** A cache of entries of 1,000 bytes. */
async function cacheOf(entries: number): Promise<string> {
  const folder = await temporaryFolder();
  for (let index = 0; index < entries; index++) await addEntry(folder, `${index}.jpg`);
  return folder;
}

async function addEntry(folder: string, key: string): Promise<void> {
  const path = join(folder, ...pathParts(variantName({ key, quality: 50, class: "jpg" }, "")));
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, Buffer.alloc(1_000));
}

const environment = { PATH: process.env.PATH, CACHE_MIN_FREE: "0" };

async function gc(...argv: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [executable, "gc", ...argv], {
    env: environment,
  });
  return stdout;
}

async function watch(folder: string): Promise<{ readonly child: ChildProcess; readonly admin: string }> {
  const argv = ["gc", "--cache", folder, "--max-bytes", "10000", "--admin-port", "0", "--watch"];
  const child = spawn(process.execPath, [executable, ...argv], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let text = "";
  for await (const chunk of child.stdout) {
    text += chunk;
    const admin = /"admin":"([^"]+)"/.exec(text)?.[1];
    if (admin !== undefined) return { child, admin };
  }
  throw new Error(`gc ended: ${text}`);
}

async function scrape(admin: string): Promise<string> {
  return (await fetch(`${admin}metrics`)).text();
}
