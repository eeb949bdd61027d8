import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";

/** The trace that a request belongs to, as W3C Trace Context names it. */
export interface Trace {
  /** 32 hex digits, the same in every program that the trace passes through. */
  readonly id: string;
  /** The `traceparent` that our own requests carry: the same trace, a span of ours. */
  readonly parent: string;
}

/** @returns undefined without a `traceparent` or with one that is none; we begin no traces of our own. */
export function readTrace(header: string | readonly string[] | null | undefined): Trace | undefined {
  if (typeof header !== "string") return undefined;
  const [, id, parentId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(header) ?? [];
  if (id === undefined || /^0+$/.test(id) || parentId === undefined || /^0+$/.test(parentId))
    return undefined;
  return { id, parent: `00-${id}-${randomBytes(8).toString("hex")}-${flags}` };
}

/** Does work on behalf of a trace; what it sends carries {@link traceHeaders}. Untraced work costs nothing here. */
export function withTrace<T>(trace: Trace | undefined, work: () => T): T {
  return trace === undefined ? work() : traces.run(trace, work);
}

/** The header of a request that is sent on behalf of the current trace; none outside of one. */
export function traceHeaders(): Readonly<Record<string, string>> {
  const trace = traces.getStore();
  return trace === undefined ? {} : { traceparent: trace.parent };
}

/** Work that many wait for (a flight) belongs to the trace of the one who began it. */
const traces = new AsyncLocalStorage<Trace>();
