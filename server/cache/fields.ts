/** The fields of a JSON object that came from outside, each looked at: undefined when absent or of another kind. */
export interface Fields {
  readonly text: (name: string) => string | undefined;
  /** A whole number from 0. */
  readonly count: (name: string) => number | undefined;
  readonly flag: (name: string) => boolean | undefined;
}

/** undefined when the text is not a JSON object. */
export function parseFields(json: string): Fields | undefined {
  const object = parseObject(json);
  if (object === undefined) return undefined;
  const field = (name: string): unknown => Reflect.get(object, name);
  return {
    text: (name) => {
      const value = field(name);
      return typeof value === "string" ? value : undefined;
    },
    count: (name) => {
      const value = field(name);
      return typeof value === "number" && Number.isSafeInteger(value) && value >= 0 ? value : undefined;
    },
    flag: (name) => {
      const value = field(name);
      return typeof value === "boolean" ? value : undefined;
    },
  };
}

function parseObject(json: string): object | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
