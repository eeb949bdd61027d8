import { jsonStringRegion, type Region, regionPart } from "./region.ts";

/** A string of a JSON document that is a value, not a key. */
export interface JsonString {
  /** Keys, and indices of lists, from the outside in. */
  readonly path: readonly string[];
  readonly value: Region;
}

/** The strings of a JSON document and their positions; none for a text that is not JSON. */
export function jsonStrings(region: Region): JsonString[] {
  const { text } = region;
  if (!isJson(text)) return [];
  const found: JsonString[] = [];
  const frames: Frame[] = [];
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/gs)) {
    const frame = frames.at(-1);
    if (token === "{") frames.push({ isList: false, key: "", isKey: true });
    else if (token === "[") frames.push({ isList: true, key: "0", isKey: false });
    else if (token === "}" || token === "]") frames.pop();
    else if (frame !== undefined && token === ",") {
      if (frame.isList) frame.key = String(Number(frame.key) + 1);
      else frame.isKey = true;
    } else if (frame !== undefined && token === ":") frame.isKey = false;
    else if (token.startsWith('"')) {
      const value = jsonStringRegion(regionPart(region, index + 1, index + token.length - 1));
      if (frame?.isKey) frame.key = value.text;
      else found.push({ path: frames.map(({ key }) => key), value });
    }
  }
  return found;
}

interface Frame {
  readonly isList: boolean;
  key: string;
  /** Whether the next string is a key. */
  isKey: boolean;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
