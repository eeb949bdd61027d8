import { LRUCache } from "lru-cache";
import { createRateLimiter } from "../concurrency/token-bucket.ts";
import { Problem, type ProblemCode, type ProblemKind, problems, type Scope } from "../errors.ts";
import type { Known } from "./revalidate.ts";

/**
 * What is known not to work, for a short time and in memory: a broken link on a busy page must not become a source
 * request a reader. It is asked when something is about to be fetched or made, never before the caches: what is there
 * is served.
 */
export interface NegativeCache {
  /**
   * Does the work, unless it is known to fail; remembers a failure for the requests that it is true of (errors.ts says
   * which). A version other than the one that failed may be a photograph uploaded since: it is tried, once a second a key.
   * @throws Problem as the remembered one, and what the work throws.
   */
  attempt<Value>(wanted: Wanted, work: () => Promise<Value>): Promise<Value>;
  forget(key: string): void;
}

/** What is to be made or fetched. */
export interface Wanted {
  readonly key: string;
  /** `v` of the URL. */
  readonly version: string | undefined;
  /** The name of what is made of the original's pixels; absent: the original as it is stored. */
  readonly variant?: string;
}

/**
 * @param known what the source last said of a key: a failure is forgotten when it says something else.
 * @param now milliseconds of a monotonic clock.
 */
export function createNegativeCache(
  known: (key: string) => Known | undefined,
  now: () => number = () => performance.now(),
): NegativeCache {
  const failures = new LRUCache<string, Failure>({ max: 10_000 });
  const doubts = createRateLimiter({ burst: 2, perSecond: 1 }, now);

  function find(wanted: Wanted): Failure | undefined {
    for (const scope of wanted.variant === undefined ? originalScopes : variantScopes) {
      const name = nameOf(scope, wanted);
      const failure = failures.get(name);
      if (failure === undefined) continue;
      if (now() < failure.until && isStillTrue(failure, scope, known(wanted.key))) return failure;
      failures.delete(name);
    }
    return undefined;
  }

  function check(wanted: Wanted): void {
    const failure = find(wanted);
    if (failure === undefined) return;
    const { key, version } = wanted;
    if (version === undefined || version === failure.version || !doubts.take(key))
      throw new Problem(failure.code, failure);
  }

  function learn(wanted: Wanted, error: unknown): void {
    if (!(error instanceof Problem)) return;
    const { code, detail } = error;
    const { remembered }: ProblemKind = problems[code];
    if (remembered === undefined) return;
    failures.set(nameOf(remembered.scope, wanted), {
      ...{ code, version: wanted.version, known: known(wanted.key) },
      ...(detail !== undefined && { detail }),
      until: now() + remembered.seconds * 1000,
    });
  }

  return {
    async attempt(wanted, work) {
      check(wanted);
      try {
        return await work();
      } catch (error) {
        learn(wanted, error);
        throw error;
      }
    },
    forget(key) {
      for (const scope of ["source", "pixels"] as const) failures.delete(nameOf(scope, { key }));
    },
  };
}

// --- failures ---

/** In words: the error itself holds on to its stack, and that to the whole request. */
interface Failure {
  readonly code: ProblemCode;
  readonly detail?: string;
  readonly version: string | undefined;
  /** What the source had said of the key when this failed. */
  readonly known: Known | undefined;
  readonly until: number;
}

const originalScopes = ["source"] as const satisfies readonly Scope[];
const variantScopes = ["source", "pixels", "variant"] as const satisfies readonly Scope[];

/** The key is last, so that nothing in it can look like another field. */
function nameOf(scope: Scope, { key, variant = "" }: Pick<Wanted, "key" | "variant">): string {
  return scope === "variant" ? `variant ${variant} ${key}` : `${scope} ${key}`;
}

/** Any later statement of the source ends that there is no photograph; what its pixels allow holds for one validator. */
function isStillTrue(failure: Failure, scope: Scope, known: Known | undefined): boolean {
  if (known === failure.known) return true;
  return scope !== "source" && known?.validator === failure.known?.validator;
}
