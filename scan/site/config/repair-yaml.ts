import { isEnd, isSpace, isSpaceOrEnd, isSpaceOrTab, YamlEdit } from "./yaml-edit.ts";

/**
 * Rewrites YAML that Hugo's parsers accept (a port of libyaml; since 0.152 goccy) and JavaScript's parser refuses, so that all
 * read the same: later lines of a quoted text or a flow collection can begin in any column and with tabs, a comment can touch
 * a quote or a bracket, a value can be below its key in the key's column, and a document can end early.
 * Everything else is unchanged. It takes time proportional to the text.
 */
export function repairYaml(text: string): string {
  const edit = new YamlEdit(text);
  /** Column of the first key: a line that is less indented is ignored. */
  let least: number | undefined;
  /** Column of a key or dash whose value has not begun yet. */
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
    if (isDocumentEnd(text, start)) {
      if (least !== undefined) return edit.until(start);
      // Before the first entry it ends nothing.
      edit.passLine();
      continue;
    }
    const entry = isKeyOrItem(text, edit.at);
    least ??= entry ? indent : 0;
    if (indent < least) return edit.until(start);
    const above = entry ? undefined : open;
    if (above !== undefined && indent <= above) edit.insert(" ".repeat(above + 1 - indent));
    open = passEntry(edit, start, above);
  }
  return edit.until(text.length);
}

// --- block context ---

/**
 * One entry: its keys and dashes, its value, and all lines of the value.
 * @param start of its line.
 * @param above column of the key or dash that it is the value of, if that is on an earlier line.
 * @returns the column of the key or dash at the end of its last line, if there is one.
 */
function passEntry(edit: YamlEdit, start: number, above: number | undefined): number | undefined {
  /** The value's later lines must be deeper than this column. */
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
        // A comment can directly follow a quote or bracket.
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
function passInline(edit: YamlEdit, indent: number): void {
  const mark = edit.char();
  if (mark === '"' || mark === "'") passQuoted(edit, indent);
  else if (mark === "[" || mark === "{") passFlow(edit, indent);
  else if (mark === "&") edit.drop(() => passPlain(edit));
  else if (mark === "," || mark === "}") {
    // goccy reads them as text.
    const words = edit.drop(() => passPlain(edit));
    edit.insert(`'${words.trimEnd().replaceAll("'", "''")}' `);
  } else passPlain(edit);
}

/** Up to a comment, the colon of a key, or the end of the line. */
function passPlain(edit: YamlEdit): void {
  while (!edit.isLineEnd() && !isIndicator(edit, ":")) {
    if (edit.char() === "#" && isSpaceOrTab(edit.char(-1))) return;
    edit.at++;
  }
}

/** A plain or block scalar: every deeper line belongs to it. */
function passText(edit: YamlEdit, column: number): undefined {
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

function passQuoted(edit: YamlEdit, indent: number): void {
  const quote = edit.char();
  edit.at++;
  while (edit.char() !== "") {
    if (edit.isLineEnd()) passBreak(edit, indent);
    else if (quote === '"' && edit.char() === "\\") {
      // The older parser reads \' as an apostrophe.
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

function passFlow(edit: YamlEdit, indent: number): void {
  let depth = 0;
  /** Whether a quote at this position begins a quoted text; inside a plain scalar it is a character. */
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

/** A line end inside a value: it replaces the next line's indentation, which has no meaning, by one that every parser accepts. */
function passBreak(edit: YamlEdit, indent: number): void {
  edit.passEnd();
  edit.drop(() => edit.pass(isSpaceOrTab));
  if (!edit.isLineEnd()) edit.insert(" ".repeat(indent));
}

// --- marks ---

/** `-`, `?` and `:` have a meaning only before white space. */
function isIndicator(edit: YamlEdit, marks: string): boolean {
  return edit.char() !== "" && marks.includes(edit.char()) && isSpaceOrEnd(edit.char(1));
}

function isDocumentEnd(text: string, at: number): boolean {
  return text.startsWith("...", at) && isSpaceOrEnd(text.charAt(at + 3));
}

/** Whether a line is an entry of its own, and not a value of the key above. */
function isKeyOrItem(text: string, at: number): boolean {
  const edit = new YamlEdit(text);
  edit.at = at;
  if (isIndicator(edit, "-?:")) return true;
  if ("[{|>".includes(edit.char())) return false;
  passInline(edit, 0);
  edit.pass(isSpaceOrTab);
  return isIndicator(edit, ":");
}
