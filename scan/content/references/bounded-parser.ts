import { Worker } from "node:worker_threads";
import { TooCostly } from "./limits.ts";
import type { MarkdownImage } from "./markdown.ts";
import type { ParseMarkdown } from "./memo.ts";

/** Messages to the thread. */
export interface ParseJob {
  readonly text: string;
  readonly endpoints: readonly string[];
}

export type ParseAnswer =
  | { readonly kind: "ready" }
  | { readonly kind: "images"; readonly images: readonly MarkdownImage[] }
  | { readonly kind: "refused"; readonly message: string; readonly offset: number };

/** A Markdown parser with limits. It runs in a thread, which is stopped at a limit and at once on an interrupt. */
export interface BoundedParser {
  /** @throws TooCostly for a text that exceeds a limit; the signal's reason when it aborts. */
  readonly parse: ParseMarkdown;
  /** Starts the next page: the CPU time of the last one no longer counts. */
  nextPage(): void;
  close(): Promise<void>;
}

/** The thread starts with the first text: loading a parser takes longer than a thousand posts that do not need it. */
export function openParser(signal: AbortSignal): BoundedParser {
  let thread: Promise<Worker> | undefined;
  let left = PAGE;
  const end = async () => {
    const ended = thread;
    thread = undefined;
    await (await ended)?.terminate();
  };
  return {
    async parse(text, endpoints) {
      signal.throwIfAborted();
      thread ??= startThread();
      const limit = Math.min(left, limitOf(text));
      const started = process.cpuUsage();
      try {
        return await ask(await thread, { text, endpoints }, { limit, signal });
      } catch (error) {
        // After a text that the thread itself refuses, it can continue.
        if (error instanceof TooCostly) throw error;
        await end();
        if (error instanceof OverTime)
          throw new TooCostly(`takes too long to read (limit ${seconds(limit === left ? PAGE : limit)} s)`);
        if (isOutOfMemory(error)) throw new TooCostly(`takes too much memory to read (limit ${MEMORY} MiB)`);
        throw error;
      } finally {
        left = Math.max(0, left - millisecondsSince(started));
      }
    },
    nextPage() {
      left = PAGE;
    },
    close: end,
  };
}

// --- time ---

/** CPU time in ms for all texts of one page. */
const PAGE = 5_000;

/**
 * CPU time in ms for one text: a second, and for a long text that cannot be cut twice the time of an ordinary text on a
 * machine with heavily shared cores.
 */
function limitOf(text: string): number {
  return Math.max(1_000, text.length * 0.03);
}

/** Wall time would depend on other programs; this process only waits meanwhile. */
function millisecondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1000;
}

function seconds(milliseconds: number): string {
  return String(Math.round(milliseconds / 100) / 10);
}

class OverTime extends Error {}

// --- the thread ---

/** MiB. Together with the rest of the scan, 256 MiB are enough. */
const MEMORY = 96;

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_WORKER_OUT_OF_MEMORY";
}

function startThread(): Promise<Worker> {
  const worker = new Worker(threadProgram(), {
    execArgv: [],
    resourceLimits: { maxOldGenerationSizeMb: MEMORY, maxYoungGenerationSizeMb: 8 },
  });
  return new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", () => {
      worker.off("error", reject);
      // A waiting thread does not keep the process alive.
      worker.unref();
      resolve(worker);
    });
  });
}

/** Tests run the sources, but the thread is always the built program: Node 20 does not run TypeScript. */
function threadProgram(): URL {
  const built = import.meta.url.endsWith(".ts") ? "../../../dist/scan/content/references/" : "./";
  return new URL(`${built}parser-thread.js`, import.meta.url);
}

function ask(
  worker: Worker,
  job: ParseJob,
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
): Promise<readonly MarkdownImage[]> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const started = process.cpuUsage();
    const watch = setInterval(() => {
      if (millisecondsSince(started) > limit) end(() => reject(new OverTime()));
    }, 50);
    const end = (settle: () => void) => {
      clearInterval(watch);
      worker.off("message", onMessage);
      worker.off("error", onError);
      signal.removeEventListener("abort", onAbort);
      settle();
    };
    const onMessage = (answer: ParseAnswer) => {
      if (answer.kind === "images") end(() => resolve(answer.images));
      if (answer.kind === "refused") end(() => reject(new TooCostly(answer.message, answer.offset)));
    };
    const onError = (error: Error) => end(() => reject(error));
    const onAbort = () => end(() => reject(signal.reason));
    worker.on("message", onMessage);
    worker.on("error", onError);
    signal.addEventListener("abort", onAbort);
    worker.postMessage(job);
  });
}
