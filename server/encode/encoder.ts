import type { VariantClass } from "../../contract/formats.ts";
import type { MetaField, PhotoMeta } from "../../contract/meta.ts";
import type { Curves, Offsets } from "../../contract/tuning.ts";
import type { Focus, Ratio } from "../../contract/url/crop.ts";
import type { Clients } from "../concurrency/clients.ts";
import type { Pieces } from "../formats/pieces.ts";

/** Live work answers a waiting reader. Warm work is made in advance, in its own slots, and gives way to live work. */
export type Lane = "live" | "warm";

export interface Output {
  /** Never enlarges. Undefined: the photograph's own width. */
  readonly width?: number;
  /** Crops. Undefined: the photograph's own ratio. */
  readonly ratio?: Ratio;
  /** The crop is centred on it as far as possible. Undefined: the centre. */
  readonly focus?: Focus;
  /** 1 to 100 on JPEG's scale; quality.ts maps it to each format's own. */
  readonly quality: number;
  readonly class: VariantClass;
  /** Of a tuned photograph. */
  readonly offsets?: Offsets;
}

/** What is measured of a photograph: about 0.2 s of CPU for each picture at 400 px, 1 s at 1,200. */
export interface Tuning {
  /** Whether to find its {@link Offsets}. */
  readonly look: boolean;
  /** The score of which its curves shall show the lowest `q` that reaches it. */
  readonly floor?: number;
  /** What has been measured before. */
  readonly known?: Curves;
}

export interface Encoded {
  readonly contentType: string;
  readonly body: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly effort: number;
  readonly substitute: boolean;
  /** What the photograph's tuning added to `q`; undefined: it is not tuned, or not in this format. */
  readonly offset?: number;
  /** Milliseconds in the queue (counted for the first output of a job), and of work on this output. */
  readonly ms?: { readonly queue: number; readonly encode: number };
}

/** Facts from the first bytes of an original. */
export interface Probe {
  readonly type: string;
  /** Displayed pixels, after EXIF rotation; 0 for an SVG without a size. */
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  readonly alpha: boolean;
}

/** All facts about an original. */
export interface Description extends Probe {
  readonly color?: string;
  readonly placeholder?: string;
  /** How much of the picture exists, in percent; 100 if no pixel is missing. 0 if it is not known where. */
  readonly whole: number;
  /** The point that a crop keeps if it names none; the centre of what has no better one. */
  readonly focus: Focus;
  /** If its tuning was requested; both are empty for what cannot be tuned. */
  readonly offsets?: Offsets;
  readonly curves?: Curves;
  /** The requested fields of its metadata that it has. */
  readonly meta: PhotoMeta;
}

/** What happens to running work after its signal has aborted. */
interface Abandoned {
  /** Milliseconds that it may still take; then its process is killed. Undefined: it is finished. */
  readonly killAfterMs?: number;
}

/**
 * Makes variants of an original, in processes that can be killed. All three methods throw Problem `unsupported-source`,
 * `unreadable-source`, `impossible-variant`, `busy` or `encode-failed`, and the signal's reason when it aborts.
 */
export interface Encoder {
  /** One decode for all outputs; each is passed on when it is made, in order. */
  encode(
    original: Pieces | Uint8Array,
    outputs: readonly Output[],
    options: {
      readonly lane: Lane;
      readonly signal: AbortSignal;
      /** Undefined: a publish. Clients are charged for the CPU time, also when the signal aborts. */
      readonly clients?: Clients;
      /** 0 (fast) to 9 (small); undefined: the lane's default. */
      readonly effort?: number;
    } & Abandoned,
  ): AsyncIterable<Encoded>;
  /** Size, type, placeholder and metadata of an original; for an SVG only size and type, from its text. */
  describe(
    original: Pieces | Uint8Array,
    options: {
      readonly lane: Lane;
      readonly signal: AbortSignal;
      readonly clients?: Clients;
      /** The fields of its metadata that are read; undefined: none. Without `regions`, its faces do not decide its focus. */
      readonly fields?: readonly MetaField[];
      /** Undefined: nothing is measured. */
      readonly tune?: Tuning;
    } & Abandoned,
  ): Promise<Description>;
  /**
   * How much a picture looks like its original, both upright, in sRGB and at their own size: SSIMULACRA 2.1, which is 100
   * if no pixel differs and can be negative. Runs in the warm lane.
   * @param names of the two, for problems with one of them.
   * @throws Problem `impossible-variant` also if they differ in size, have a side below 8 pixels or are animations.
   */
  score(
    original: Uint8Array,
    picture: Uint8Array,
    options: {
      readonly signal: AbortSignal;
      readonly clients?: Clients;
      readonly names?: readonly [string, string];
    } & Abandoned,
  ): Promise<number>;
  /**
   * An original for a reader is arriving: keeps a place for it in the queue, and starts a process if none is up.
   * @returns releases the place: call it before {@link encode}, or when there is nothing to encode. Further calls have no effect.
   * @throws Problem `busy` if the queue is full: then nothing is fetched.
   */
  expect(clients?: Clients): () => void;
  /** Whether a reader's image would have to wait for an encoder now. */
  isBusy(): boolean;
}
