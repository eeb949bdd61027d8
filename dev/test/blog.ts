import { execFile } from "node:child_process";
import { createReadStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { obtainHugo, obtainHugoVersions } from "../hugo.ts";
import { freePort } from "../ports.ts";
import { startProgram } from "../processes.ts";

/** The example site as readers have it: built by Hugo, its images from a server of ours. */
export interface Blog {
  readonly pages: string;
  readonly images: string;
  /** Paths of the posts, such as `posts/worms/`. */
  readonly posts: readonly string[];
  stop(): Promise<void>;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
const site = join(root, "hugo-module/exampleSite");

/** @param folder an empty one, for the built pages and the server's cache. */
export async function startBlog(folder: string): Promise<Blog> {
  const { port } = await freePort();
  const images = `http://localhost:${port}/`;
  const server = await startProgram(
    {
      name: "imgproxy-lite serve",
      file: process.execPath,
      args: [join(root, "bin/imgproxy-lite.js"), "serve", "--source", join(site, "photos")],
      env: {
        PORT: String(port),
        ADMIN_PORT: String((await freePort()).port),
        CACHE_DIR: join(folder, "cache"),
      },
    },
    /images are served/,
    new AbortController().signal,
  );
  await build(join(folder, "public"), images);
  const pages = await serveFolder(join(folder, "public"));
  const posts = await readdir(join(folder, "public/posts"), { withFileTypes: true });
  return {
    pages: pages.url,
    images,
    posts: posts.filter((entry) => entry.isDirectory()).map((entry) => `posts/${entry.name}/`),
    stop: async () => {
      await pages.close();
      await server.stop();
    },
  };
}

async function build(destination: string, images: string): Promise<void> {
  const hugo = (await obtainHugoVersions()).at(-1) ?? (await obtainHugo());
  await promisify(execFile)(hugo.path, ["--source", site, "--destination", destination, "--baseURL", "/"], {
    env: { ...process.env, HUGO_PARAMS_IMGPROXY_ENDPOINT: images },
  });
}

const types: Readonly<Record<string, string>> = { ".html": "text/html; charset=utf-8", ".css": "text/css" };

async function serveFolder(folder: string): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const file = join(folder, pathname.endsWith("/") ? `${pathname}index.html` : pathname);
    const found = await stat(file).catch(() => undefined);
    if (found === undefined) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": types[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  const { port } = await freePort();
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
