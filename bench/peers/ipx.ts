import { execFile } from "node:child_process";
import { access, mkdir } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { freePort, type Started, startServer } from "../tools/measure/processes.ts";
import { projectRoot } from "../tools/paths.ts";

const run = promisify(execFile);

/** ipx is installed at its first use, outside the project's own dependencies. */
const cache = path.join(projectRoot, ".cache", "bench", "ipx");

/** ipx, the most similar program on npm: sharp behind HTTP, without a cache. @throws Error without a registry. */
export async function startIpx(folder: string, photos: string, key: string): Promise<Started> {
  const program = path.join(cache, "node_modules", "ipx", "bin", "ipx.mjs");
  await mkdir(cache, { recursive: true });
  await access(program).catch(() =>
    run("npm", ["install", "--prefix", cache, "--no-save", "--no-audit", "--no-fund", "ipx@3"]),
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return await startServer({
    file: process.execPath,
    args: [program, "serve", "--dir", photos, "--port", String(port), "--host", "127.0.0.1"],
    url,
    ready: `${url}/w_16/${encodeURI(key)}`,
    log: path.join(folder, "ipx.log"),
  });
}

/** The URL of one variant. */
export function ipxPath(variant: {
  readonly key: string;
  readonly width: number;
  readonly quality: number;
  readonly format: string;
}): string {
  const { key, width, quality, format } = variant;
  return `/w_${width},q_${quality},f_${format}/${encodeURI(key)}`;
}
