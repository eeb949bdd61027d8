import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Entry } from "../cache/cache.ts";
import { problemAnswer } from "../http/problem-json.ts";
import type { Answer } from "../http/response.ts";
import { formatServerTiming } from "../http/server-timing.ts";
import type { Images } from "../image/image.ts";
import type { Hot } from "../image/memory-cache.ts";
import { createSlots, type Prepared, type Slot, type SlotParts } from "../image/url-memo.ts";
import type { Variants } from "../image/variants.ts";
import type { Phases } from "../telemetry/log.ts";
import { readTrace, withTrace } from "../telemetry/trace-context.ts";
import { flatHeaders, requestIdOf } from "./access-log.ts";

/** What the fast path looks at. */
export interface FastParts extends SlotParts {
  readonly hot: Hot;
  /** In memory or on disk. */
  readonly find: Variants["find"];
  /** Makes what is in neither. */
  readonly answerMissing: Images["answerMissing"];
  /** Who asks, as the app's. */
  readonly client: (peer: string, forwardedFor: string | null) => string;
  /** Sends Server-Timing, as app.ts does. */
  readonly dev: boolean;
}

/**
 * In front of the app.
 * @returns whether the request was answered; a promise where the cache volume is asked for it.
 */
export type FastPath = (req: IncomingMessage, res: ServerResponse) => boolean | Promise<boolean>;

/**
 * Answers variants without a web Request or a router, those from memory without a promise: what readers do most costs
 * what bare node:http costs, and who is refused when there is too much to do costs little more. Whatever asks for
 * something else, is not to be served before the source is asked, or has no right to it, is left to the app, which
 * decides everything again.
 */
export function createFastPath(parts: FastParts): FastPath {
  const { hot, find } = parts;
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
    if (entry !== undefined) return answer(slot, entry, req, res, started);
    await sendMissing(parts, slot, req, res, started);
    return true;
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
    if (typeof answered !== "boolean") return answered.then((isAnswered) => isAnswered || app(req, res));
    if (!answered) return app(req, res);
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
    head.write(res, id, timing({ dev }, { total: milliseconds }));
    end(req, res, answer.status, body);
  }
  if (method === "GET" && !gone) tell(id, milliseconds, trace);
  else report.tell({ method, id, answer, milliseconds, gone, trace });
}

async function sendMissing(
  parts: FastParts,
  { asked, variant }: Slot,
  req: IncomingMessage,
  res: ServerResponse,
  started: number,
): Promise<void> {
  const { method = "", headers } = req;
  const id = requestIdOf(headers["x-request-id"]);
  const trace = readTrace(headers.traceparent);
  const call = {
    ...{ asked, variant, ifNoneMatch: headers["if-none-match"], signal: whileThere(res) },
    client: parts.client(req.socket.remoteAddress ?? "", headers["x-forwarded-for"]?.toString() ?? null),
  };
  const making = withTrace(trace, () => parts.answerMissing(call, performance.now() - started));
  const answer: Answer = await making.catch((error: unknown) => problemAnswer(error, id));
  const milliseconds = performance.now() - started;
  const gone = res.destroyed;
  if (!gone) {
    const more = timing(parts, { total: milliseconds, ...answer.note?.ms }) ?? [];
    res.writeHead(answer.status, [...flatHeaders(answer), ...more, "x-request-id", id]);
    end(req, res, answer.status, answer.body);
  }
  parts.report.tell({ method, id, answer, milliseconds, gone, trace });
}

function end({ method }: IncomingMessage, res: ServerResponse, status: number, body: Answer["body"]): void {
  const isSent = method !== "HEAD" && status !== 304;
  // Only originals are streams, and none comes by here.
  if (isSent && body instanceof Uint8Array) res.end(body);
  else res.end();
}

/** Aborts when the reader leaves before the answer is out. */
function whileThere(res: ServerResponse): AbortSignal {
  const leaving = new AbortController();
  res.once("close", () => {
    if (!res.writableFinished) leaving.abort();
  });
  return leaving.signal;
}

function timing({ dev }: Pick<FastParts, "dev">, phases: Phases): readonly string[] | undefined {
  return dev ? ["server-timing", formatServerTiming(phases)] : undefined;
}
