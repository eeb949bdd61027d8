import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { writeWhole } from "../../manifest.ts";
import { readText } from "../../read-text.ts";
import type { MarkdownImage } from "./markdown.ts";

/** The images of a Markdown text; see {@link markdownImages}. */
export type ParseMarkdown = (text: string, endpoints: readonly string[]) => Promise<readonly MarkdownImage[]>;

/** A parser with a memory of earlier results. */
export interface MarkdownMemo {
  readonly parse: ParseMarkdown;
  /** Writes only the results that this run used, so that the file does not grow beyond the site. */
  save(): Promise<void>;
}

/**
 * Remembers the parser's result for each text, by a hash of the text. A checkout gives files new times, but the hashes stay.
 * A damaged file, or a file of another version, is ignored.
 * @param file of earlier runs.
 * @param maker name and version of the parser; another version may give other results.
 */
export async function openMemo(file: string, maker: string, parse: ParseMarkdown): Promise<MarkdownMemo> {
  const before = await readMemo(file, maker);
  const now = new Map<string, string>();
  return {
    async parse(text, endpoints) {
      const name = nameOf(text, endpoints);
      const known = now.get(name) ?? before.get(name);
      if (known !== undefined) {
        now.set(name, known);
        return parseImages(known);
      }
      const images = await parse(text, endpoints);
      now.set(name, formatImages(images));
      return images;
    },
    async save() {
      const lines = [...now].map(([name, images]) => `${name} ${images}\n`);
      if (now.size === before.size && [...now.keys()].every((name) => before.has(name))) return;
      await mkdir(path.dirname(file), { recursive: true });
      await writeWhole(file, sealed(maker, lines.sort().join("")));
    },
  };
}

// --- the file ---

/** `<hash of all that follows> <maker>`, then one line for each text: its hash and its images. */
function sealed(maker: string, lines: string): string {
  return `${hash(`${maker}\n${lines}`)} ${maker}\n${lines}`;
}

async function readMemo(file: string, maker: string): Promise<ReadonlyMap<string, string>> {
  const text = await readText(file).catch(() => "");
  const lines = text.slice(text.indexOf("\n") + 1);
  if (text !== sealed(maker, lines)) return new Map();
  return new Map(
    lines
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => [line.slice(0, HASH_DIGITS), line.slice(HASH_DIGITS + 1)]),
  );
}

const HASH_DIGITS = 32;

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_DIGITS);
}

function nameOf(text: string, endpoints: readonly string[]): string {
  return hash(`${endpoints.join("\n")}\n\n${text}`);
}

// --- images ---

function formatImages(images: readonly MarkdownImage[]): string {
  return JSON.stringify(images.map(({ destination, offset, as, alt }) => [offset, as, destination, alt]));
}

function parseImages(text: string): MarkdownImage[] {
  const images: unknown = JSON.parse(text);
  if (!Array.isArray(images)) return [];
  return images.flatMap((image: unknown) => {
    const [offset, as, destination, alt]: unknown[] = Array.isArray(image) ? image : [];
    if (typeof offset !== "number" || typeof destination !== "string") return [];
    const kind = as === "url" || as === "raw" || as === "spaced" ? as : "image";
    return [{ destination, offset, as: kind, ...(typeof alt === "string" && { alt }) }];
  });
}
