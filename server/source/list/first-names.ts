/** Collects the first names after another one, in the order of UTF-8: memory does not grow with the folder. */
export class FirstNames {
  readonly #most: number;
  readonly #after: string;
  /** Once there are enough: a name after it is none of the first. */
  #last: string | undefined;
  #names: string[] = [];

  constructor(most: number, after: string) {
    this.#most = most;
    this.#after = after;
  }

  add(name: string): void {
    if (compareUtf8(name, this.#after) <= 0) return;
    if (this.#last !== undefined && compareUtf8(name, this.#last) > 0) return;
    this.#names.push(name);
    if (this.#names.length < 2 * this.#most) return;
    this.#names = this.sorted();
    this.#last = this.#names.at(-1);
  }

  sorted(): string[] {
    return this.#names.sort(compareUtf8).slice(0, this.#most);
  }
}

/** Of well-formed texts, without a copy of each as bytes: that is most of the work of a large folder. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const [one, other] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (one !== other) return rank(one) - rank(other);
  }
  return a.length - b.length;
}

/** UTF-16 has characters above U+FFFF as surrogates, which come before U+E000. */
function rank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}
