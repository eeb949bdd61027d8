import { execFile } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Hugo } from "./hugo.ts";
import { freePort } from "./machine/ports.ts";
import { startProgram } from "./machine/processes.ts";

/** The example blog as readers see it: built by Hugo, with photographs from a real server. */
export interface ExampleBlog extends AsyncDisposable {
  /** URL with a slash at its end. */
  readonly url: string;
}

/**
 * Builds the example site with additional pages, and serves it and its photographs on free ports.
 * @param pages Markdown by path below `content/`.
 * @throws Error with Hugo's output if the site does not build.
 */
export async function startExampleBlog(
  hugo: Hugo,
  pages: Readonly<Record<string, string>> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<ExampleBlog> {
  const folder = await mkdtemp(path.join(tmpdir(), "example-blog-"));
  const { port } = await freePort();
  const images = await startProgram(
    imageServer({ source: path.join(example, "photos"), folder, port }),
    /"url":/,
    signal,
  );
  const published = path.join(folder, "public");
  const files = createServer(fileListener(published));
  const dispose = async (): Promise<void> => {
    files.close();
    files.closeAllConnections();
    await images.stop();
    // A sweep of the cache can outlive its server, and write its note meanwhile.
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    await once(files.listen(0, "127.0.0.1"), "listening");
    const address = files.address();
    if (address === null || typeof address === "string") throw new Error("no port is free");
    const url = `http://127.0.0.1:${address.port}/`;
    await writeSite(path.join(folder, "site"), pages);
    await build(hugo, path.join(folder, "site"), published, { url, endpoint: `http://127.0.0.1:${port}/` });
    return { url, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

// --- photographs ---

// Below the repository both in the sources (dev/) and in the build (dist/dev/).
const root = fileURLToPath(new URL(import.meta.url.endsWith(".ts") ? "../" : "../../", import.meta.url));
const example = path.join(root, "hugo-module", "exampleSite");

/**
 * The program that serves the photographs of a folder on loopback.
 * @param source the folder of the photographs.
 * @param folder for its cache.
 */
export function imageServer(
  { source, folder, port }: { readonly source: string; readonly folder: string; readonly port: number },
  env: Readonly<Record<string, string>> = {},
): Parameters<typeof startProgram>[0] {
  return {
    name: "imgproxy-lite serve",
    file: process.execPath,
    args: [path.join(root, "bin", "imgproxy-lite.js"), "serve"],
    env: {
      HOST: "127.0.0.1",
      PORT: String(port),
      ADMIN_PORT: "0",
      // A busy machine takes longer than a reader waits.
      ENCODE_TIMEOUT: "5m",
      QUEUE_TIMEOUT: "5m",
      QUEUE_LIMIT: "200",
      SOURCE: source,
      CACHE_DIR: path.join(folder, "cache"),
      ...env,
    },
  };
}

// --- pages ---

async function writeSite(folder: string, pages: Readonly<Record<string, string>>): Promise<void> {
  const parts = ["assets", "content", "layouts", "config.toml"];
  for (const part of parts) await cp(path.join(example, part), path.join(folder, part), { recursive: true });
  for (const [name, markdown] of Object.entries(pages)) {
    const file = path.join(folder, "content", name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, markdown);
  }
}

async function build(
  hugo: Hugo,
  site: string,
  published: string,
  { url, endpoint }: { url: string; endpoint: string },
): Promise<void> {
  const replacements = `github.com/imgproxy-lite/imgproxy-lite -> ${root}`;
  const env = {
    ...process.env,
    HUGO_MODULE_REPLACEMENTS: replacements,
    HUGO_PARAMS_IMGPROXY_ENDPOINT: endpoint,
  };
  await promisify(execFile)(
    hugo.path,
    ["--source", site, "--destination", published, "--baseURL", url, "--noBuildLock"],
    { env },
  );
}

// --- files ---

const types: Readonly<Record<string, string>> = { ".css": "text/css", ".svg": "image/svg+xml" };

/** Static files, like any web server. */
function fileListener(folder: string): RequestListener {
  return (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const name = pathname.endsWith("/") ? `${pathname}index.html` : pathname;
    readFile(path.join(folder, path.normalize(name))).then(
      (body) =>
        response.setHeader("content-type", types[path.extname(name)] ?? "text/html; charset=utf-8").end(body),
      () => {
        response.statusCode = 404;
        response.end();
      },
    );
  };
}
