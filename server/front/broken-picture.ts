import { nearKeys } from "../../contract/nearest.ts";
import { type Problem, type ProblemKind, problems } from "../errors.ts";
import type { Answer } from "../http/response.ts";
import type { ListSiblings } from "../source/list/siblings.ts";

/** A failed request of an `<img>` in development, as a picture that says what is wrong. Status and note stay. */
export type BrokenPictures = (answer: Answer, problem: Problem, of: BrokenRequest) => Promise<Answer>;

export interface BrokenRequest {
  /** If its URL has one. */
  readonly key?: string | undefined;
  /** Whether it may see names of other photographs: a page of another site could read them from the picture. */
  readonly mayList: boolean;
  readonly signal: AbortSignal;
}

/** Whether a picture is to be sent in place of a problem. 429 and 503 pass by themselves: the page asks again, and a scan must see them. */
export function isForPicture(destination: string | null | undefined, { status }: Answer): boolean {
  return destination === "image" && status >= 400 && status !== 429 && status !== 503;
}

export function createBrokenPictures(neighbours: ListSiblings): BrokenPictures {
  return async (answer, problem, of) => {
    const isAbsent = problem.code === "source-absent";
    const lines = isAbsent ? await absentLines(neighbours, of) : linesOf(problem, of.key);
    const body = new TextEncoder().encode(pictureOf(lines));
    return {
      ...answer,
      headers: {
        ...answer.headers,
        "content-type": "image/svg+xml",
        "content-length": String(body.byteLength),
        "cache-control": "no-store",
      },
      body,
    };
  };
}

// --- sentences ---

async function absentLines(
  neighbours: ListSiblings,
  { key = "The photograph", mayList, signal }: BrokenRequest,
): Promise<readonly string[]> {
  // The answer does not depend on a bucket that can be listed.
  const beside = mayList ? await neighbours(key, signal).catch(() => []) : [];
  const [near] = nearKeys(key, beside);
  return [`${key} is not in the bucket.`, ...(near === undefined ? [] : [`Did you mean ${near.key}?`])];
}

function linesOf({ code, detail }: Problem, key: string | undefined): readonly string[] {
  const { title, remedy }: ProblemKind = problems[code];
  return [...(key === undefined ? [] : [key]), detail ?? title, remedy];
}

// --- the picture ---

const WIDTH = 800;
const LINE = 34;
const MARGIN = 48;
/** Letters on a line; the widest letters still fit. */
const LETTERS = 46;

/** Its colours are its own: a page may be light or dark, and gives an `<img>` none. */
function pictureOf(sentences: readonly string[]): string {
  const lines = sentences.flatMap(wrap);
  const height = 2 * MARGIN + LINE * Math.max(6, lines.length);
  const top = (height - LINE * lines.length) / 2 + LINE * 0.7;
  const text = lines
    .map((line, at) => `<text x="${MARGIN}" y="${top + LINE * at}">${escapeXml(line)}</text>`)
    .join("\n");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
<title>${escapeXml(sentences.join(" "))}</title>
<rect width="${WIDTH}" height="${height}" fill="#f3f1ec"/>
<rect x="1" y="1" width="${WIDTH - 2}" height="${height - 2}" fill="none" stroke="#b3261e" stroke-width="2" stroke-dasharray="8 6"/>
<g font-family="system-ui, sans-serif" font-size="24" fill="#3a1512">
${text}
</g>
</svg>
`;
}

/** Breaks at spaces, and in a word that is longer than a line. */
function wrap(sentence: string): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of sentence.split(" ").flatMap(pieces)) {
    if (line !== "" && line.length + 1 + word.length > LETTERS) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

function pieces(word: string): string[] {
  const letters = [...word];
  const count = Math.max(1, Math.ceil(letters.length / LETTERS));
  return Array.from({ length: count }, (_, at) => letters.slice(at * LETTERS, (at + 1) * LETTERS).join(""));
}

/** XML has no form for other controls and for half characters: one of them would break the whole picture. */
function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\x20-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, "\ufffd")
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
