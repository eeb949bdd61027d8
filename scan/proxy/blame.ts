/** Why one photograph or variant failed, in the server's words. */
export interface Refusal {
  readonly code: string;
  readonly detail: string;
}

/** What a refusal of the server's asks for. */
export type Blame =
  /** The photograph is at fault, or what is asked of it: its author reads of it. */
  | "photograph"
  /** The photographs' storage does not answer now, for this one: others first, then this one again. */
  | "storage"
  /** The server has no time now: the same again, after a while. */
  | "moment"
  /** The storage refuses the server, whatever the photograph: for its operator. */
  | "setup";

/** By the codes of server/errors.ts; what is not here is the photograph's affair. */
const blames: ReadonlyMap<string, Blame> = new Map<string, Blame>([
  ["source-failed", "storage"],
  ["source-busy", "storage"],
  ["source-timeout", "storage"],
  ["busy", "moment"],
  ["over-budget", "moment"],
  ["internal", "moment"],
  ["source-misconfigured", "setup"],
]);

/** {@link Refusal.code} of what was never answered. */
export const UNANSWERED = "unanswered";

/** @param code of the server's, or {@link UNANSWERED}. */
export function blameOf(code: string): Blame {
  return code === UNANSWERED ? "moment" : (blames.get(code) ?? "photograph");
}
