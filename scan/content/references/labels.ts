/** A text in brackets, without brackets in it: it can name or define a link or a footnote. */
export interface Label {
  /** In the form in which Markdown compares labels. */
  readonly label: string;
  /** Whether a colon follows. */
  readonly defines: boolean;
  /** Whether an exclamation mark precedes it. */
  readonly isImage: boolean;
}

/** Every such text in a Markdown text, including those in code. */
export function labelsIn(text: string): Label[] {
  const labels: Label[] = [];
  let open = -1;
  for (let at = nextMark(text, 0); at !== -1; at = nextMark(text, at + 1)) {
    const mark = text.charAt(at);
    if (mark === "\\") at++;
    else if (mark === "[") open = at;
    else {
      if (open !== -1 && at - open <= LONGEST)
        labels.push({
          label: text
            .slice(open + 1, at)
            .trim()
            .replace(/\s+/g, " ")
            .toLowerCase()
            .toUpperCase(),
          defines: text.charAt(at + 1) === ":",
          isImage: text.charAt(open - 1) === "!",
        });
      open = -1;
    }
  }
  return labels;
}

/** CommonMark's limit. */
const LONGEST = 1000;

const marks = /[[\]\\]/g;

function nextMark(text: string, from: number): number {
  marks.lastIndex = from;
  return marks.exec(text)?.index ?? -1;
}
