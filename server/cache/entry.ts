import { hash } from "node:crypto";
import { type Entry, type EntryMeta, entryMeta, type SourceRecord, sourceRecord } from "./cache.ts";
import { accepted, parseObject } from "./json.ts";

/*
 * A cache file describes and verifies itself, so that damage by a full disk, a killed process or another program is noticed:
 *
 *   magic (4 bytes), schema, bytes of meta, bytes of body (32-bit big-endian each)
 *   meta, as JSON, the file's own name in it
 *   body
 *   SHA-256 of all before it (32 bytes)
 */
const MAGIC = 0x49_50_4c_43; // "IPLC"
const SCHEMA = 1;
const HEADER_BYTES = 16;
const CHECKSUM_BYTES = 32;

/** The bytes of a variant's file. */
export function formatEntry(name: string, entry: Entry): Buffer {
  return seal(name, entry.meta, entry.body);
}

/** The entry in a file; undefined if anything is wrong with it, or if it has another name. */
export function parseEntry(name: string, file: Buffer): Entry | undefined {
  const opened = unseal(name, file);
  const meta = opened && accepted(entryMeta, opened.meta);
  return opened && meta && { meta, body: opened.body };
}

/** Bytes that are read to get the header and the meta, with room to spare. */
export const HEAD_BYTES = 2_048;

/** What the start of an entry's file says. */
export interface EntryHead {
  readonly meta: EntryMeta;
  readonly bodyBytes: number;
}

/**
 * Of a file with this start and this length, without the checksum: a damaged body is only found when it is read.
 * Undefined if anything else is wrong, or if it has another name.
 */
export function parseHead(name: string, head: Buffer, fileBytes: number): EntryHead | undefined {
  const opened = openHead(name, head, fileBytes);
  const meta = opened && accepted(entryMeta, opened.meta);
  return opened && meta && { meta, bodyBytes: fileBytes - opened.bodyAt - CHECKSUM_BYTES };
}

/** The bytes of a source entry's file. */
export function formatRecord(name: string, record: SourceRecord): Buffer {
  return seal(name, record, new Uint8Array());
}

/** As {@link parseEntry}. */
export function parseRecord(name: string, file: Buffer): SourceRecord | undefined {
  const opened = unseal(name, file);
  return opened && accepted(sourceRecord, opened.meta);
}

// --- the envelope ---

function seal(name: string, meta: object, body: Uint8Array): Buffer {
  const json = Buffer.from(JSON.stringify({ name, ...meta }));
  const header = Buffer.alloc(HEADER_BYTES);
  for (const [index, word] of [MAGIC, SCHEMA, json.length, body.byteLength].entries())
    header.writeUInt32BE(word, 4 * index);
  const file = Buffer.concat([header, json, body, Buffer.alloc(CHECKSUM_BYTES)]);
  const end = file.length - CHECKSUM_BYTES;
  hash("sha256", file.subarray(0, end), "buffer").copy(file, end);
  return file;
}

function unseal(name: string, file: Buffer): { readonly meta: object; readonly body: Buffer } | undefined {
  const opened = openHead(name, file, file.length);
  if (opened === undefined) return undefined;
  const end = file.length - CHECKSUM_BYTES;
  if (!hash("sha256", file.subarray(0, end), "buffer").equals(file.subarray(end))) return undefined;
  return { meta: opened.meta, body: file.subarray(opened.bodyAt, end) };
}

function openHead(
  name: string,
  head: Buffer,
  fileBytes: number,
): { readonly meta: object; readonly bodyAt: number } | undefined {
  if (head.length < HEADER_BYTES) return undefined;
  const [magic, schema, metaBytes, bodyBytes] = [0, 4, 8, 12].map((at) => head.readUInt32BE(at));
  if (magic !== MAGIC || schema !== SCHEMA || metaBytes === undefined || bodyBytes === undefined)
    return undefined;
  const bodyAt = HEADER_BYTES + metaBytes;
  if (head.length < bodyAt || fileBytes !== bodyAt + bodyBytes + CHECKSUM_BYTES) return undefined;
  const meta = parseObject(head.toString("utf8", HEADER_BYTES, bodyAt));
  // A good file under a wrong name would be served as another photograph.
  return meta?.name === name ? { meta, bodyAt } : undefined;
}
