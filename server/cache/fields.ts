/** Validates the fields of a JSON object from outside: undefined if a field is absent or has another type. */
export interface Fields {
  readonly text: (name: string) => string | undefined;
  /** A whole number from 0. */
  readonly count: (name: string) => number | undefined;
  readonly flag: (name: string) => boolean | undefined;
}

type Kinds = { readonly text: string; readonly count: number; readonly flag: boolean };

/** Required fields and their types. */
export type Shape = Readonly<Record<string, keyof Kinds>>;

/** All fields of a shape; undefined if one is absent or has another type. */
export function readShape<Of extends Shape>(
  fields: Fields,
  shape: Of,
): { readonly [Name in keyof Of]: Kinds[Of[Name]] } | undefined {
  const values: Record<string, unknown> = {};
  for (const [name, kind] of Object.entries(shape)) {
    const value = fields[kind](name);
    if (value === undefined) return undefined;
    values[name] = value;
  }
  // The loop has checked each field.
  return values as { readonly [Name in keyof Of]: Kinds[Of[Name]] };
}

/** undefined if the text is not a JSON object. */
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
