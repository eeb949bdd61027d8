/** Why one photograph or variant failed, in the server's text. */
export interface Refusal {
  readonly code: string;
  readonly detail: string;
}

/** What the scan must do after a refusal by the server. */
export type Blame =
  /** The photograph or the requested variant is at fault: report it to the author. */
  | "photograph"
  /** The storage does not give this photograph now: try the others first, then this one again. */
  | "storage"
  /** The server has no capacity now: try the same request again after a while. */
  | "moment"
  /** The storage refuses the server, for any photograph: report it to the operator. */
  | "setup";

/** By the codes of server/errors.ts; for all other codes the photograph is at fault. */
const blames: ReadonlyMap<string, Blame> = new Map<string, Blame>([
  ["source-failed", "storage"],
  ["source-busy", "storage"],
  ["source-timeout", "storage"],
  ["busy", "moment"],
  ["over-budget", "moment"],
  ["internal", "moment"],
  ["source-misconfigured", "setup"],
]);

/** {@link Refusal.code} of a request that got no answer. */
export const UNANSWERED = "unanswered";

/** @param code of the server, or {@link UNANSWERED}. */
export function blameOf(code: string): Blame {
  return code === UNANSWERED ? "moment" : (blames.get(code) ?? "photograph");
}
