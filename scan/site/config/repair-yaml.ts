/**
 * What Hugo's YAML parsers (a port of libyaml, since 0.152 goccy) take and JavaScript's refuse, rewritten so that all read
 * the same: the later lines of a quoted text or a flow collection may begin in any column and with tabs, a comment may
 * touch a quote or a bracket, a value may stand below its key in the key's own column, and a document may end early.
 * Everything else stays as it is. Takes time in proportion to the text.
 */
export function repairYaml(text: string): string {
  const edit = new Edit(text);
  /** Where the first key stands: what is less indented is not read. */
  let least: number | undefined;
  /** Column of a key or dash whose value is still to come. */
  let open: number | undefined;
  while (edit.at < text.length) {
    const start = edit.at;
    const indent = edit.pass(isSpace);
    const content = edit.at;
    edit.pass(isSpaceOrTab);
    if (edit.isLineEnd() || edit.char() === "#") {
      edit.passLine();
      continue;
    }
    edit.at = content;
    const entry = isKeyOrItem(text, edit.at);
    least ??= entry ? indent : 0;
    if (indent < least || isDocumentEnd(text, start)) return edit.until(start);
    const above = entry ? undefined : open;
    if (above !== undefined && indent <= above) edit.insert(" ".repeat(above + 1 - indent));
    open = passEntry(edit, start, above);
  }
  return edit.until(text.length);
}

/** A text that is copied but for what is put in or left out on the way. */
class Edit {
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

