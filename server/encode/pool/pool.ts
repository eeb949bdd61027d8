import { CENTRE } from "../../../contract/url/crop.ts";
import { type Clients, publisher } from "../../concurrency/clients.ts";
import { Problem } from "../../errors.ts";
import { bytesIn, inPieces, join, type Pieces } from "../../formats/pieces.ts";
import { sniff } from "../../formats/sniff.ts";
import { defaultOutputLimits, type OutputLimits } from "../child/choose-format.ts";
import type { Description, Encoded, Encoder, Output } from "../encoder.ts";
import { defaultLimits, type SourceLimits } from "../limits.ts";
import { reserveDescription, reserveOutputs, reserveScore } from "../memory/reservation.ts";
import type { LibraryVersions } from "../minimum-versions.ts";
import { nameProblem } from "../name-problem.ts";
import { describeSvg } from "../svg.ts";
import { hasSvgEnd } from "../svg-end.ts";
import { untuned } from "../tuning.ts";
import type { Job } from "../wire/protocol.ts";
import { precheck } from "./precheck.ts";
import { type PoolStats, Scheduler, type SchedulerOptions } from "./scheduler.ts";

export interface PoolOptions extends SchedulerOptions {
  readonly limits?: SourceLimits;
  readonly outputLimits?: OutputLimits;
  /** Whether every image keeps copyright, artist and licence. */
  readonly keepCopyright?: boolean;
}

export interface Pool extends Encoder {
  /** Versions of the children's libraries; minimum-versions.ts names those that are too old. @throws Problem `encode-failed` */
  libraries(): Promise<LibraryVersions>;
  stats(): PoolStats;
  /** Kills every child; running jobs fail. */
  close(): void;
}

/** A pool of encoder children with one job each. Nothing is started before the first job. */
export function createPool(options: PoolOptions = {}): Pool {
  return new ChildPool(options);
}

class ChildPool implements Pool {
  readonly #limits: SourceLimits;
  readonly #outputLimits: OutputLimits;
  readonly #keepCopyright: boolean;
  readonly #scheduler: Scheduler;

  constructor(options: PoolOptions) {
    this.#limits = options.limits ?? defaultLimits;
    this.#outputLimits = options.outputLimits ?? defaultOutputLimits;
    this.#keepCopyright = options.keepCopyright ?? false;
    this.#scheduler = new Scheduler(options);
  }

  async *encode(
    file: Pieces | Uint8Array,
    outputs: readonly Output[],
    { lane, signal, effort, killAfterMs, clients = publisher }: Parameters<Encoder["encode"]>[2],
  ): AsyncGenerator<Encoded> {
    const original = inPieces(file);
    const megapixels = this.#precheck(original);
    const settings = {
      lane,
      limits: this.#limits,
      outputLimits: this.#outputLimits,
      keepCopyright: this.#keepCopyright,
      ...(effort !== undefined && { effort }),
    };
    let made = 0;
    while (made < outputs.length) {
      const reserved = reserveOutputs(original, outputs.slice(made), settings, this.#scheduler.mostBytes);
      const threads = lane === "live" ? this.#scheduler.idleThreads(reserved) : 1;
      const bytes = reserved.bytes + (threads - 1) * (reserved.bytesPerThread ?? 0);
      const [begin, end] = [made, made + reserved.outputs.length];
      const job = (memory: number): Job => ({
        kind: "encode",
        ...settings,
        threads,
        outputs: reserved.outputs.slice(made - begin),
        memory,
      });
      const operation = () => `${lane} ${effort} ${JSON.stringify(outputs[made])}`;
      const task = { original, megapixels, bytes, lane, clients, signal, killAfterMs, job, operation };
      for await (const reply of this.#scheduler.perform(task)) {
        if (reply.kind !== "output") continue;
        made++;
        yield reply.encoded;
      }
      // A child that ends its job early has made fewer outputs.
      if (made < end) return;
    }
  }

  async describe(
    file: Pieces | Uint8Array,
    { lane, signal, fields = [], tune, killAfterMs, clients = publisher }: Parameters<Encoder["describe"]>[1],
  ): Promise<Description> {
    const original = inPieces(file);
    if (sniff(original[0]).kind === "svg") {
      const svg = join(original);
      return {
        ...describeSvg(svg),
        whole: hasSvgEnd(svg) ? 100 : 0,
        focus: CENTRE,
        ...untuned(tune),
        meta: {},
      };
    }
    const megapixels = this.#precheck(original);
    const bytes = reserveDescription(original, this.#scheduler.mostBytes, this.#limits, tune !== undefined);
    const settings = { limits: this.#limits, fields, ...(tune !== undefined && { tune }) };
    const job = (memory: number): Job => ({ kind: "describe", ...settings, memory });
    const operation = () => "describe";
    for await (const reply of this.#scheduler.perform({
      original,
      megapixels,
      bytes,
      lane,
      clients,
      signal,
      killAfterMs,
      job,
      operation,
    })) {
      if (reply.kind !== "described") continue;
      const { kind: _, ...described } = reply;
      return described;
    }
    throw new Problem("encode-failed");
  }

  async score(
    original: Uint8Array,
    picture: Uint8Array,
    {
      signal,
      killAfterMs,
      clients = publisher,
      names = ["the original", "the picture"],
    }: Parameters<Encoder["score"]>[2],
  ): Promise<number> {
    const files = [original, picture] as const;
    const megapixels = files.reduce((sum, file, at) => sum + this.#precheckPicture(file, names[at] ?? ""), 0);
    const bytes = reserveScore(original, picture, this.#scheduler.mostBytes);
    const settings = { limits: this.#limits, originalBytes: original.byteLength, names };
    const job = (memory: number): Job => ({ kind: "score", ...settings, memory });
    const operation = () => `score ${original.byteLength}`;
    const lane = "warm";
    for await (const reply of this.#scheduler.perform({
      original: files,
      megapixels,
      bytes,
      lane,
      clients,
      signal,
      killAfterMs,
      job,
      operation,
    }))
      if (reply.kind === "scored") return reply.score;
    throw new Problem("encode-failed");
  }

  async libraries(): Promise<LibraryVersions> {
    for await (const reply of this.#scheduler.ask({ kind: "versions" }))
      if (reply.kind === "versions") return reply.versions;
    throw new Problem("encode-failed", { cause: new Error("an encoder child does not tell its versions") });
  }

  expect(clients: Clients = publisher): () => void {
    return this.#scheduler.expect(clients);
  }

  isBusy(): boolean {
    return this.#scheduler.isBusy();
  }

  /** @returns megapixels; if the header does not show them, about three pixels a byte, as cameras write. */
  #precheck(original: Pieces): number {
    return precheck(original[0], this.#limits) ?? (3 * bytesIn(original)) / 1e6;
  }

  #precheckPicture(file: Uint8Array, name: string): number {
    if (sniff(file).kind === "svg")
      throw new Problem("unsupported-source", { detail: `${name}: An SVG has no pixels to compare.` });
    try {
      return this.#precheck([file]);
    } catch (error) {
      throw nameProblem(name, error);
    }
  }

  stats(): PoolStats {
    return this.#scheduler.stats();
  }

  close(): void {
    this.#scheduler.close();
  }
}
