import { Store } from "./store.ts";
import { tokenOf } from "./token.ts";

/** A call that the server refused, with its own sentences. */
export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly remedy: string;

  constructor(status: number, problem: { code?: string; title?: string; detail?: string; remedy?: string }) {
    super(problem.detail ?? problem.title ?? `The server answered with status ${status}.`);
    this.status = status;
    this.code = problem.code ?? "";
    this.remedy = problem.remedy ?? "";
  }

  /** Whether a token would open it. */
  get needsToken(): boolean {
    return (
      ["bad-token", "not-local"].includes(this.code) || (this.status === 404 && this.code === "no-route")
    );
  }

  /** Whether the same call succeeds later. An image that could not be made in time costs as much each time. */
  get isTemporary(): boolean {
    return (this.status === 429 || this.status === 503) && this.code !== "encode-failed";
  }
}

/** Why calls wait; undefined: none of them does. The page says it. */
export const trouble = new Store<string | undefined>(undefined);

/** Whether the server has refused the token, or wants one: also in the middle of work, because tokens change. */
export const isClosed = new Store(false);

/**
 * A call that is repeated while the server is overloaded, starts again or cannot be reached, until the signal aborts.
 * @param read reads the body of a success.
 * @throws Refused
 */
export async function callUntilAnswered<Value>(
  path: string,
  init: CallInit,
  signal: AbortSignal,
  read: (response: Response) => Promise<Value>,
): Promise<Value> {
  for (let attempt = 0; ; attempt++) {
    const wait = (text: string, seconds: number): Promise<void> => waitFor(text, seconds, signal);
    const response = await request(path, init, signal).catch((error: unknown) => {
      signal.throwIfAborted();
      if (error instanceof TypeError) return undefined;
      throw error;
    });
    if (response === undefined) {
      await wait("The server does not answer. Is it still running?", Math.min(15, 2 ** attempt));
      continue;
    }
    if (response.ok) return await read(response);
    const refused = await refusal(response);
    if (refused.isTemporary) {
      await wait(refused.message, Number(response.headers.get("retry-after") ?? 5) || 5);
      continue;
    }
    if (refused.needsToken) isClosed.set(true);
    throw refused;
  }
}

/** A call that is made once. @throws Refused */
export async function callOnce<Value>(
  path: string,
  init: CallInit,
  signal: AbortSignal,
  read: (response: Response) => Promise<Value>,
): Promise<Value> {
  const response = await request(path, init, signal);
  if (response.ok) return await read(response);
  throw await refusal(response);
}

type CallInit = Pick<RequestInit, "method" | "body">;

/** Above the page's own folder `_studio/`, whatever path the endpoint has. */
const endpoint = new URL("../", location.href.replace(/[?#].*/, ""));

function request(path: string, init: CallInit, signal: AbortSignal): Promise<Response> {
  const token = tokenOf();
  return fetch(new URL(`api/${path}`, endpoint), {
    ...init,
    signal,
    headers: {
      ...(init.body !== undefined && { "content-type": "application/json" }),
      ...(token !== null && { authorization: `Bearer ${token}` }),
    },
    cache: "no-store",
    credentials: "omit",
  });
}

async function refusal(response: Response): Promise<Refused> {
  return new Refused(response.status, await response.json().catch(() => ({})));
}

/** The calls that wait, in the order in which they began to. */
const waiting = new Set<{ readonly text: string }>();

async function waitFor(text: string, seconds: number, signal: AbortSignal): Promise<void> {
  const reason = { text };
  const tell = (): void => trouble.set([...waiting].at(-1)?.text);
  waiting.add(reason);
  tell();
  try {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, 1000 * seconds);
      function done(): void {
        clearTimeout(timer);
        removeEventListener("online", done);
        signal.removeEventListener("abort", done);
        resolve();
      }
      addEventListener("online", done);
      signal.addEventListener("abort", done);
      if (signal.aborted) done();
    });
    signal.throwIfAborted();
  } finally {
    waiting.delete(reason);
    tell();
  }
}