  /** Goes on while the characters are such; returns how many there were. */
  pass(are: (char: string) => boolean): number {
    const start = this.at;
    while (this.at < this.#text.length && are(this.char())) this.at++;
    return this.at - start;
  }

  passLine(): void {
    this.pass((char) => char !== "\r" && char !== "\n");
    this.passEnd();
  }

  /** `\r\n` is one line's end. */
  passEnd(): void {
    this.at += this.char() === "\r" && this.char(1) === "\n" ? 2 : 1;
  }

  insert(text: string): void {
    this.#out.push(this.#text.slice(this.#from, this.at), text);
    this.#from = this.at;
  }

  /** Leaves out what the action passes. */
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

// --- block context ---

/**
 * One entry: its keys and dashes, its value, and all lines that the value goes on in.
 * @param start of its line.
 * @param above column of the key or dash that it is the value of, if that stands on a line before.
 * @returns the column of the key or dash that its last line ends with, if it does.
 */
function passEntry(edit: Edit, start: number, above: number | undefined): number | undefined {
  /** What the value's later lines must be deeper than. */
  let column = above ?? -1;
  for (;;) {
    const at = edit.at - start;
    const mark = edit.char();
    if (isIndicator(edit, "-?:")) {
      column = at;
      edit.at++;
    } else if ((mark === "&" || mark === "!") && !isSpaceOrEnd(edit.char(1)))
      edit.pass((char) => !isSpaceOrEnd(char));
    else if (mark === "|" || mark === ">") return passText(edit, column);
    else {
      passInline(edit, column + 1);
      edit.pass(isSpaceOrTab);
      if (!isIndicator(edit, ":")) {
        const plain = !"\"'[{,}&".includes(mark);
        if (plain && edit.isLineEnd()) return passText(edit, column);
        // A comment may touch what it follows.
        if (edit.char() === "#") edit.insert(" ");
        edit.passLine();
        return undefined;
      }
      column = at;
      edit.at++;
      edit.pass(isSpaceOrTab);
      if (edit.isLineEnd() || edit.char() === "#") {
        edit.passLine();
        return column;
      }
    }
    edit.pass(isSpaceOrTab);
    if (edit.isLineEnd()) {
      edit.passEnd();
      return column;
    }
  }
}

/** A scalar or a flow collection. */
function passInline(edit: Edit, indent: number): void {
  const mark = edit.char();
  if (mark === '"' || mark === "'") passQuoted(edit, indent);
  else if (mark === "[" || mark === "{") passFlow(edit, indent);
  else if (mark === "&") edit.drop(() => passPlain(edit));
  else if (mark === "," || mark === "}") {
    // goccy takes them for text.
    const words = edit.drop(() => passPlain(edit));
    edit.insert(`'${words.trimEnd().replaceAll("'", "''")}' `);
  } else passPlain(edit);
}

/** Up to a comment, the colon that makes it a key, or the end of its line. */
function passPlain(edit: Edit): void {
  while (!edit.isLineEnd() && !isIndicator(edit, ":")) {
    if (edit.char() === "#" && isSpaceOrTab(edit.char(-1))) return;
    edit.at++;
  }
}

/** A plain or a block scalar: what is deeper is its text, whatever stands there. */
function passText(edit: Edit, column: number): undefined {
  edit.passLine();
  while (edit.char() !== "") {
    const start = edit.at;
    const indent = edit.pass(isSpace);
    if (!edit.isLineEnd() && indent <= column) {
      edit.at = start;
      return;
    }
    edit.passLine();
  }
}

// --- values of more than one line ---

function passQuoted(edit: Edit, indent: number): void {
  const quote = edit.char();
  edit.at++;
  while (edit.char() !== "") {
    if (edit.isLineEnd()) passBreak(edit, indent);
    else if (quote === '"' && edit.char() === "\\") {
      // The older parser knows \' for an apostrophe.
      if (edit.char(1) === "'") edit.drop(() => edit.at++);
      else edit.at++;
      if (!edit.isLineEnd()) edit.at++;
    } else if (edit.char() !== quote) edit.at++;
    else if (quote === "'" && edit.char(1) === "'") edit.at += 2;
    else {
      edit.at++;
      return;
    }
  }
}

function passFlow(edit: Edit, indent: number): void {
  let depth = 0;
  /** Whether a quote here begins a text; within a plain one it is a character. */
  let fresh = true;
  while (edit.char() !== "") {
    const mark = edit.char();
    if (edit.isLineEnd()) passBreak(edit, indent);
    else if (mark === "#" && isSpaceOrEnd(edit.char(-1))) edit.pass((char) => !isEnd(char));
    else if (fresh && (mark === '"' || mark === "'")) {
      passQuoted(edit, indent);
      fresh = edit.char() === ":";
    } else {
      edit.at++;
      if (mark === "[" || mark === "{") depth++;
      if ((mark === "]" || mark === "}") && --depth === 0) return;
      if (!isSpaceOrTab(mark))
        fresh = "[{,".includes(mark) || (mark === ":" && (fresh || isSpaceOrEnd(edit.char())));
    }
  }
}

/** A line's end within a value; the next line's indentation, which means nothing there, becomes one that any parser takes. */
function passBreak(edit: Edit, indent: number): void {
  edit.passEnd();
  edit.drop(() => edit.pass(isSpaceOrTab));
  if (!edit.isLineEnd()) edit.insert(" ".repeat(indent));
}

// --- characters ---

function isSpace(char: string): boolean {
  return char === " ";
}

function isSpaceOrTab(char: string): boolean {
  return char === " " || char === "\t";
}

function isEnd(char: string): boolean {
  return char === "" || char === "\r" || char === "\n";
}

function isSpaceOrEnd(char: string): boolean {
  return isSpaceOrTab(char) || isEnd(char);
}

/** `-`, `?` and `:` mean something where white space follows. */
function isIndicator(edit: Edit, marks: string): boolean {
  return edit.char() !== "" && marks.includes(edit.char()) && isSpaceOrEnd(edit.char(1));
}

function isDocumentEnd(text: string, at: number): boolean {
  return text.startsWith("...", at) && isSpaceOrEnd(text.charAt(at + 3));
}

/** Whether a line's content is an entry of its own, and not a value that belongs to the key above. */
function isKeyOrItem(text: string, at: number): boolean {
  const edit = new Edit(text);
  edit.at = at;
  if (isIndicator(edit, "-?:")) return true;
  if ("[{|>".includes(edit.char())) return false;
  passInline(edit, 0);
  edit.pass(isSpaceOrTab);
  return isIndicator(edit, ":");
}
