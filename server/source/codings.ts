import { pipeline, Readable, type Transform } from "node:stream";
import * as zlib from "node:zlib";
import { Problem } from "../errors.ts";
import type { Body } from "./body.ts";

/**
 * The content codings (RFC 9110 §8.4.1) of a stored object, in the order in which they were applied. S3 clients also store
 * other values in `Content-Encoding`: `aws-chunked`, which belonged to the upload, an empty value, or a charset. A `.svgz` file
 * is gzip without saying so.
 */
export function codingsOf(key: string, contentEncoding: string | undefined): readonly string[] {
  const named = (contentEncoding ?? "").split(",").map((name) => name.trim().toLowerCase());
  return [...(isCodedByName(key) ? ["gzip"] : []), ...named.filter((name) => registered.has(name))];
}

export function isCodedByName(key: string): boolean {
  return /\.svgz$/i.test(key);
}

/**
 * The whole object, decoded, in memory.
 * @throws the body's error; Problem `withheld-source` if it does not have those codings, or has more than `most` bytes.
 */
export async function readDecoded(body: Body, codings: readonly string[], most: number): Promise<Uint8Array> {
  let bytes: Uint8Array = await readUpTo(body, most);
  for (const coding of [...codings].reverse()) bytes = await decode(bytes, coding, most);
  return bytes;
}

// --- bodies ---

async function readUpTo(body: Body, most: number): Promise<Buffer> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for (let piece = await body.read(); piece !== undefined; piece = await body.read()) {
    pieces.push(piece);
    bytes += piece.byteLength;
    if (bytes <= most) continue;
    body.cancel();
    throw tooLarge(most);
  }
  return Buffer.concat(pieces, bytes);
}

async function decode(bytes: Uint8Array, coding: string, most: number): Promise<Uint8Array> {
  const decoder = decoderFor(bytes, coding);
  if (decoder === "as it is") return bytes;
  if (decoder === undefined)
    throw new Problem("withheld-source", {
      detail: `It is stored with Content-Encoding: ${coding}, which this server does not decode: upload it again without.`,
    });
  const pieces: Buffer[] = [];
  let decoded = 0;
  try {
    // Its errors come out of the decoder.
    const out = pipeline(Readable.from([bytes]), decoder, () => undefined);
    for await (const piece of out as AsyncIterable<Buffer>) {
      pieces.push(piece);
      decoded += piece.byteLength;
      if (decoded > most) throw tooLarge(most);
    }
  } catch (cause) {
    if (cause instanceof Problem) throw cause;
    throw new Problem("withheld-source", {
      detail: `It is stored with Content-Encoding: ${coding}, and cannot be decoded as that: upload it again.`,
      cause,
    });
  }
  return Buffer.concat(pieces, decoded);
}

function tooLarge(most: number): Problem {
  return new Problem("withheld-source", {
    detail: `It is stored without its length or with a Content-Encoding, and has more than ${most} bytes (MAX_SOURCE_BYTES): upload it again without.`,
  });
}

// --- codings ---

/** All that IANA has registered except `identity`: other names are not codings. */
const registered: ReadonlySet<string> = new Set(
  "gzip x-gzip deflate br zstd compress x-compress exi pack200-gzip aes128gcm dcb dcz".split(" "),
);

/** Some clients name a coding and store the plain file: gzip and zstd files begin with a magic number. */
function decoderFor(bytes: Uint8Array, coding: string): Transform | "as it is" | undefined {
  switch (coding) {
    case "gzip":
    case "x-gzip":
      return startsWith(bytes, [0x1f, 0x8b]) ? zlib.createGunzip() : "as it is";
    case "zstd":
      return startsWith(bytes, [0x28, 0xb5, 0x2f, 0xfd]) ? zstdDecoder() : "as it is";
    case "br":
      return zlib.createBrotliDecompress();
    case "deflate":
      return hasZlibHeader(bytes) ? zlib.createInflate() : zlib.createInflateRaw();
    default:
      return undefined;
  }
}

/** From Node 22.15 on. */
function zstdDecoder(): Transform | undefined {
  const create: unknown = Reflect.get(zlib, "createZstdDecompress");
  return typeof create === "function" ? create() : undefined;
}

function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, at) => bytes[at] === byte);
}

/** RFC 1950 §2.2; many senders use a bare deflate stream (RFC 9110 §8.4.1.2). */
function hasZlibHeader([first = 0, second = 0]: Uint8Array): boolean {
  return (first & 15) === 8 && (first * 256 + second) % 31 === 0;
}
