import type { ProblemCode } from "../errors.ts";
import type { Phases } from "../telemetry/log.ts";
import type { CacheOutcome } from "../telemetry/metrics.ts";

/** The request headers that affect an image's response, as node:http has them. */
export interface RequestHeaders {
  readonly accept?: string | undefined;
  readonly range?: string | undefined;
  readonly "if-match"?: string | undefined;
  readonly "if-none-match"?: string | undefined;
  readonly "if-modified-since"?: string | undefined;
  readonly "if-unmodified-since"?: string | undefined;
  readonly "if-range"?: string | undefined;
}

/** A response before it is HTTP: h3 and held.ts in front of it send the same one. */
export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** Present also for HEAD and 304, which do not send it. */
  readonly body: Uint8Array | ReadableStream<Uint8Array> | null;
  readonly note?: Note;
}

/** Fields for the log, in addition to the response. */
export interface Note {
  readonly cache?: CacheOutcome;
  readonly key?: string;
  readonly variant?: string;
  /** The call of the API, such as `warm`. */
  readonly call?: string;
  readonly code?: ProblemCode;
  readonly error?: unknown;
  readonly ms?: Omit<Phases, "total">;
}

const notes = new WeakMap<object, Note>();

/** For the log of a request: what is known of it already, in case that it fails. @param event h3's. */
export function addNote(event: object, note: Note): void {
  notes.set(event, { ...notes.get(event), ...note });
}

export function noteOf(event: object): Note | undefined {
  return notes.get(event);
}

export function isAnswer(value: unknown): value is Answer {
  return (
    typeof value === "object" && value !== null && "status" in value && "headers" in value && "body" in value
  );
}
