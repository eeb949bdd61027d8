/** Copies a YAML text, with insertions and deletions. */
export class YamlEdit {
  at = 0;
  readonly #text: string;
  readonly #out: string[] = [];
  #from = 0;

  constructor(text: string) {
    this.#text = text;
  }

  char(offset = 0): string {
    return this.#text.charAt(this.at + offset);
  }

  isLineEnd(): boolean {
    return isEnd(this.char());
  }

  /** Advances over matching characters; returns their number. */
  pass(are: (char: string) => boolean): number {
    const start = this.at;
    while (this.at < this.#text.length && are(this.char())) this.at++;
    return this.at - start;
  }

  passLine(): void {
    this.pass((char) => char !== "\r" && char !== "\n");
    this.passEnd();
  }

  /** `\r\n` is one line end. */
  passEnd(): void {
    this.at += this.char() === "\r" && this.char(1) === "\n" ? 2 : 1;
  }

  insert(text: string): void {
    this.#out.push(this.#text.slice(this.#from, this.at), text);
    this.#from = this.at;
  }

  /** Deletes the text that the action advances over. */
  drop(action: () => void): string {
    const start = this.at;
    this.#out.push(this.#text.slice(this.#from, start));
    action();
    this.#from = this.at;
    return this.#text.slice(start, this.at);
  }

  until(end: number): string {
    return this.#out.join("") + this.#text.slice(this.#from, end);
  }
}

export function isSpace(char: string): boolean {
  return char === " ";
}

export function isSpaceOrTab(char: string): boolean {
  return char === " " || char === "\t";
}

export function isEnd(char: string): boolean {
  return char === "" || char === "\r" || char === "\n";
}

export function isSpaceOrEnd(char: string): boolean {
  return isSpaceOrTab(char) || isEnd(char);
}
