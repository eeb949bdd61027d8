import { AsyncLocalStorage } from "node:async_hooks";
import { randomBytes } from "node:crypto";

/** The trace of a request, as in W3C Trace Context. */
export interface Trace {
  /** 32 hex digits, the same in every program of the trace. */
  readonly id: string;
  /** The `traceparent` of our own requests: the same trace, with our span. */
  readonly parent: string;
}

/** @returns undefined without a valid `traceparent`; the server starts no traces of its own. */
export function readTrace(header: string | readonly string[] | null | undefined): Trace | undefined {
  if (typeof header !== "string") return undefined;
  const [, id, parentId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(header) ?? [];
  if (id === undefined || /^0+$/.test(id) || parentId === undefined || /^0+$/.test(parentId))
    return undefined;
  return { id, parent: `00-${id}-${randomBytes(8).toString("hex")}-${flags}` };
}

/** Does work as part of a trace; its requests have {@link traceHeaders}. Untraced work costs nothing here. */
export function withTrace<T>(trace: Trace | undefined, work: () => T): T {
  if (trace === undefined) return work();
  running += 1;
  let result: T | undefined;
  try {
    result = traces.run(trace, work);
    return result;
  } finally {
    if (result instanceof Promise) result.then(ended, ended);
    else ended();
  }
}

/** Once it has run, Node before 24 calls hooks for every promise of the process: each costs 2.7 times as much until this. */
function ended(): void {
  running -= 1;
  if (running === 0) traces.disable();
}

/** The header for a request that belongs to the current trace; empty outside of one. */
export function traceHeaders(): Readonly<Record<string, string>> {
  const trace = traces.getStore();
  return trace === undefined ? {} : { traceparent: trace.parent };
}

/** Work that several requests wait for (single-flight) belongs to the trace of the one that started it. */
const traces = new AsyncLocalStorage<Trace>();
let running = 0;
