import { type DestinationStream, type Logger, pino, stdTimeFunctions } from "pino";
import { readableLines } from "./log-pretty.ts";
import { gatheredLines } from "./log-writer.ts";
import type { CacheOutcome } from "./metrics.ts";

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Milliseconds of one request, by what they were spent on; `total` is all of it. */
export interface Phases {
  readonly total: number;
  /** Reading the cache volume. */
  readonly cache?: number;
  /** Fetching the original. */
  readonly source?: number;
  /** Waiting for an encoder. */
  readonly queue?: number;
  readonly encode?: number;
}

/** All that is written of one request. */
export interface RequestLine {
  /** What the reader has in `X-Request-Id`. */
  readonly id: string;
  readonly method: string;
  readonly status: number;
  readonly cache: CacheOutcome;
  readonly bytes: number;
  readonly ms: Phases;
  /** The source key. Absent when the request was refused before it was parsed. */
  readonly key?: string | undefined;
  /** Width, quality and class, such as `800 q55 auto-aw`. */
  readonly variant?: string | undefined;
  /** The call of the API, such as `warm`. */
  readonly call?: string | undefined;
  readonly contentType?: string | undefined;
  /** The problem's code. */
  readonly code?: string | undefined;
  /** The trace that the request belongs to, 32 hex digits. */
  readonly trace?: string | undefined;
  /** What went wrong inside; the reader is not told. */
  readonly error?: unknown;
}

/** What is the same in all lines of an answer that is given over and over. */
export type RepeatedLine = Omit<RequestLine, "id" | "ms" | "trace" | "error">;

export interface Log {
  request(line: RequestLine): void;
  /** Writes such lines: as {@link Log.request} does, but all that is the same is put into words once. */
  requests(line: RepeatedLine): (id: string, milliseconds: number, trace: string | undefined) => void;
  /** @param fields beside the message; `error` is written with its causes. */
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** One JSON object a line, or lines for a person where the destination makes them. */
export function createLog(options: {
  readonly level: LogLevel;
  readonly destination: DestinationStream;
}): Log {
  const logger = pino(
    {
      level: options.level,
      // Which pod it was is the collector's to say; the process id is 1 in all of them.
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      serializers: { error: (error: unknown) => describeError(error) },
    },
    options.destination,
  );
  const say =
    (level: "debug" | "info" | "warn" | "error"): Log["info"] =>
    (message, fields = {}) =>
      logger[level](fields, message);
  return {
    request: (line) => writeRequest(logger, options.destination, line),
    requests: (line) => writeRequests(logger, options.destination, line),
    debug: say("debug"),
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
  };
}

/** Standard output: readable where it is a terminal, else JSON, gathered so that a hit pays for no write of its own. */
export function standardOutput(): DestinationStream {
  if (process.stdout.isTTY) return readableLines((text) => process.stdout.write(text));
  return gatheredLines(1);
}

// --- requests ---

/**
 * A refusal is the reader's affair (info), a failure the operator's (warn), an unknown one a bug (error). A line without
 * an error goes around pino, which takes as long for one as a hit does; it looks the same.
 */
function writeRequest(logger: Logger, destination: DestinationStream, line: RequestLine): void {
  const level = levelOf(line);
  if (!logger.isLevelEnabled(level)) return;
  const { id, method, status, cache, bytes, key, variant, call, contentType, code, trace, error } = line;
  const ms = roundPhases(line.ms);
  const fields = { id, method, status, cache, bytes, ms, key, variant, call, contentType, code, trace };
  if (error !== undefined) logger[level]({ ...fields, error }, "request");
  else
    destination.write(
      `${JSON.stringify({ level, time: new Date().toISOString(), ...fields, msg: "request" })}\n`,
    );
}

function writeRequests(
  logger: Logger,
  destination: DestinationStream,
  line: RepeatedLine,
): ReturnType<Log["requests"]> {
  const level = levelOf(line);
  if (!logger.isLevelEnabled(level)) return () => undefined;
  const { method, status, cache, bytes, key, variant, contentType, code } = line;
  const before = members({ method, status, cache, bytes });
  const after = members({ key, variant, contentType, code });
  // An id and a trace are letters, digits, dots and dashes: sent.ts and trace.ts let nothing else in.
  return (id, milliseconds, trace) => {
    const traced = trace === undefined ? "" : `"trace":"${trace}",`;
    destination.write(
      `{"level":"${level}","time":"${isoTime()}","id":"${id}",${before}"ms":{"total":${tenths(milliseconds)}},${after}${traced}"msg":"request"}\n`,
    );
  };
}

/** JSON without its braces, and with a comma at its end where there is anything. */
function members(fields: object): string {
  const inside = JSON.stringify(fields).slice(1, -1);
  return inside === "" ? "" : `${inside},`;
}

function levelOf({ status }: Pick<RequestLine, "status">): "info" | "warn" | "error" {
  return status === 500 ? "error" : status > 500 ? "warn" : "info";
}

/** Formatting a time takes half a microsecond, and many a hit falls into one millisecond. */
function isoTime(): string {
  const now = Date.now();
  if (now !== last.now) last = { now, text: new Date(now).toISOString() };
  return last.text;
}

let last = { now: 0, text: "" };

function roundPhases({ total, cache, source, queue, encode }: Phases): object {
  return {
    total: tenths(total),
    cache: tenths(cache),
    source: tenths(source),
    queue: tenths(queue),
    encode: tenths(encode),
  };
}

/** Tenths of a millisecond: the clock has more digits than meaning. */
function tenths(milliseconds: number | undefined): number | undefined {
  return milliseconds === undefined ? undefined : Math.round(milliseconds * 10) / 10;
}

// --- errors ---

interface DescribedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: unknown;
}

/**
 * Names what is written of an error rather than copying it: an S3 error carries the whole response, a request its
 * headers, and neither belongs in a log.
 */
export function describeError(error: unknown, depth = 0): unknown {
  if (!(error instanceof Error)) return String(error);
  const code = "code" in error ? error.code : undefined;
  const described: DescribedError = {
    name: error.name,
    message: error.message,
    ...((typeof code === "string" || typeof code === "number") && { code }),
    ...(depth === 0 && error.stack !== undefined && { stack: error.stack }),
    ...(error.cause !== undefined && depth < 4 && { cause: describeError(error.cause, depth + 1) }),
  };
  return described;
}
