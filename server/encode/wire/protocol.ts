import * as v from "valibot";
import { photoMeta } from "../../../contract/meta.ts";
import { check, whole } from "../../../contract/schema.ts";
import { curves, offsets } from "../../../contract/tuning.ts";
import { type Focus, isFocus } from "../../../contract/url/crop.ts";
import type { ProblemCode } from "../../errors.ts";
import type { Frame } from "../child/frames.ts";
import type { TransformOptions } from "../child/plan.ts";
import type { DescribeOptions } from "../child/probe.ts";
import type { ScoreOptions } from "../child/score/score-pictures.ts";
import type { Encoded } from "../encoder.ts";

/** Messages to a child. */
export type Order = Job | Stop;

/** A job; the frame's body is its original. */
export type Job =
  | ({ readonly kind: "encode" } & TransformOptions)
  | ({ readonly kind: "describe" } & DescribeOptions)
  /** The original is two files, one behind the other. */
  | ({ readonly kind: "score" } & ScoreOptions)
  /** Sent first: the child then warms up, so that a reader's job is not its first. */
  | { readonly kind: "versions" };

/** Nobody waits any more: leave out outputs that have not begun. */
export interface Stop {
  readonly kind: "stop";
}

const count = whole(0, Number.MAX_SAFE_INTEGER, "is no whole number");
const percent = whole(0, 100, "is no percentage");
const words = v.string("is no text");
const flag = v.boolean("is neither true nor false");

const childProblem = v.picklist([
  "unsupported-source",
  "unreadable-source",
  "impossible-variant",
  "encode-failed",
] satisfies ProblemCode[]);

/** A child's replies: outputs, a description or a score, then `done`; or a `problem`, which also ends the job. */
const reply = v.variant(
  "kind",
  [
    v.object({
      kind: v.literal("output"),
      contentType: words,
      width: count,
      height: count,
      effort: count,
      substitute: flag,
    }),
    v.object({
      kind: v.literal("described"),
      type: words,
      width: count,
      height: count,
      frames: count,
      alpha: flag,
      color: v.exactOptional(words),
      placeholder: v.exactOptional(words),
      whole: percent,
      focus: v.custom<Focus>(isFocus, "is no focus"),
      offsets: v.exactOptional(offsets),
      curves: v.exactOptional(curves),
      meta: photoMeta,
    }),
    v.object({
      kind: v.literal("scored"),
      score: v.pipe(v.number("is no number"), v.finite("is no number")),
    }),
    v.object({ kind: v.literal("versions"), versions: v.record(words, words) }),
    v.object({
      kind: v.literal("problem"),
      code: v.fallback(childProblem, "encode-failed"),
      /** For readers; of a library that got no memory its own words, for the log. */
      detail: words,
      /** What shows it: the header and a limit; an error of a library; or that a library got no memory. */
      shownBy: v.picklist(["header", "library", "memory"]),
    }),
    /** Bytes including those at rest; only its private memory, if the system reports it. */
    v.object({ kind: v.literal("done"), restBytes: count }),
  ],
  "is not a known code",
);

export type Reply = Exclude<v.InferOutput<typeof reply>, { kind: "output" }> | OutputReply;

interface OutputReply {
  readonly kind: "output";
  readonly encoded: Encoded;
}

/**
 * A child decodes untrusted bytes, so its replies are untrusted too: every field is validated.
 * @throws Error for an invalid reply.
 */
export function parseReply({ head, body }: Frame): Reply {
  const checked = check(reply, head);
  if ("fault" in checked) {
    const { place, message } = checked.fault;
    throw new Error(`a child's reply is not as it should be: ${place || "it"} ${message}`);
  }
  if (checked.value.kind !== "output") return checked.value;
  const { kind, ...encoded } = checked.value;
  return { kind, encoded: { ...encoded, body } };
}
