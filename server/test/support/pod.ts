import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import { isFull } from "../chaos/chaos.ts";

/** The executable in its own process, as in a pod. */
export interface Pod {
  /** The public port, with a slash at its end. */
  readonly url: string;
  readonly adminUrl: string;
  readonly pid: number;
  /** Its log so far, at least the last 8 MiB. Lines are written together, a moment after what they say: poll it. */
  log(): string;
  /** Its log with all that it has to say by now: for a number of lines, and for what must not be in it. */
  logged(): Promise<string>;
  /** A sum over the labels that match, such as `imgproxy_lite_cache_failures_total{cause="full"}`; 0 when absent. */
  metric(name: string, labels?: string): Promise<number>;
  /** SIGTERM; resolves with the exit code when it has ended and `log` is whole. */
  stop(): Promise<number | null>;
}

const anywhere = { HOST: "127.0.0.1", PORT: "0", ADMIN_PORT: "0" } as const;

/** For any server of a test: free ports of loopback, and the patience that a busy machine needs. */
export const forTests = {
  ...anywhere,
  CACHE_TIMEOUT: "1m",
  ENCODE_TIMEOUT: "5m",
  QUEUE_TIMEOUT: "5m",
  WARM_TIMEOUT: "10m",
} as const;

const bin = fileURLToPath(new URL("../../../bin/imgproxy-lite.js", import.meta.url));

/**
 * Starts `imgproxy-lite serve` on free ports of loopback, with only these settings. It stops after the test.
 * @param within a command that runs it, such as `prlimit --nofile=80`.
 * @throws Error with its output if it ends before it listens.
 */
export async function startPod(
  settings: Readonly<Record<string, string>>,
  executable: string = bin,
  atEnd: (stop: () => Promise<void>) => void = onTestFinished,
  within: readonly string[] = [],
): Promise<Pod> {
  const [command = "", ...args] = [...within, process.execPath, executable, "serve"];
  const child = spawn(command, args, {
    // At full size, chaos measures what the defaults promise.
    env: { PATH: process.env.PATH, ...(isFull() ? anywhere : forTests), ...settings },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let found: { url: string; adminUrl: string } | undefined;
  // Not at its exit: its last words can still be in the pipe.
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  atEnd(async () => {
    child.kill("SIGKILL");
    // Otherwise it could write into a folder that is being deleted.
    await ended;
  });
  const { url, adminUrl } = await new Promise<{ url: string; adminUrl: string }>((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      output += chunk;
      // A million hits log 300 MB, which must slow down neither this process nor the server.
      if (output.length > 2 ** 24) output = output.slice(2 ** 23);
      found ??= addressesIn(output);
      if (found !== undefined) resolve(found);
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    void ended.then((code) => reject(new Error(`serve ended with ${code}: ${output}`)));
  });
  return {
    url,
    adminUrl,
    pid: child.pid ?? 0,
    log: () => output,
    async logged() {
      // Lines are in order, and each request has one.
      const id = randomUUID();
      await fetch(url, { headers: { "x-request-id": id } });
      await expect.poll(() => output).toContain(id);
      return output;
    },
    metric: async (name, labels = "") => {
      const text = await (await fetch(new URL("metrics", adminUrl))).text();
      const lines = text.split("\n").filter((line) => line.startsWith(name) && line.includes(labels));
      return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    },
    stop: () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

function addressesIn(output: string): { url: string; adminUrl: string } | undefined {
  const line = /^.*"images are served".*$/m.exec(output)?.[0];
  const [url, adminUrl] = [fieldOf(line, "url"), fieldOf(line, "admin")];
  return url === undefined || adminUrl === undefined ? undefined : { url, adminUrl };
}

function fieldOf(line: string | undefined, name: string): string | undefined {
  return new RegExp(`"${name}":"([^"]*)"`).exec(line ?? "")?.[1];
}
