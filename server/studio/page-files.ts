import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Answer } from "../http/response.ts";

/**
 * The Studio's page, by its path below the endpoint: `_studio/` and the files that it loads. It contains no data: the page gets
 * that from the API, with the token.
 * @returns undefined if there is no such file.
 */
export async function studioFile(path: string): Promise<Answer | undefined> {
  if (path === "_studio") return toFolder;
  const file = files.get(path);
  if (file === undefined) return undefined;
  const body = await readFile(join(folder(), file.name));
  return {
    status: 200,
    headers: {
      ...headers,
      "content-type": file.type,
      "content-length": String(body.byteLength),
    },
    body,
  };
}

const files: ReadonlyMap<string, { readonly name: string; readonly type: string }> = new Map([
  ["_studio/", { name: "index.html", type: "text/html; charset=utf-8" }],
  ["_studio/studio.js", { name: "studio.js", type: "text/javascript; charset=utf-8" }],
  ["_studio/studio.css", { name: "studio.css", type: "text/css; charset=utf-8" }],
]);

/** Only this server's own files and answers, nothing inline, and no frame around it: a click there could be anyone's. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const headers = {
  "cache-control": "no-store",
  "content-security-policy": policy,
  "cross-origin-opener-policy": "same-origin",
  "referrer-policy": "no-referrer",
};

const toFolder: Answer = {
  status: 308,
  headers: { location: "_studio/", "cache-control": "no-store" },
  body: null,
};

/** Tests run the sources, but a page is always the built one: a browser runs no TypeScript. */
function folder(): string {
  const here = fileURLToPath(import.meta.url);
  return here.endsWith(".ts")
    ? join(dirname(here), "../../dist/server/studio/page")
    : join(dirname(here), "page");
}
