import { readableLines } from "./log-pretty.ts";
import { gatheredLines, type LogDestination } from "./log-writer.ts";
import type { CacheOutcome } from "./metrics.ts";

export const logLevels = ["debug", "info", "warn", "error", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Milliseconds of one request by phase; `total` is all of it. */
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

/** The part of a request's line that describes its response. */
export interface AnswerFields {
  readonly method: string;
  readonly status: number;
  readonly cache: CacheOutcome;
  readonly bytes: number;
  /** The source key. Undefined if the request was refused before it was parsed. */
  readonly key?: string | undefined;
  /** Width, crop, quality and class, such as `800 q55 auto-aw`. */
  readonly variant?: string | undefined;
  /** The call of the API, such as `warm`. */
  readonly call?: string | undefined;
  readonly contentType?: string | undefined;
  /** The problem's code. */
  readonly code?: string | undefined;
  /** The internal cause; the response does not contain it. */
  readonly error?: unknown;
}

/** All fields of a request's line. */
export interface RequestLine extends AnswerFields {
  /** The reader's `X-Request-Id`. */
  readonly id: string;
  readonly ms: Phases;
  /** The trace that the request belongs to, 32 hex digits. */
  readonly trace?: string | undefined;
}

/** Writes the line of one request; see {@link RequestLine} for the fields. */
export type WriteRequest = (id: string, ms: Phases, trace: string | undefined) => void;

/** Fields in addition to the message; an `error` is written with its causes. */
export type LogFields = Readonly<Record<string, unknown>> & {
  readonly [Reserved in "level" | "time" | "msg"]?: never;
};

/** No method throws, and none waits for the reader of the log. */
export interface Log {
  /** Formats the constant part of a response's lines, once, and returns the function that writes each of them. */
  request(answer: AnswerFields): WriteRequest;
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** One JSON object a line: `level`, `time`, the fields, `msg`. The destination may make it readable for a person. */
export function createLog(options: { readonly level: LogLevel; readonly destination: LogDestination }): Log {
  const { level: least, destination } = options;
  const isWritten = (level: LogLevel): boolean => logLevels.indexOf(level) >= logLevels.indexOf(least);
  const say =
    (level: LogLevel): Log["info"] =>
    (msg, fields = {}) => {
      if (!isWritten(level)) return;
      const said = `${members(fields)}"msg":${JSON.stringify(msg)}`;
      destination.write(`{"level":"${level}","time":"${isoTime()}",${said}}\n`);
    };
  return {
    request: (answer) => {
      const level = levelOf(answer);
      return isWritten(level) ? requestWriter(level, answer, destination) : () => undefined;
    },
    debug: say("debug"),
    info: say("info"),
    warn: say("warn"),
    error: say("error"),
  };
}

/** Standard output: readable where it is a terminal, else JSON. */
export function standardOutput(): LogDestination {
  const lines = gatheredLines(1);
  return process.stdout.isTTY ? readableLines((text) => lines.write(text)) : lines;
}

// --- lines ---

/** A refusal concerns the reader (info), a failure the operator (warn), an unknown error is a bug (error). */
function levelOf({ status }: Pick<AnswerFields, "status">): "info" | "warn" | "error" {
  return status === 500 ? "error" : status > 500 ? "warn" : "info";
}

/** JSON.stringify of a line takes as long as the rest of a hit, so it is done once an answer. */
function requestWriter(level: LogLevel, answer: AnswerFields, destination: LogDestination): WriteRequest {
  const { method, status, cache, bytes, key, variant, call, contentType, code, error } = answer;
  const before = members({ method, status, cache, bytes });
  const after = members({ key, variant, call, contentType, code, error });
  // An id and a trace are letters, digits, dots and dashes: access-log.ts and trace-context.ts let nothing else in.
  return (id, ms, trace) => {
    const begin = `{"level":"${level}","time":"${isoTime()}","id":"${id}",${before}"ms":${phases(ms)},`;
    const traced = trace === undefined ? "" : `"trace":"${trace}",`;
    destination.write(`${begin}${after}${traced}"msg":"request"}\n`);
  };
}

/** JSON of an object without its braces, with a trailing comma if it is not empty. */
function members(fields: object): string {
  const inside = json(fields).slice(1, -1);
  return inside === "" ? "" : `${inside},`;
}

/** If a value cannot be JSON, its line loses the fields; the request does not fail. */
function json(fields: object): string {
  try {
    return JSON.stringify(fields, writable);
  } catch (error) {
    return JSON.stringify({ unwritable: String(error) });
  }
}

function writable(name: string, value: unknown): unknown {
  if (typeof value === "bigint") return String(value);
  const isError = value instanceof Error || (name === "error" && typeof value === "object");
  return isError ? describeError(value) : value;
}

/** `{"total":1.2,"cache":0.8}`: tenths of a millisecond; more digits would not be meaningful. */
function phases({ total, cache, source, queue, encode }: Phases): string {
  return `{"total":${tenths(total)}${phase("cache", cache)}${phase("source", source)}${phase("queue", queue)}${phase("encode", encode)}}`;
}

function phase(name: keyof Phases, milliseconds: number | undefined): string {
  return milliseconds === undefined ? "" : `,"${name}":${tenths(milliseconds)}`;
}

function tenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}

/** Formatting a time takes half a microsecond, and many hits fall into one millisecond. */
function isoTime(): string {
  const now = Date.now();
  if (now !== last.now) last = { now, text: new Date(now).toISOString() };
  return last.text;
}

let last = { now: 0, text: "" };

// --- errors ---

interface DescribedError {
  readonly name: string;
  readonly message: string;
  readonly code?: string | number;
  readonly stack?: string;
  readonly cause?: unknown;
}

/**
 * Selects fields of an error instead of copying it: an S3 error contains the whole response, a request its headers, and neither
 * belongs in a log.
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
