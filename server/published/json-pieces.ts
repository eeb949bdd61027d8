import { TimeSlice } from "../concurrency/time-slice.ts";

/**
 * A part of a large JSON object. `of` is "" for one member of the object itself, otherwise the name of the member to which the
 * part belongs: then `value` has some of its members or items, in order.
 */
export interface JsonPiece {
  readonly of: string;
  readonly value: Readonly<Record<string, unknown>> | readonly unknown[];
}

/** Invalid text; the message continues a sentence: "is not JSON". */
export class InvalidJson extends Error {}

/** Characters of JSON, as UTF-8 bytes. */
const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** A piece ends with the first member or item that makes it this long. */
export const PIECE_BYTES = 16 * 2 ** 10;

/** Maximum bytes of one member or item. 200 queries of the longest keys, every letter as `\u0000`, are shorter. */
export const MEMBER_BYTES = 8 * 2 ** 20;

/**
 * Hands the pieces of a JSON object that comes in to `take`, in short slices of the event loop. It reads to the end also
 * when the object is refused before: a publisher reads no answer before it has sent everything.
 * @throws InvalidJson; what `take` and the chunks throw.
 */
export async function takePieces(
  chunks: AsyncIterable<Uint8Array>,
  split: Readonly<Record<string, "object" | "list">>,
  take: (piece: JsonPiece) => Promise<void> | void,
): Promise<void> {
  const splitter = new JsonSplitter(split);
  const slice = new TimeSlice();
  let refusal: { readonly error: unknown } | undefined;
  for await (const chunk of chunks) {
    if (refusal !== undefined) continue;
    try {
      for (const piece of splitter.push(chunk)) {
        await take(piece);
        if (slice.isOver()) await slice.next();
      }
    } catch (error) {
      refusal = { error };
    }
  }
  if (refusal !== undefined) throw refusal.error;
  splitter.end();
}

/**
 * Reads one JSON object of any length, chunk by chunk, in pieces for JSON.parse. Only the members named by `split` are divided;
 * any other must fit into {@link MEMBER_BYTES}.
 *
 * It looks only at strings, brackets and commas. JSON.parse decides whether a piece is valid JSON.
 */
export class JsonSplitter {
  readonly #split: Readonly<Record<string, "object" | "list">>;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  /** `start`: before the object; `top`: among its members; `inner`: in a divided member; `end`: after the object. */
  #state: "start" | "top" | "inner" | "end" = "start";
  /** The divided member. */
  #of = "";
  #depth = 0;
  #inString = false;
  #escaped = false;
  /** Whether a comma precedes the pending text: then something must follow. */
  #afterComma = false;
  /** Whether the pending text follows a divided member: then it must be blank. */
  #afterInner = false;
  /** The part of the pending text that is from earlier chunks. */
  #held: Uint8Array[] = [];
  #heldBytes = 0;

  constructor(split: Readonly<Record<string, "object" | "list">>) {
    this.#split = split;
  }

