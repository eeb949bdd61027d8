import * as v from "valibot";

/** A schema's result for a value that it refuses. */
export interface Fault {
  /** The first invalid member, such as `variants[0].q`; empty for the value itself. */
  readonly place: string;
  /** The schema's message for that member. */
  readonly message: string;
  /** The actual value. */
  readonly found: unknown;
}

/** The value in its schema's form, without unknown members; or why it is refused. */
export type Checked<T> = { readonly value: T } | { readonly fault: Fault };

/** Never throws. It stops at the first fault, because input from outside can be long. */
export function check<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): Checked<v.InferOutput<Schema>> {
  const { success, output, issues } = v.safeParse(schema, value, { abortEarly: true });
  if (success) return { value: output };
  const [{ path, message, input }] = issues;
  const place = (path ?? []).map(({ key }) => (typeof key === "number" ? `[${key}]` : `.${key}`)).join("");
  return { fault: { place: place.replace(/^\./, ""), message, found: input } };
}

// --- what messages are made of ---

/** An object with these members. A missing one is refused with the message of its own schema. */
export function object<const Entries extends v.ObjectEntries>(
  entries: Entries,
  message = "is not an object",
) {
  const words = ({ expected, path }: v.BaseIssue<unknown>): string => {
    const missing = expected === "Object" ? undefined : entries[`${path?.at(-1)?.key}`];
    return missing !== undefined && "message" in missing ? String(missing.message) : message;
  };
  return v.pipe(v.object(entries, words), v.readonly());
}

/** Any object except a list: valibot accepts a list as an object whose members are all optional. */
export function anObject(message = "is not an object") {
  const isObject = (value: unknown): boolean =>
    typeof value === "object" && value !== null && !Array.isArray(value);
  return v.custom<Readonly<Record<string, unknown>>>(isObject, message);
}

/** A list with a maximum number of items; a longer one is refused before its items are checked. */
export function list<const Item extends v.GenericSchema>(item: Item, most: number) {
  return v.pipe(
    v.array(v.unknown(), "is not a list"),
    v.maxLength(most, `has more than ${most} items`),
    v.array(item),
    v.readonly(),
  );
}

/** A whole number. */
export function whole(
  least: number,
  most: number,
  message = `takes a whole number from ${least} to ${most}`,
) {
  const isWhole = (value: unknown): boolean =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most;
  return v.custom<number>(isWhole, message);
}

/** Text that matches a pattern. */
export function text(form: RegExp, message: string) {
  return v.pipe(v.string(message), v.regex(form, message));
}
