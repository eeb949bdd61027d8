import { statSync } from "node:fs";
import type { Started } from "../tools/measure/processes.ts";
import { startNodeHttp } from "./node-http.ts";

/** A bucket (node:http, from memory) that has one photograph, under every key. @throws Error when it does not start. */
export function startBucket(folder: string, file: string): Promise<Started> {
  const { size, mtime } = statSync(file);
  const headers = {
    "content-type": "image/jpeg",
    "content-length": String(size),
    "last-modified": mtime.toUTCString(),
    etag: '"the-photograph"',
  };
  return startNodeHttp({ folder, file, headers, from: "memory" });
}
