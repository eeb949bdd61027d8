import path from "node:path";
import { freePort } from "../../dev/machine/ports.ts";
import { type Started, startServer } from "../tools/measure/processes.ts";
import { installed } from "./installed.ts";

/** ipx, the most similar program on npm: sharp behind HTTP, without a cache. @throws Error without a registry. */
export async function startIpx(folder: string, photos: string, key: string): Promise<Started> {
  const file = path.join("node_modules", "ipx", "bin", "ipx.mjs");
  const program = path.join(await installed("ipx", ["ipx@3"], file), file);
  const { port } = await freePort();
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
