import { acceptedBy, type EncodedFormat, formatByType, isReaderClass } from "../../../contract/formats.ts";
import { Problem } from "../../errors.ts";
import type { Encoded, Output } from "../encoder.ts";
import { mostEffort } from "./encoder-settings.ts";
import { frameOf, isCropped } from "./frame.ts";
import { bareFile } from "./original/bare.ts";
import type { Original } from "./original/original.ts";

/**
 * An animation that is not encoded, but passed on as it is stored.
 * @param reason why it is not encoded.
 * @throws Problem `impossible-variant` if another format or a crop is requested, or if the reader cannot show this one.
 */
export function passOn(original: Original, output: Output, reason: string): Encoded {
  const { type } = original;
  const { class: of } = output;
  if (isCropped(frameOf(original, output)))
    throw new Problem("impossible-variant", {
      detail: `${reason} It is only passed on unchanged, and not cropped: omit ar, or upload a smaller one, as GIF or WebP.`,
    });
  if (!isReaderClass(of))
    throw new Problem("impossible-variant", {
      detail: `${reason} It is only passed on unchanged, and not as ${of}: omit fm, or upload a smaller one, as GIF or WebP.`,
    });
  const format = formatByType.get(type);
  const isShown = everybodyShows.has(type) || acceptedBy(of).some((one: EncodedFormat) => one === format);
  if (!isShown)
    throw new Problem("impossible-variant", {
      detail: `${reason} It is only passed on unchanged, and Accept does not contain ${type}: upload it as GIF for such readers.`,
    });
  return asItIs(original);
}

/** The original's own file: an animation that is not encoded, or a GIF for readers without WebP. */
export function asItIs(original: Original, substitute = false): Encoded {
  const { type, width, height } = original;
  return { contentType: type, body: bareFile(original), width, height, effort: mostEffort(type), substitute };
}

const everybodyShows: ReadonlySet<string> = new Set(["image/gif", "image/png"]);
