import type { VariantClass } from "../../contract/formats.ts";
import type { Clients } from "../concurrency/clients.ts";

/** Live work answers a reader; warm work is made ahead, in slots of its own, and gives way. */
export type Lane = "live" | "warm";

export interface Output {
  /** Never enlarges. Absent: the photograph's own width. */
  readonly width?: number;
  /** 1 to 100 on JPEG's scale; transform.ts maps it to each format's own. */
  readonly quality: number;
  readonly class: VariantClass;
}

export interface Encoded {
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly effort: number;
  readonly substitute: boolean;
  /** Milliseconds in the line, with the first output of a job, and at work on this one; by who measures them. */
  readonly ms?: { readonly queue: number; readonly encode: number };
}

/** What the first bytes of an original tell. */
export interface Probe {
  readonly type: string;
  /** Displayed pixels, after EXIF rotation; 0 for an SVG without a size. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly alpha: boolean;
}

export interface Placeholder {
  readonly color?: string;
  readonly placeholder?: string;
}

/**
 * Makes variants of an original, in processes that can be killed. Both throw Problem `unsupported-source`,
 * `unreadable-source`, `impossible-variant`, `busy` or `encode-failed`, and the signal's reason when it aborts.
 */
export interface Encoder {
  /** One decode for all outputs; each is handed over as soon as it is made, in order. */
  encode(
    original: Uint8Array,
    outputs: readonly Output[],
    options: {
      readonly lane: Lane;
      readonly signal: AbortSignal;
      /** Absent: a publish. They are charged for the CPU, also when the signal aborts. */
      readonly clients?: Clients;
      /** 0 (fast) to 9 (small); absent: what suits the lane. */
      readonly effort?: number;
    },
  ): AsyncIterable<Encoded>;
  /** Size, type and placeholder of an original; of an SVG only size and type, by its text. */
  describe(
    original: Uint8Array,
    options: { readonly lane: Lane; readonly signal: AbortSignal; readonly clients?: Clients },
  ): Promise<Probe & Placeholder>;
  /**
   * An original for a reader is on its way: keeps a place for it in the line, and has a process up when it has arrived.
   * @returns gives the place up, to be called before {@link encode} or when there is nothing to encode; again, it does nothing.
   * @throws Problem `busy` when more wait than may: then there is nothing to fetch.
   */
  expect(clients?: Clients): () => void;
}
