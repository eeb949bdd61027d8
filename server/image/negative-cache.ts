import type { ImageRequest } from "../../contract/url/request.ts";
import { createLru } from "../concurrency/lru.ts";
import { createRateLimiter } from "../concurrency/token-bucket.ts";
import { Problem, type ProblemCode, type ProblemKind, problems, type Scope } from "../errors.ts";
import type { Known } from "./revalidate.ts";

/**
 * Remembers failures in memory, for a short time: a broken link on a busy page must not cause one source request for each
 * reader. It is asked before something is fetched or made, and after the caches: entries that exist are always served.
 */
export interface NegativeCache {
  /**
   * Does the work, unless it is known to fail; remembers a failure for the requests that it applies to (see errors.ts). A version
   * other than the failed one may be a new upload: it is tried, once a second for each key.
   * @throws Problem as the remembered one, and the errors of the work.
   */
  attempt<Value>(wanted: Wanted, work: () => Promise<Value>): Promise<Value>;
  forget(key: string): void;
}

/** What must be made or fetched. */
export interface Wanted {
  readonly key: string;
  /** `v` in the URL. */
  readonly version: string | undefined;
  /** Name of a result that needs the original's pixels; undefined: the original as it is stored. */
  readonly variant?: string;
}

/** @param variant if the original's pixels are needed. */
export function wantedBy({ key, version }: ImageRequest, variant?: string): Wanted {
  return { key, version, ...(variant !== undefined && { variant }) };
}

/**
 * @param known the source's last answer about a key: a failure is forgotten when the answer changes.
 * @param mostSeconds no failure is remembered for longer: a folder's owner expects to see a new or mended file.
 * @param now milliseconds of a monotonic clock.
 */
export function createNegativeCache(
  known: (key: string) => Known | undefined,
  mostSeconds: number = Number.POSITIVE_INFINITY,
  now: () => number = () => performance.now(),
): NegativeCache {
  const failures = createLru<Failure>(10_000);
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
      code,
      version: wanted.version,
      known: known(wanted.key),
      ...(detail !== undefined && { detail }),
      until: now() + Math.min(remembered.seconds, mostSeconds) * 1000,
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

/** As text: the error object keeps its stack alive, and with it the whole request. */
interface Failure {
  readonly code: ProblemCode;
  readonly detail?: string;
  readonly version: string | undefined;
  /** The source's answer about the key at the time of the failure. */
  readonly known: Known | undefined;
  readonly until: number;
}

const originalScopes = ["source"] as const satisfies readonly Scope[];
const variantScopes = ["source", "pixels", "variant"] as const satisfies readonly Scope[];

/** The key is last, so that nothing in it can look like another field. */
function nameOf(scope: Scope, { key, variant = "" }: Pick<Wanted, "key" | "variant">): string {
  return scope === "variant" ? `variant ${variant} ${key}` : `${scope} ${key}`;
}

/** Any newer answer of the source ends "absent"; a failure of the pixels belongs to one validator. */
function isStillTrue(failure: Failure, scope: Scope, known: Known | undefined): boolean {
  if (known === failure.known) return true;
  return scope !== "source" && known?.validator === failure.known?.validator;
}
