import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { writeWhole } from "../manifest.ts";
import { readText } from "../read-text.ts";
import type { ByReader, Reader, WarmResult, WarmResults } from "./warm/variant.ts";

/** A file that CI can keep between runs; without it, some numbers of the report are missing. */
const WEIGHTS = "resources/imgproxy-lite/weights.txt";

/** Absent if the last scan named no effort. */
const EFFORT = "resources/imgproxy-lite/effort.txt";

const readers = ["avif", "webp", "none", "any"] as const satisfies readonly Reader[];

/** The sizes of variants that earlier scans found, as hits; empty if there were none. */
export async function readWeights(site: string): Promise<WarmResults> {
  const text = await readText(path.join(site, WEIGHTS)).catch(() => "");
  const weights = new Map<string, ByReader>();
  for (const line of text.split("\n")) {
    const [query = "", ...fields] = line.split(" ");
    if (fields.length > 0) weights.set(query, parseFields(fields));
  }
  return weights;
}

/**
 * One line for each request, such as `img=worms.jpg&q=60&v=0123456789&w=1200 avif image/avif 48211 webp image/webp 61002`.
 * @param known current content; the file is written only if something changed.
 */
export async function writeWeights(site: string, results: WarmResults, known: WarmResults): Promise<void> {
  if (!isNews(results, known)) return;
  const lines: string[] = [];
  for (const [query, byReader] of results) {
    let line = "";
    for (const [reader, result] of Object.entries(byReader))
      if (isWeighed(result)) line += ` ${reader} ${result.type} ${result.bytes}`;
    if (line !== "") lines.push(`${query}${line}\n`);
  }
  const file = path.join(site, WEIGHTS);
  await mkdir(path.dirname(file), { recursive: true });
  await writeWhole(file, lines.sort().join(""));
}

/** The effort that the last scan asked for: a check after it accepts what that has made. */
export async function readEffort(site: string): Promise<number | undefined> {
  const text = await readText(path.join(site, EFFORT)).catch(() => "");
  return /^[0-9]\n$/.test(text) ? Number(text) : undefined;
}

/** @param effort undefined: that of the server. */
export async function writeEffort(site: string, effort: number | undefined): Promise<void> {
  const file = path.join(site, EFFORT);
  if ((await readEffort(site)) === effort) return;
  if (effort === undefined) return rm(file, { force: true });
  await mkdir(path.dirname(file), { recursive: true });
  await writeWhole(file, `${effort}\n`);
}

/** Whether any size is new, or belongs to a request that no longer exists. */
function isNews(results: WarmResults, known: WarmResults): boolean {
  let still = 0;
  for (const [query, byReader] of results) {
    const before = known.get(query);
    if (before !== undefined) still++;
    for (const reader of readers)
      if (isWeighed(byReader[reader]) && byReader[reader] !== before?.[reader]) return true;
  }
  return still < known.size;
}

type Weighed = Exclude<WarmResult, { status: "failed" }> & { readonly bytes: number; readonly type: string };

function isWeighed(result: WarmResult | undefined): result is Weighed {
  return result !== undefined && "bytes" in result && "type" in result;
}

/** Three fields for each class of readers. A line that does not parse is dropped; the next scan finds its sizes again. */
function parseFields(fields: readonly string[]): ByReader {
  const weights: { [reader in Reader]?: WarmResult } = {};
  for (let at = 0; at + 2 < fields.length; at += 3) {
    const [reader, type, bytes] = [fields[at], fields[at + 1], Number(fields[at + 2])];
    if (isReader(reader) && type !== undefined && bytes > 0) weights[reader] = { status: "hit", bytes, type };
  }
  return weights;
}

function isReader(name: string | undefined): name is Reader {
  return readers.some((reader) => reader === name);
}
