import { createLru } from "../concurrency/lru.ts";
import { defaultSourceBytes } from "../encode/limits.ts";
import { Problem } from "../errors.ts";
import type { ByteRange } from "../http/range.ts";
import { type Body, bodyOf, cut } from "./body.ts";
import { codingsOf, isCodedByName, readDecoded } from "./codings.ts";
import type { Source, SourceObject, SourceStat } from "./source.ts";

/** A storage's facts about an object: the length may be missing, and there may be a coding. */
export interface StoredStat {
  /** Length of the whole object, as it is stored. */
  readonly bytes: number | undefined;
  /** @param bytes the length that {@link Source} reports. */
  readonly validator: (bytes: number) => string;
  readonly modified?: Date;
  /** Its `Content-Encoding`. */
  readonly encoding?: string | undefined;
}

export interface StoredObject extends StoredStat {
  /** Fails if it ends short of its length, if the length is known. */
  readonly body: Body;
  /** Whether the body is the requested range; a server may answer with the whole object (RFC 9110 §14.2). */
  readonly isPart: boolean;
}

/** A storage, before codings and missing lengths are handled; throws as {@link Source} does. */
export interface StoredSource {
  stat(key: string, signal: AbortSignal): Promise<StoredStat>;
  open(key: string, signal: AbortSignal, range?: ByteRange): Promise<StoredObject>;
}

/**
 * A source of the uploaded bytes, in whatever form the storage has them. An object with a coding, or without a length, is read
 * whole into memory.
 * @param most maximum bytes of such an object, decoded.
 */
export function asUploaded(stored: StoredSource, most: number = defaultSourceBytes): Source {
  /** Lengths of objects that had to be read for them, by key and validator. */
  const lengths = createLru<number>(10_000);
  /** Keys of such objects: a range of the stored bytes is not a range of the content. */
  const unlike = createLru<true>(10_000);

  /** Whether the stored bytes are the content. */
  function isPlain(key: string, { bytes, encoding }: StoredStat): boolean {
    const plain = bytes !== undefined && codingsOf(key, encoding).length === 0;
    if (plain) unlike.delete(key);
    else unlike.set(key, true);
    return plain;
  }

  async function read(key: string, object: StoredObject) {
    const content = await readDecoded(object.body, codingsOf(key, object.encoding), most);
    lengths.set(nameOf(key, object), content.byteLength);
    return { stat: statOf(object, content.byteLength), content };
  }

  async function stat(key: string, signal: AbortSignal): Promise<SourceStat> {
    const found = await stored.stat(key, signal);
    const bytes = isPlain(key, found) ? found.bytes : lengths.get(nameOf(key, found));
    if (bytes !== undefined) return statOf(found, bytes);
    return (await read(key, await stored.open(key, signal))).stat;
  }

  async function open(key: string, signal: AbortSignal, range?: ByteRange): Promise<SourceObject> {
    const asked = isCodedByName(key) || unlike.has(key) ? undefined : range;
    let object = await stored.open(key, signal, asked);
    if (isPlain(key, object)) {
      const body = range === undefined || object.isPart ? object.body : cut(object.body, range);
      return { ...statOf(object, object.bytes ?? 0), body };
    }
    if (object.isPart) {
      object.body.cancel();
      object = await stored.open(key, signal);
    }
    const { content, stat } = await read(key, object);
    if (range === undefined) return { ...stat, body: bodyOf(content) };
    if (range.last >= content.byteLength) throw new Problem("bad-range");
    return { ...stat, body: bodyOf(content.subarray(range.first, range.last + 1)) };
  }

  return { stat, open };
}

/** A source that knows all lengths and has no codings, such as a folder; a `.svgz` in it is still decoded. */
export function asStored(source: Source): StoredSource {
  const stored = <Any extends SourceStat>({ validator, ...rest }: Any) => ({
    ...rest,
    validator: () => validator,
  });
  return {
    stat: async (key, signal) => stored(await source.stat(key, signal)),
    open: async (key, signal, range) => ({
      ...stored(await source.open(key, signal, range)),
      isPart: range !== undefined,
    }),
  };
}

// --- parts ---

function statOf({ validator, modified, bytes: storedBytes }: StoredStat, bytes: number): SourceStat {
  return { validator: validator(storedBytes ?? bytes), bytes, ...(modified !== undefined && { modified }) };
}

function nameOf(key: string, { validator, bytes, encoding }: StoredStat): string {
  return JSON.stringify([key, validator(bytes ?? 0), bytes, encoding]);
}
