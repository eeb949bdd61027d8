import type { Rank } from "./classify.ts";

export interface EntryFacts {
  /** All entries of a folder must come in a row. */
  readonly folder: string;
  readonly name: string;
  /** Milliseconds since 1970. */
  readonly usedMs: number;
  readonly bytes: number;
  readonly rank: Rank;
}

/**
 * The entries that a sweep may delete, by number: about 75 bytes each, in typed arrays. As objects, a million take three times as
 * much.
 */
export class Entries {
  #size = 0;
  readonly #usedMs = new Column((length) => new Float64Array(length));
  readonly #bytes = new Column((length) => new Float64Array(length));
  readonly #isPinned = new Column((length) => new Uint8Array(length));
  readonly #folder = new Column((length) => new Uint32Array(length));
  /** Start of a name in the names of its folder, and its length. */
  readonly #nameAt = new Column((length) => new Uint32Array(length));
  readonly #nameLength = new Column((length) => new Uint8Array(length));
  readonly #folders: string[] = [];
  /** Start of the names of a folder. */
  readonly #namesAt = new Column((length) => new Float64Array(length));
  readonly #text = new Text();
  /** Names of the last folder, which are not in the text yet. */
  #names: string[] = [];
  #namesLength = 0;

  get size(): number {
    return this.#size;
  }

  usedMs(at: number): number {
    return this.#usedMs.get(at);
  }

  bytes(at: number): number {
    return this.#bytes.get(at);
  }

  isPinned(at: number): boolean {
    return this.#isPinned.get(at) === 1;
  }

  folder(at: number): string {
    return this.#folders[this.#folder.get(at)] ?? "";
  }

  name(at: number): string {
    this.#endFolder();
    const start = this.#namesAt.get(this.#folder.get(at)) + this.#nameAt.get(at);
    return this.#text.read(start, this.#nameLength.get(at));
  }

  /** Negative if `a` comes before `b`, by folder, then by name. */
  compareNames(a: number, b: number): number {
    const [one, other] = [this.folder(a), this.folder(b)];
    if (one !== other) return one < other ? -1 : 1;
    return this.name(a) < this.name(b) ? -1 : 1;
  }

  some(is: (at: number) => boolean): boolean {
    for (let at = 0; at < this.#size; at++) if (is(at)) return true;
    return false;
  }

  add(entry: EntryFacts): void {
    const at = this.#size++;
    const isSame = this.#names.length > 0 && this.#folders.at(-1) === entry.folder;
    if (!isSame || this.#namesLength > MOST_NAMES) {
      this.#endFolder();
      this.#folders.push(entry.folder);
    }
    this.#usedMs.set(at, entry.usedMs);
    this.#bytes.set(at, entry.bytes);
    this.#isPinned.set(at, entry.rank === "pinned" ? 1 : 0);
    this.#folder.set(at, this.#folders.length - 1);
    this.#nameAt.set(at, this.#namesLength);
    this.#nameLength.set(at, entry.name.length);
    this.#names.push(entry.name);
    this.#namesLength += entry.name.length;
  }

  /** Records a later use. */
  use(at: number, usedMs: number): void {
    this.#usedMs.set(at, usedMs);
  }

  /** All names of a folder in one call: one call for each would take as long as the rest of {@link add}. */
  #endFolder(): void {
    if (this.#names.length === 0) return;
    this.#namesAt.set(this.#folders.length - 1, this.#text.add(this.#names.join("")));
    this.#names = [];
    this.#namesLength = 0;
  }
}

/** Characters of names that are written together. */
const MOST_NAMES = 2 ** 16;

/** ASCII text in pages. */
class Text {
  readonly #pages: Buffer[] = [];
  #end = 0;

  /** @param text not longer than a page. @returns its start. */
  add(text: string): number {
    const room = TEXT_PAGE - (this.#end % TEXT_PAGE);
    if (text.length > room) this.#end += room;
    const at = this.#end;
    if (at % TEXT_PAGE === 0) this.#pages.push(Buffer.allocUnsafeSlow(TEXT_PAGE));
    this.#pages.at(-1)?.write(text, at % TEXT_PAGE, "latin1");
    this.#end += text.length;
    return at;
  }

  read(at: number, length: number): string {
    const start = at % TEXT_PAGE;
    return this.#pages[Math.floor(at / TEXT_PAGE)]?.toString("latin1", start, start + length) ?? "";
  }
}

const TEXT_PAGE = 2 ** 20;

/** Numbers in pages: an array that grows would be in memory twice. */
class Column {
  readonly #pages: Numbers[] = [];
  readonly #newPage: (length: number) => Numbers;

  constructor(newPage: (length: number) => Numbers) {
    this.#newPage = newPage;
  }

  get(at: number): number {
    return this.#pages[at >>> PAGE_BITS]?.[at & PAGE_MASK] ?? 0;
  }

  set(at: number, value: number): void {
    const number = at >>> PAGE_BITS;
    this.#pages[number] ??= this.#newPage(PAGE_MASK + 1);
    const page = this.#pages[number];
    if (page !== undefined) page[at & PAGE_MASK] = value;
  }
}

type Numbers = Float64Array | Uint32Array | Uint8Array;

const PAGE_BITS = 14;
const PAGE_MASK = 2 ** PAGE_BITS - 1;
