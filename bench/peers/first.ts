import { mkdtemp } from "node:fs/promises";
import path from "node:path";
import { freePort } from "../../dev/machine/ports.ts";
import { type Started, startServer } from "../tools/measure/processes.ts";
import { projectRoot } from "../tools/paths.ts";

/**
 * The method of the first imgproxy-lite, on Debian's python3-flask, python3-pil and python3-waitress.
 * @throws Error if one of them is not installed.
 */
export async function startFirst(folder: string, photos: string): Promise<Started> {
  const { port } = await freePort();
  const cache = await mkdtemp(path.join(folder, "first-"));
  const url = `http://127.0.0.1:${port}`;
  return await startServer({
    file: "/usr/bin/python3",
    args: [path.join(projectRoot, "bench/peers/programs/first/app.py"), photos, cache, String(port)],
    url,
    ready: `${url}/ready`,
    log: path.join(folder, "first.log"),
  });
}
