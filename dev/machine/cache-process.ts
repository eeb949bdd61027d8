import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import type { Entry, Variant } from "../../server/cache/cache.ts";
import { createDiskCache, type DiskCache } from "../../server/cache/disk.ts";
import { parseEntry } from "../../server/cache/entry.ts";
import { TEMPORARY } from "../../server/cache/name.ts";
import { sweep } from "../../server/gc/sweep.ts";
import { walkCache } from "../../server/gc/walk.ts";

/*
 * One process on a cache folder, like a pod or a sweep: for tests that need several in parallel, that kill them, or that hang
 * the volume. Prints its counts as JSON.
 */
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: {
    folder: { type: "string", default: "" },
    /** Number of photographs. */
    keys: { type: "string", default: "20" },
    /** Number of repetitions of its role. */
    count: { type: "string", default: "1" },
    /** Bytes of one entry. */
    bytes: { type: "string", default: "30000" },
    maxBytes: { type: "string", default: "0" },
  },
});
const [keys, count, bytes] = [Number(values.keys), Number(values.count), Number(values.bytes)];

const roles: Readonly<Record<string, () => Promise<object>>> = { write, read, race, check, sweep: sweepIt };
const role = roles[positionals[0] ?? ""];
if (role === undefined) throw new Error(`the role is one of ${Object.keys(roles).join(", ")}`);
const failures: Record<string, number> = { corrupt: 0, full: 0, hung: 0, error: 0 };
process.stdout.write(`${JSON.stringify({ ...(await role()), failures })}\n`);
process.exit();

// --- roles ---

/** Stores every key again and again: `count` times each or, if that is 0, until standard input ends. */
async function write(): Promise<object> {
  const cache = await open();
  const done = { stored: 0, refused: 0 };
  let ended = false;
  process.stdin.resume().once("end", () => {
    ended = true;
  });
  for (let version = 1; count === 0 ? !ended : version <= count; version++)
    for (let key = 0; key < keys; key++)
      done[(await cache.write(variantOf(key), entryOf(key, version))) ? "stored" : "refused"]++;
  return done;
}

/** Reads keys at random: every entry must be one that a writer wrote, whole, and not older than the one before. */
async function read(): Promise<object> {
  const cache = await open();
  const done = { hits: 0, misses: 0, bad: 0, wentBack: 0 };
  const seen = new Map<string, number>();
  for (let at = 0; at < count; at++) {
    const key = Math.floor(Math.random() * keys);
    const entry = await cache.read(variantOf(key));
    if (entry === undefined) done.misses++;
    else {
      done.hits++;
      const [name = "", writer = "", version = ""] = entry.body.toString().split(" ", 3);
      if (name !== nameOf(key) || !isWhole(entry)) done.bad++;
      if (Number(version) < (seen.get(`${name} ${writer}`) ?? 0)) done.wentBack++;
      seen.set(`${name} ${writer}`, Number(version));
    }
  }
  return done;
}

/** Stores each key `count` times in parallel. */
async function race(): Promise<object> {
  const cache = await open();
  const done = { stored: 0, refused: 0 };
  for (let key = 0; key < keys; key++) {
    // With different bytes each time: equal ones are not written twice.
    const writes = Array.from({ length: count }, (_, at) => cache.write(variantOf(key), entryOf(key, at)));
    for (const stored of await Promise.all(writes)) done[stored ? "stored" : "refused"]++;
  }
  return done;
}

/** Reads every file. */
async function check(): Promise<object> {
  const paths: string[] = [];
  const done = { files: 0, bytes: 0, bad: 0, temporary: 0 };
  await walkCache(values.folder, ({ folder, name }) => paths.push(join(folder, name)), {
    signal: AbortSignal.timeout(600_000),
  });
  for (const path of paths) {
    const file = await readFile(path);
    done.bytes += file.byteLength;
    if (basename(path).startsWith(TEMPORARY)) done.temporary++;
    else if (parseEntry(basename(path), file) === undefined && !path.endsWith(".source")) done.bad++;
    else done.files++;
  }
  return done;
}

/** With a clock three days ahead, when no existing entry is fresh. */
function sweepIt(): Promise<object> {
  return sweep({
    folder: values.folder,
    maxBytes: Number(values.maxBytes),
    maxFiles: 1e9,
    minFreeBytes: 0,
    maxIdleMs: 1e12,
    pins: new Set<string>(),
    now: () => Date.now() + 3 * 86_400_000,
  });
}

// --- entries that tell who wrote them ---

/** A cache with long timeouts: these tests are about the content of reads, not about timeouts. */
function open(): Promise<DiskCache> {
  return createDiskCache({
    folder: values.folder,
    volume: { deadlineMs: { read: 120_000, write: 120_000 } },
    onFailure: (failure) => {
      failures[failure] = (failures[failure] ?? 0) + 1;
    },
  });
}

function nameOf(key: number): string {
  return `photo-${key}.jpg`;
}

function variantOf(key: number): Variant {
  return { key: nameOf(key), width: 800, quality: 55, class: "webp" };
}

function entryOf(key: number, version: number): Entry {
  const body = bodyOf(`${nameOf(key)} ${process.pid} ${version} `);
  return {
    body,
    meta: {
      validator: '"abc"',
      contentType: "image/webp",
      width: 800,
      height: 533,
      etag: etagOf(body),
      effort: 4,
      substitute: false,
      look: 1,
      made: Date.now(),
    },
  };
}

/** Different lengths, as photographs have. */
function bodyOf(head: string): Buffer {
  return Buffer.alloc(bytes + (Number.parseInt(etagOf(Buffer.from(head)), 16) % 1000), head);
}

function isWhole({ body, meta }: Entry): boolean {
  const head = `${body.toString().split(" ", 3).join(" ")} `;
  return meta.etag === etagOf(body) && bodyOf(head).equals(body);
}

function etagOf(body: Uint8Array): string {
  return createHash("sha256").update(body).digest("hex").slice(0, 8);
}