  /** The pieces that end in this chunk. @throws InvalidJson */
  *push(chunk: Uint8Array): Generator<JsonPiece> {
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      if (this.#inString) {
        at = this.#skipString(chunk, at);
        continue;
      }
      const byte = chunk[at];
      if (byte === QUOTE) this.#inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        if (this.#opens(byte, chunk, from, at)) from = at + 1;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        if (this.#depth > 0) this.#depth--;
        else {
          yield* this.#close(byte, this.#take(chunk, from, at));
          from = at + 1;
        }
      } else if (byte === COMMA && this.#depth === 0 && this.#isPieceEnd(at - from)) {
        yield* this.#piece(this.#take(chunk, from, at));
        this.#afterComma = true;
        from = at + 1;
      }
    }
    this.#hold(chunk.subarray(from));
  }

  /** Call it after the last chunk. @throws InvalidJson */
  end(): void {
    if (this.#state !== "end" || !isBlank(this.#take(new Uint8Array(), 0, 0))) throw notJson();
  }

  // --- characters ---

  /** The last byte of the string, or of the chunk. */
  #skipString(chunk: Uint8Array, from: number): number {
    for (let at = from; at < chunk.length; at++) {
      if (this.#escaped) this.#escaped = false;
      else if (chunk[at] === BACKSLASH) this.#escaped = true;
      else if (chunk[at] === QUOTE) {
        this.#inString = false;
        return at;
      }
    }
    return chunk.length;
  }

  /** Whether the bracket opens the object or a divided member, and not something inside a piece. */
  #opens(bracket: number, chunk: Uint8Array, from: number, at: number): boolean {
    if (this.#state === "start") {
      if (!isBlank(this.#take(chunk, from, at).replace(/^\ufeff/, ""))) throw notJson();
      if (bracket !== OPEN_OBJECT) throw new InvalidJson("is not an object");
      this.#state = "top";
      return true;
    }
    if (this.#state === "top" && this.#depth === 0 && !this.#afterInner) {
      const before = this.#take(chunk, from, at);
      const name = nameIn(before);
      if (name !== undefined && this.#split[name] === (bracket === OPEN_LIST ? "list" : "object")) {
        this.#state = "inner";
        this.#of = name;
        this.#afterComma = false;
        return true;
      }
      this.#hold(new TextEncoder().encode(before));
      this.#hold(chunk.subarray(at, at + 1));
      this.#depth++;
      return true;
    }
    this.#depth++;
    return false;
  }

  #isPieceEnd(pending: number): boolean {
    return this.#state === "top" || (this.#state === "inner" && this.#heldBytes + pending >= PIECE_BYTES);
  }

  // --- pieces ---

  *#close(bracket: number, text: string): Generator<JsonPiece> {
    const isInner = this.#state === "inner";
    const closes = isInner && this.#split[this.#of] === "list" ? CLOSE_LIST : CLOSE_OBJECT;
    if (bracket !== closes || this.#state === "end" || this.#state === "start") throw notJson();
    if (isInner || !isBlank(text) || this.#afterComma) yield* this.#piece(text);
    this.#state = isInner ? "top" : "end";
    this.#afterComma = false;
    this.#afterInner = isInner;
  }

  *#piece(text: string): Generator<JsonPiece> {
    const blank = isBlank(text);
    if (this.#afterInner) {
      if (!blank) throw notJson();
      this.#afterInner = false;
      return;
    }
    const isInner = this.#state === "inner";
    if (blank && (this.#afterComma || !isInner)) throw notJson();
    const isList = isInner && this.#split[this.#of] === "list";
    const value = parse(isList ? `[${text}]` : `{${text}}`);
    yield { of: isInner ? this.#of : "", value };
  }

  #take(chunk: Uint8Array, from: number, to: number): string {
    const last = chunk.subarray(from, to);
    const bytes = this.#held.length === 0 ? last : Buffer.concat([...this.#held, last]);
    this.#held = [];
    this.#heldBytes = 0;
    try {
      return this.#decoder.decode(bytes);
    } catch {
      throw notJson();
    }
  }

  #hold(bytes: Uint8Array): void {
    // A copy: the chunk belongs to the caller.
    if (bytes.length > 0) this.#held.push(Uint8Array.from(bytes));
    this.#heldBytes += bytes.length;
    if (this.#heldBytes > MEMBER_BYTES)
      throw new InvalidJson(`has a member of more than ${MEMBER_BYTES} bytes`);
  }
}

function nameIn(member: string): string | undefined {
  if (!member.trimEnd().endsWith(":")) return undefined;
  return Object.keys(parse(`{${member}0}`))[0];
}

function parse(text: string): Record<string, unknown> | unknown[] {
  try {
    return JSON.parse(text);
  } catch {
    throw notJson();
  }
}

/** JSON's white space. */
function isBlank(text: string): boolean {
  return /^[ \t\n\r]*$/.test(text);
}

function notJson(): InvalidJson {
  return new InvalidJson("is not JSON");
}
