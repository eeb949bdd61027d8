import { apiLimits, InvalidBody, parsePublishedExpiry, parsePublishedImages } from "../../contract/api.ts";
import { readerClasses, type VariantClass } from "../../contract/formats.ts";
import { formatPublished, type ImageRequest, isOriginal } from "../../contract/url/request.ts";
import { type Variant, variantOf } from "../cache/cache.ts";
import { InvalidJson, type JsonPiece, takePieces } from "./json-pieces.ts";
import { Output } from "./output.ts";
import { largeMembers, type SetPlace } from "./read-set.ts";

export interface NewSet extends SetPlace {
  /** JSON of a PublishedBody, while it arrives. */
  readonly body: AsyncIterable<Uint8Array>;
  readonly defaultQuality: number;
  /** The file name of a variant's entry. */
  readonly nameOf: (variant: Variant) => string;
  /** Returns the time of the set, called when the whole body is here; milliseconds since 1970, as `now`. */
  readonly made: () => Promise<number>;
  readonly now: () => number;
}

/**
 * Writes a set while its body arrives: it is checked in pieces, and never whole in memory. The file is JSON,
 * `{images: {<key>: [<canonical query>, …]}, made, until?, pins: [<file name>, …]}`, which every release reads.
 * @throws InvalidBody when the whole body is here; the body's errors; the system's error; VolumeHung.
 */
export async function writeSet(set: NewSet): Promise<void> {
  const writing = new Writing(set);
  try {
    await takePieces(set.body, largeMembers, (piece) => writing.take(piece));
    await writing.publish();
  } catch (error) {
    await writing.discard();
    throw error instanceof InvalidJson ? new InvalidBody(`the body ${error.message}`) : error;
  }
}

// --- one file ---

class Writing {
  readonly #set: NewSet;
  readonly #file: Output;
  /** The text after the images, once it is known. */
  readonly #pins: Output;
  #keys = 0;
  #hasImages = false;
  #expires: number | undefined;

  constructor(set: NewSet) {
    this.#set = set;
    this.#file = new Output(set);
    this.#pins = new Output(set);
  }

  /** @throws InvalidBody */
  async take({ of, value }: JsonPiece): Promise<void> {
    if (of === "") this.#takeMember(value);
    if (of !== "images") return;
    this.#hasImages = true;
    for (const [key, asked] of parsePublishedImages(value)) {
      if (++this.#keys > apiLimits.publishedImages)
        throw new InvalidBody(`images has more than ${apiLimits.publishedImages} keys`);
      // In canonical form, however they were written: requests are compared with this form.
      const canonical = asked.map(formatPublished);
      const before = this.#keys === 1 ? '{"images":{' : ",";
      this.#file.add(`${before}${JSON.stringify(key)}:${JSON.stringify(canonical)}`);
      const pins = asked.flatMap((one) => pinsOf(one, this.#set));
      if (pins.length > 0) this.#pins.add(`,${JSON.stringify(pins).slice(1, -1)}`);
    }
    await this.#file.flush();
    await this.#pins.flush();
  }

  #takeMember(member: object): void {
    const { images, expires } = Object.fromEntries(Object.entries(member));
    // If it is valid, it comes as a separate piece.
    if (images !== undefined) parsePublishedImages(images);
    if (expires !== undefined) this.#expires = parsePublishedExpiry(expires);
  }

  /** @throws InvalidBody */
  async publish(): Promise<void> {
    if (!this.#hasImages) parsePublishedImages(undefined);
    const made = await this.#set.made();
    const until = this.#expires === undefined ? "" : `,"until":${this.#set.now() + this.#expires * 1000}`;
    this.#file.add(`${this.#keys === 0 ? '{"images":{' : ""}},"made":${made}${until},"pins":[`);
    await this.#file.append(this.#pins, ",".length);
    this.#file.add("]}\n");
    await this.#file.publish(new Date());
    await this.#pins.discard();
  }

  async discard(): Promise<void> {
    await this.#file.discard();
    await this.#pins.discard();
  }
}

/** One query without `fm` has an entry for each class of reader. */
function pinsOf(asked: ImageRequest, { defaultQuality, nameOf }: NewSet): string[] {
  const { format } = asked;
  if (isOriginal(asked) || format === "json") return [];
  const classes: readonly VariantClass[] = format === undefined ? readerClasses : [format];
  return classes.map((one) => nameOf(variantOf(asked, one, defaultQuality)));
}
