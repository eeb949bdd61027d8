import { acceptedBy, type EncodedFormat, formatByType, isReaderClass } from "../../../contract/formats.ts";
import { Problem } from "../../errors.ts";
import type { Encoded, Output } from "../encoder.ts";
import { mostEffort } from "./effort.ts";
import { bareFile } from "./original/bare.ts";
import type { Original } from "./original/original.ts";

/**
 * An animation that is not encoded, as it is stored.
 * @param reason why it is not.
 * @throws Problem `impossible-variant` where another format is asked for, or the reader does not show this one.
 */
export function passOn(original: Original, { class: of }: Output, reason: string): Encoded {
  const { type } = original;
  if (!isReaderClass(of))
    throw new Problem("impossible-variant", {
      detail: `${reason} It is passed on as it is, and made into no ${of}: leave fm out, or upload it smaller, as GIF or WebP.`,
    });
  const format = formatByType.get(type);
  const isShown = everybodyShows.has(type) || acceptedBy(of).some((one: EncodedFormat) => one === format);
  if (!isShown)
    throw new Problem("impossible-variant", {
      detail: `${reason} It is passed on as it is, and Accept does not name ${type}: upload it as GIF for readers who lack that.`,
    });
  return asItIs(original);
}

/** The original's own file: an animation that is not encoded, or a GIF for readers without WebP. */
export function asItIs(original: Original, substitute = false): Encoded {
  const { type, width, height } = original;
  return { contentType: type, body: bareFile(original), width, height, effort: mostEffort(type), substitute };
}

const everybodyShows: ReadonlySet<string> = new Set(["image/gif", "image/png"]);
