import { Problem } from "../errors.ts";
import { sniff } from "../sniff.ts";
import type { Encoded, Encoder, Output, Placeholder, Probe } from "./encoder.ts";
import type { LibraryVersions } from "./floors.ts";
import { defaultLimits, type SourceLimits } from "./limits.ts";
import type { Job } from "./protocol.ts";
import type { Reception } from "./reception.ts";
import { describeSvg } from "./svg.ts";
import { type PoolStats, Tasks, type TasksOptions } from "./tasks.ts";

export interface PoolOptions extends TasksOptions {
  /** Whether copyright, artist and licence go out with every picture. */
  readonly keepRights?: boolean;
}

export interface Pool extends Encoder {
  /** What the children decode with; floors.ts says what is too old. @throws Problem `encode-failed` */
  libraries(): Promise<LibraryVersions>;
  stats(): PoolStats;
  /** Kills every child; what runs fails. */
  close(): void;
}

/** Encoder children, one job each. Nothing is started until the first job. */
export function createPool(options: PoolOptions = {}): Pool {
  return new ChildPool(options);
}

class ChildPool implements Pool {
  readonly #limits: SourceLimits;
  readonly #keepRights: boolean;
  readonly #tasks: Tasks;

  constructor(options: PoolOptions) {
    this.#limits = options.limits ?? defaultLimits;
    this.#keepRights = options.keepRights ?? false;
    this.#tasks = new Tasks(options);
  }

  async *encode(
    original: Uint8Array,
    outputs: readonly Output[],
    { lane, signal, effort, reception }: Parameters<Encoder["encode"]>[2],
  ): AsyncGenerator<Encoded> {
    let made = 0;
    const [limits, keepRights] = [this.#limits, this.#keepRights];
    const job = (): Job => ({
      ...{ kind: "encode", outputs: outputs.slice(made), lane, limits, keepRights },
      ...(effort !== undefined && { effort }),
    });
    const operation = () => `${lane} ${effort} ${JSON.stringify(outputs[made])}`;
    const task = { original, lane, signal, job, operation, ...(reception && { reception }) };
    for await (const reply of this.#tasks.perform(task)) {
      if (reply.kind !== "output") continue;
      made++;
      yield reply.encoded;
    }
  }

  async describe(
    original: Uint8Array,
    { lane, signal }: Parameters<Encoder["describe"]>[1],
  ): Promise<Probe & Placeholder> {
    if (sniff(original).kind === "svg") return describeSvg(original);
    const job = (): Job => ({ kind: "describe", limits: this.#limits });
    const operation = () => "describe";
    for await (const reply of this.#tasks.perform({ original, lane, signal, job, operation }))
      if (reply.kind === "described") return reply.described;
    throw new Problem("encode-failed");
  }

  async libraries(): Promise<LibraryVersions> {
    for await (const reply of this.#tasks.ask({ kind: "versions" }))
      if (reply.kind === "versions") return reply.versions;
    throw new Problem("encode-failed", { cause: new Error("an encoder child does not tell its versions") });
  }

  receive(): Reception {
    return this.#tasks.receive();
  }

  stats(): PoolStats {
    return this.#tasks.stats();
  }

  close(): void {
    this.#tasks.close();
  }
}
