import type * as v from "valibot";
import { check } from "../../contract/schema.ts";

/** The value as the schema has it; undefined when it is anything else. */
export function accepted<const Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): v.InferOutput<Schema> | undefined {
  const checked = check(schema, value);
  return "value" in checked ? checked.value : undefined;
}

/** undefined when the text is not a JSON object. */
export function parseObject(json: string): { readonly name?: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
