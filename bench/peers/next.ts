import { execFile } from "node:child_process";
import { access, copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { freePort } from "../../dev/machine/ports.ts";
import { type Started, startServer } from "../tools/measure/processes.ts";
import { installed } from "./installed.ts";

/**
 * `next start`, whose image optimizer has these files as its site's own; AVIF is switched on, which it is not by default. The application
 * is one empty page, built once. One run at a time.
 * @throws Error without a registry, and when Next does not build it.
 */
export async function startNext(folder: string, files: readonly string[]): Promise<Started> {
  const program = path.join("node_modules", "next", "dist", "bin", "next");
  const app = await installed("next", ["next@16", "react@19", "react-dom@19"], program);
  await access(path.join(app, ".next", "BUILD_ID")).catch(() => build(app, program));
  const pictures = path.join(app, "public");
  await rm(pictures, { recursive: true, force: true });
  await mkdir(pictures);
  for (const file of files) await copyFile(file, path.join(pictures, path.basename(file)));
  // Pictures of an earlier run had the same names.
  await rm(path.join(app, ".next", "cache", "images"), { recursive: true, force: true });
  const { port } = await freePort();
  const url = `http://127.0.0.1:${port}`;
  return await startServer({
    file: process.execPath,
    args: [path.join(app, program), "start", app, "--hostname", "127.0.0.1", "--port", String(port)],
    env,
    url,
    ready: `${url}/`,
    log: path.join(folder, "next.log"),
  });
}

/** The URL of a picture that is not resized, at the quality that Next's `<Image>` asks for. */
export function nextPath(name: string): string {
  return `/_next/image?url=${encodeURIComponent(`/${name}`)}&w=${WIDEST}&q=75`;
}

/** The largest of Next's default widths; Next does not enlarge. */
const WIDEST = 3840;
const env = { NEXT_TELEMETRY_DISABLED: "1" };

async function build(app: string, program: string): Promise<void> {
  await mkdir(path.join(app, "pages"), { recursive: true });
  await writeFile(path.join(app, "package.json"), '{ "private": true }\n');
  await writeFile(
    path.join(app, "next.config.mjs"),
    'export default { images: { formats: ["image/avif", "image/webp"] }, outputFileTracingRoot: import.meta.dirname };\n',
  );
  await writeFile(path.join(app, "pages", "index.js"), "export default function Page() { return null; }\n");
  await promisify(execFile)(process.execPath, [path.join(app, program), "build", app], {
    env: { ...process.env, ...env },
  });
}
