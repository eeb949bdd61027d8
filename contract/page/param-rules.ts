import rules from "../param-rules.json" with { type: "json" };
import { defaultParams } from "./params.ts";

/** Names that `[params.imgproxy]` can have in addition to those with a default. `_merge` belongs to Hugo. */
const others = ["key", "_merge"];

const names: readonly string[] = [...Object.keys(defaultParams), ...others];

/** @returns a sentence for each name that is no parameter, with the name that was probably meant. */
export function unknownParams(given: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(given)
    .filter((name) => !names.includes(name))
    .map((name) => {
      const near = nearestName(name);
      return `imgproxy has no parameter ${name}${near === undefined ? "" : `: did you mean ${near}?`}`;
    });
}

/** The parameter of a destination that was probably meant: `q` for `quality`. */
export function meantInDestination(name: string): string | undefined {
  return Object.hasOwn(rules.destination, name)
    ? rules.destination[name as keyof typeof rules.destination]
    : undefined;
}

/** The name that differs in one letter or two swapped letters, or that begins with the other. The same as layouts/partials/imgproxy/_/site/nearest.html. */
function nearestName(name: string): string | undefined {
  if (Object.hasOwn(rules.meant, name)) return rules.meant[name as keyof typeof rules.meant];
  const wanted = new Set(withoutOne(name));
  return names.find((known) => {
    if (name.length >= 3 && (known.startsWith(name) || name.startsWith(known))) return true;
    return withoutOne(known).some((shorter) => wanted.has(shorter));
  });
}

/** A word, and the word without each one of its letters: two words that differ in one letter or a swap have one of these in common. */
function withoutOne(word: string): string[] {
  return [word, ...Array.from(word, (_, at) => word.slice(0, at) + word.slice(at + 1))];
}
