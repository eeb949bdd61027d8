import { mkdir, readFile } from "node:fs/promises";
import path from "node:path";
import { writeWhole } from "./manifest-file.ts";
import type { WarmResult } from "./warm/variant.ts";

/** What variants weigh, by name: a server that has them all says no more than that. */
export type Weights = ReadonlyMap<string, { readonly bytes: number; readonly type: string }>;

/** What earlier scans learned; nothing when there were none. */
export async function readWeights(file: string): Promise<Weights> {
  const weights = new Map<string, { readonly bytes: number; readonly type: string }>();
  const text = await readFile(file, "utf8").catch(() => "");
  for (const line of text.split("\n")) {
    const [bytes, type, ...name] = line.split(" ");
    if (type !== undefined && Number(bytes) > 0) weights.set(name.join(" "), { bytes: Number(bytes), type });
  }
  return weights;
}

/** One line a variant, such as `48211 image/avif img=worms.jpg&q=60&v=0123456789&w=1200 avif`. */
export async function writeWeights(file: string, results: ReadonlyMap<string, WarmResult>): Promise<void> {
  const lines: string[] = [];
  for (const [name, result] of results)
    if (result.status !== "failed" && result.bytes !== undefined && result.type !== undefined)
      lines.push(`${result.bytes} ${result.type} ${name}\n`);
  await mkdir(path.dirname(file), { recursive: true });
  await writeWhole(file, lines.sort().join(""));
}

/** The results, with what is known of those that were there already. */
export function weighed(
  results: ReadonlyMap<string, WarmResult>,
  weights: Weights,
): ReadonlyMap<string, WarmResult> {
  if (weights.size === 0) return results;
  const all = new Map<string, WarmResult>();
  for (const [name, result] of results) {
    const weight = result.status === "hit" && result.bytes === undefined ? weights.get(name) : undefined;
    all.set(name, weight === undefined ? result : { ...result, ...weight });
  }
  return all;
}
