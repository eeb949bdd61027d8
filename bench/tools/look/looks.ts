import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Format } from "../../../contract/formats.ts";
import type { Lane } from "../../../server/encode/encoder.ts";
import { type Kept, nothingKept } from "../kept.ts";
import { builtProgram } from "../paths.ts";

/** Images of one photograph at one width, by the code that the server's encoders run. */
export interface OwnJob {
  /** The original. */
  readonly file: string;
  readonly width: number;
  readonly lane: Lane;
  /** 0 to 9 instead of the lane's default. */
  readonly effort?: number;
  readonly outputs: readonly OwnOutput[];
  /** Whether the photograph is tuned first, as by `scan --tune look`. */
  readonly tuned?: boolean;
  /** Widths on the screen, in its pixels, at which they are judged: the browser makes them smaller. Default: their own. */
  readonly seenAt?: readonly number[];
}

export interface OwnOutput {
  readonly format: Format;
  /** 1 to 100, as in a URL. */
  readonly quality: number;
}

/** A picture, judged beside the lossless one of the same pixels. */
export interface Judged {
  readonly body: Uint8Array;
  /** SSIMULACRA 2.1, by the server's own code; one at each width at which it is judged. */
  readonly scores: readonly number[];
}

/** Makes and judges pictures, one job a core at a time. */
export interface Looks {
  /** The lossless picture of a photograph at a width, as PNG: the pixels that an encoder gets. */
  reference(file: string, width: number): Promise<Uint8Array>;
  /** The pictures of a job, in its order, each judged beside the reference of the width at which it is seen. */
  own(job: OwnJob): Promise<readonly Judged[]>;
  /** A picture of another program, judged beside the reference. @throws Error if its size differs by more than a pixel. */
  score(file: string, width: number, picture: Uint8Array): Promise<number>;
  close(): Promise<void>;
}

/** A message to the worker, which answers it with the same `id`. */
export type Asked = { readonly id: number } & (
  | { readonly kind: "reference"; readonly file: string; readonly width: number }
  | ({ readonly kind: "own" } & OwnJob)
  | { readonly kind: "score"; readonly file: string; readonly width: number; readonly picture: Uint8Array }
);

export type Answer =
  | { readonly id: number; readonly made: readonly Judged[] }
  | { readonly id: number; readonly failed: string };

/** @param kept where pictures and scores are kept for the next run. */
export function openLooks(kept: Kept = nothingKept): Looks {
  const idle = Array.from(
    { length: availableParallelism() },
    () => new Worker(builtProgram("tools", "look", "worker")),
  );
  const all = [...idle];
  const waiting: ((worker: Worker) => void)[] = [];
  let last = 0;
  const ask = async (question: Question): Promise<readonly Judged[]> => {
    const { size, mtimeMs } = await stat(question.file);
    return kept.once({ ...question, size, mtimeMs }, () => work(question));
  };
  const work = async (question: Question): Promise<readonly Judged[]> => {
    const worker = idle.pop() ?? (await new Promise<Worker>((resolve) => waiting.push(resolve)));
    try {
      return await answerOf(worker, { ...question, id: ++last } as Asked);
    } finally {
      const next = waiting.shift();
      if (next === undefined) idle.push(worker);
      else next(worker);
    }
  };
  return {
    reference: async (file, width) => only(await ask({ kind: "reference", file, width })).body,
    own: (job) => ask({ kind: "own", ...job }),
    score: async (file, width, picture) =>
      only(await ask({ kind: "score", file, width, picture })).scores[0] ?? Number.NaN,
    close: async () => void (await Promise.all(all.map((worker) => worker.terminate()))),
  };
}

// --- messages ---

type Question = Asked extends infer One ? (One extends Asked ? Omit<One, "id"> : never) : never;

function answerOf(worker: Worker, asked: Asked): Promise<readonly Judged[]> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      worker.off("message", answered).off("error", failed);
      then();
    };
    const answered = (answer: Answer): void =>
      settle(() => ("made" in answer ? resolve(answer.made) : reject(new Error(answer.failed))));
    const failed = (error: Error): void => settle(() => reject(error));
    worker.on("message", answered).on("error", failed);
    worker.postMessage(asked);
  });
}

function only(made: readonly Judged[]): Judged {
  const [one] = made;
  if (one === undefined) throw new Error("the worker made nothing");
  return one;
}
