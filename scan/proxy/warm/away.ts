import { type Refusal, UNANSWERED } from "../blame.ts";
import { Unanswered } from "../request.ts";

/** Remembers that the server has not answered for the whole timeout: then no other request waits as long. */
export interface Away {
  /** The result of the work, or that the server has not answered. @throws other errors of the work. */
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
        // If the server answered, it had a reason that applies only to this request.
        if (!error.heard) gone = refusal;
        return refusal;
      }
    },
  };
}
