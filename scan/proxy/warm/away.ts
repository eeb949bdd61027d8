import { type Refusal, UNANSWERED } from "../blame.ts";
import { Unanswered } from "../request.ts";

/** Knows whether the server has been away for as long as a scan waits: then no other request waits as long again. */
export interface Away {
  /** What the work comes to, or that the server has not answered. @throws what the work throws otherwise. */
  unless<Result>(work: () => Promise<Result>): Promise<Result | Refusal>;
}

export function createAway(): Away {
  let gone: Refusal | undefined;
  return {
    async unless(work) {
      if (gone !== undefined) return gone;
      try {
        return await work();
      } catch (error) {
        if (!(error instanceof Unanswered)) throw error;
        const refusal = { code: UNANSWERED, detail: error.message };
        // One that was heard has had reasons of its own for this request.
        if (!error.heard) gone = refusal;
        return refusal;
      }
    },
  };
}
