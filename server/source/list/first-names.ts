/** Names in the order of UTF-8, as bytes: as strings, the names of a large folder took several times as much memory while they came. */
export interface SortedNames {
  readonly length: number;
  at(index: number): string;
  /** Index of the first name after this one; `length` if there is none. */
  indexAfter(name: string): number;
}

/** Collects the first names after another one, in the order of UTF-8: memory does not grow with the folder. */
export class FirstNames {
  readonly #most: number;
  readonly #after: Buffer;
  /** Once there are enough: a name after it is none of the first. */
  #last: Buffer | undefined;
  #names = new PackedNames();

  constructor(most: number, after: string) {
    this.#most = most;
    this.#after = Buffer.from(after);
  }

  add(name: string): void {
    const { length } = this.#names;
    this.#names.push(name);
    const isWanted =
      this.#names.compareWith(length, this.#after) > 0 &&
      (this.#last === undefined || this.#names.compareWith(length, this.#last) < 0);
    if (!isWanted) this.#names.pop();
    if (this.#names.length < 2 * this.#most) return;
    this.#names = this.#names.firstOf(this.#most);
    this.#last = Buffer.from(this.#names.at(this.#most - 1));
  }

  sorted(): SortedNames {
    return this.#names.firstOf(this.#most);
  }
}

const FIRST_BYTES = 4_096;

/** UTF-8 takes three bytes at most for each unit of UTF-16. */
const MOST_BYTES = 3;

class PackedNames implements SortedNames {
  #bytes: Buffer;
  /** Where each name ends. */
  #ends: Uint32Array;
  length = 0;

  constructor(bytes = FIRST_BYTES, names = 128) {
    this.#bytes = Buffer.allocUnsafeSlow(bytes);
    this.#ends = new Uint32Array(Math.max(1, names));
  }

  push(name: string): void {
    const begin = this.#beginOf(this.length);
    const needed = begin + MOST_BYTES * name.length;
    if (needed > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * needed);
      this.#bytes.copy(larger, 0, 0, begin);
      this.#bytes = larger;
    }
    this.#pushEnd(begin + this.#bytes.write(name, begin));
  }

  pop(): void {
    this.length -= 1;
  }

  at(index: number): string {
    return this.#bytes.toString("utf8", this.#beginOf(index), this.#ends[index]);
  }

  /** Below 0 if the name comes before the text. */
  compareWith(index: number, text: Buffer): number {
    return this.#bytes.compare(text, 0, text.length, this.#beginOf(index), this.#ends[index]);
  }

  indexAfter(name: string): number {
    const text = Buffer.from(name);
    let [low, high] = [0, this.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.compareWith(middle, text) > 0) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The first names in their order, without the rest. */
  firstOf(most: number): PackedNames {
    const order = Uint32Array.from({ length: this.length }, (_, at) => at).sort((a, b) =>
      this.#compare(a, b),
    );
    const chosen = order.subarray(0, most);
    const bytes = chosen.reduce((sum, at) => sum + (this.#ends[at] ?? 0) - this.#beginOf(at), 0);
    const first = new PackedNames(bytes, chosen.length);
    for (const at of chosen) first.#copy(this.#bytes.subarray(this.#beginOf(at), this.#ends[at]));
    return first;
  }

  #compare(a: number, b: number): number {
    const bytes = this.#bytes;
    return bytes.compare(bytes, this.#beginOf(b), this.#ends[b], this.#beginOf(a), this.#ends[a]);
  }

  #copy(name: Buffer): void {
    const begin = this.#beginOf(this.length);
    this.#pushEnd(begin + name.copy(this.#bytes, begin));
  }

  #pushEnd(end: number): void {
    if (this.length === this.#ends.length) {
      const larger = new Uint32Array(2 * this.length);
      larger.set(this.#ends);
      this.#ends = larger;
    }
    this.#ends[this.length] = end;
    this.length += 1;
  }

  #beginOf(index: number): number {
    return index === 0 ? 0 : (this.#ends[index - 1] ?? 0);
  }
}
