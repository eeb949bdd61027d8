import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { forTests } from "../../server/test/support/pod.ts";

/** The built server on free ports, with a folder of photographs and a cache of its own. */
export interface RealServer extends AsyncDisposable {
  readonly endpoint: string;
  readonly token: string;
  /** What it has written to stderr: nothing, if all is well. */
  stderr(): string;
  /** A number of `/metrics`, summed over its labels. */
  metric(name: string): Promise<number>;
}

const executable = fileURLToPath(new URL("../../bin/imgproxy-lite.js", import.meta.url));

export async function startServer(
  photos: string,
  env: Readonly<Record<string, string>> = {},
  args: readonly string[] = [],
): Promise<RealServer> {
  const cache = await mkdtemp(path.join(tmpdir(), "scan-cache-"));
  const token = "a-token-for-the-tests-alone";
  const child = spawn(process.execPath, [executable, "serve", ...args], {
    env: {
      PATH: process.env.PATH,
      ...forTests,
      SOURCE: photos,
      CACHE_DIR: cache,
      TOKEN: token,
      GC_INTERVAL: "0",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk;
    process.stderr.write(chunk);
  });
  const closed = new Promise((resolve) => child.once("close", resolve));
  const started = await new Promise<{ readonly url: string; readonly admin: string }>((resolve, reject) => {
    void closed.then(() => reject(new Error("the server did not start")));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const { url, admin }: { url?: string; admin?: string } = JSON.parse(line);
      if (url !== undefined && admin !== undefined) resolve({ url, admin });
    });
  });
  return {
    endpoint: started.url,
    token,
    stderr: () => stderr,
    async metric(name) {
      const text = await (await fetch(new URL("metrics", started.admin))).text();
      const lines = text.split("\n").filter((line) => line.startsWith(name));
      return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    },
    async [Symbol.asyncDispose]() {
      child.kill();
      await closed;
      await rm(cache, { recursive: true, force: true });
    },
  };
}
