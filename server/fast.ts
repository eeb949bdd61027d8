import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Entry } from "./cache/cache.ts";
import type { Hot } from "./hot.ts";
import type { Unfound } from "./image.ts";
import { type Reporter, requestIdOf } from "./sent.ts";
import { formatServerTiming } from "./server-timing.ts";
import { createSlots, type Prepared, type Slot, type SlotParts } from "./slots.ts";
import { readTrace } from "./trace.ts";
import type { Variants } from "./variants.ts";

/** What the fast path looks at. */
export interface FastParts extends SlotParts {
  readonly hot: Hot;
  /** In memory or on disk. */
  readonly find: Variants["find"];
  /** By request: filled here, and read by the app. */
  readonly unfound: WeakMap<object, Unfound>;
  readonly report: Reporter;
  /** Sends Server-Timing, as app.ts does. */
  readonly dev: boolean;
}

/**
 * In front of the app.
 * @returns whether the request was answered; a promise where the cache volume is asked for it.
 */
export type FastPath = (req: IncomingMessage, res: ServerResponse) => boolean | Promise<boolean>;

/**
 * Answers hits without a web Request or a router, those from memory without a promise: what readers do most costs what
 * bare node:http costs. Whatever is no such hit (or is refused) is left to the app, which decides everything again.
 */
export function createFastPath(parts: FastParts): FastPath {
  const { hot, find, unfound } = parts;
  const slots = createSlots(parts);
  const reads = new Map<Slot, Promise<Entry | undefined>>();
  let edition = hot.edition;

  function slotFor({ method, url = "", headers }: IncomingMessage): Slot | undefined {
    if (method !== "GET" && method !== "HEAD") return undefined;
    try {
      return slots.find(url, headers.accept);
    } catch {
      return undefined;
    }
  }

  function answer(
    slot: Slot,
    entry: Entry,
    req: IncomingMessage,
    res: ServerResponse,
    started: number,
  ): boolean {
    const prepared = slots.prepare(slot, entry, req.headers["if-none-match"]);
    if (prepared !== undefined) send(parts, req, res, entry, prepared, started);
    return prepared !== undefined;
  }

  /** One read for all who come while it lasts: after a restart all readers of a page do. */
  function read(slot: Slot): Promise<Entry | undefined> {
    // What began before a purge is not for those who come after it.
    if (edition !== hot.edition) reads.clear();
    edition = hot.edition;
    const reading = reads.get(slot) ?? find(slot.variant).finally(() => reads.delete(slot));
    reads.set(slot, reading);
    return reading;
  }

  async function fromDisk(slot: Slot, req: IncomingMessage, res: ServerResponse, started: number) {
    const entry = await read(slot);
    if (entry === undefined) unfound.set(req, { started, ms: performance.now() - started });
    return entry !== undefined && answer(slot, entry, req, res, started);
  }

  return (req, res) => {
    const started = performance.now();
    const slot = slotFor(req);
    if (slot === undefined) return false;
    const entry = hot.get(slot.variant);
    return entry === undefined ? fromDisk(slot, req, res, started) : answer(slot, entry, req, res, started);
  };
}

/** The fast path first, then the app. */
export function inFront(fast: FastPath, app: RequestListener): RequestListener {
  return (req, res) => {
    const answered = fast(req, res);
    if (answered === false) app(req, res);
    else if (answered !== true)
      // What nobody has foreseen ends this connection and not the process.
      answered.then((isAnswered) => isAnswered || app(req, res)).catch(() => res.destroy());
  };
}

// --- answers ---

function send(
  { report, dev }: FastParts,
  req: IncomingMessage,
  res: ServerResponse,
  { body }: Entry,
  { answer, head, tell }: Prepared,
  started: number,
): void {
  const { method = "" } = req;
  const id = requestIdOf(req.headers["x-request-id"]);
  const trace = readTrace(req.headers.traceparent);
  const milliseconds = performance.now() - started;
  const gone = res.destroyed;
  if (!gone) {
    head.write(res, id, dev ? ["server-timing", formatServerTiming({ total: milliseconds })] : undefined);
    if (method === "HEAD" || answer.status === 304) res.end();
    else res.end(body);
  }
  if (method === "GET" && !gone) tell(id, milliseconds, trace);
  else report.tell({ method, id, answer, milliseconds, gone, trace });
}
