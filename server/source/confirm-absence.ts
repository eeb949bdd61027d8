import { Problem } from "../errors.ts";
import { AccessDenied, isGone, UnsureAbsence } from "./access-denied.ts";
import { type Canaries, createCanaries } from "./canaries.ts";
import type { Source } from "./source.ts";

/**
 * Distinguishes an object that is absent or refused from a source that is gone as a whole, by requesting photographs that existed
 * recently (canaries). A bucket that was closed, emptied or renamed, or a volume that is not mounted, answers as if every
 * photograph was deleted; believing it would delete the cache variant by variant.
 * @param onAway called each time that no canary is there, with the problem that the reader gets.
 */
export function confirmAbsence(
  source: Source,
  canaries: Canaries = createCanaries(),
  onAway: (problem: Problem) => void = () => undefined,
): Source {
  const look = createLook(source, canaries);

  async function judge(key: string, error: unknown): Promise<unknown> {
    if (!isDoubtful(error)) return error;
    const others = (await look()).filter((one) => one.key !== key);
    if (others.some(({ state }) => state === "there")) {
      const own = confirmed(error);
      if (isGone(own)) canaries.forget(key);
      return own;
    }
    if (others.some(({ state }) => state === "unknown")) return unsure(error);
    if (others.length === 0) return error;
    const names = others.map((one) => one.key).join(", ");
    const problem = new Problem("source-misconfigured", {
      cause: new Error(`photographs that were there are all gone or refused: ${names}`, { cause: error }),
      ...(error.storage !== undefined && { storage: error.storage }),
    });
    onAway(problem);
    return problem;
  }

  async function watch<T>(key: string, work: Promise<T>): Promise<T> {
    try {
      const result = await work;
      canaries.add(key);
      return result;
    } catch (error) {
      throw await judge(key, error);
    }
  }

  return {
    stat: (key, signal) => watch(key, source.stat(key, signal)),
    open: (key, signal, range) => watch(key, source.open(key, signal, range)),
  };
}

// --- verdicts ---

/** Whether the answer may apply to one object or to the whole source. */
function isDoubtful(error: unknown): error is Problem {
  if (!(error instanceof Problem)) return false;
  return error.code === "source-absent" || error.cause instanceof AccessDenied;
}

/** The source exists: the answer applies to this object. */
function confirmed(error: Problem): Problem {
  return error.cause instanceof AccessDenied ? error.cause.ofObject : error;
}

function unsure(error: Problem): Problem {
  if (error.cause instanceof UnsureAbsence) return error;
  const cause = new UnsureAbsence("whether the storage is there could not be found out", { cause: error });
  return new Problem("source-absent", {
    cause,
    ...(error.detail !== undefined && { detail: error.detail }),
    ...(error.storage !== undefined && { storage: error.storage }),
  });
}

// --- canaries ---

interface Seen {
  readonly key: string;
  /** `unknown`: the source or the list of canaries could not be read. */
  readonly state: "there" | "gone" | "unknown";
}

/**
 * Looks for a canary that exists. Requests that come during a look share the next one: a look that began before an object was
 * found absent does not prove that the source existed then.
 */
function createLook(source: Source, canaries: Canaries): () => Promise<readonly Seen[]> {
  let running: Promise<unknown> = Promise.resolve();
  let next: Promise<readonly Seen[]> | undefined;
  return () => {
    if (next !== undefined) return next;
    const look = running.then(() => {
      next = undefined;
      return lookAt(source, canaries);
    });
    next = look;
    running = look;
    return look;
  };
}

async function lookAt(source: Source, canaries: Canaries): Promise<readonly Seen[]> {
  const keys = await canaries.list().catch(() => undefined);
  if (keys === undefined) return [{ key: "", state: "unknown" }];
  const seen: Seen[] = [];
  for (const key of keys) {
    const state = await stateOf(source, key);
    seen.push({ key, state });
    if (state === "there") break;
  }
  return seen;
}

async function stateOf(source: Source, key: string): Promise<Seen["state"]> {
  try {
    await source.stat(key, AbortSignal.timeout(LOOK_MS));
    return "there";
  } catch (error) {
    return isDoubtful(error) ? "gone" : "unknown";
  }
}

const LOOK_MS = 5_000;
