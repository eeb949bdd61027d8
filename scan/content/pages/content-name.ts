/** Information in the name of a content file. */
export interface ContentName {
  /** Without extension and language, as in Hugo's paths: `my-post` of `my-post.fr.md`. */
  readonly base: string;
  /** `index.md` makes its folder one page, `_index.md` makes it a section. */
  readonly bundle: "leaf" | "branch" | "none";
  /** One of the site's languages, or of the disabled ones; undefined if the name contains none. */
  readonly language: string | undefined;
}

export interface NameRules {
  readonly languages: ReadonlySet<string>;
  readonly disabledLanguages: ReadonlySet<string>;
  readonly hugoMinor: number;
}

/** @returns undefined for a file of a disabled language, which Hugo ignores. */
export function parseContentName(name: string, rules: NameRules): ContentName | undefined {
  return rules.hugoMinor < 123 ? oldName(name, rules) : newName(name, rules);
}

// --- before 0.123 ---

/** As written. The `index.md` of a disabled language is not a page, but its folder is a bundle; so is that of `index.b.md`. */
function oldName(name: string, { languages, disabledLanguages }: NameRules): ContentName | undefined {
  const parts = name.split(".").slice(0, -1);
  const last = parts.length > 1 ? parts.at(-1) : undefined;
  const language = last !== undefined && languages.has(last) ? last : undefined;
  const disabled = last !== undefined && disabledLanguages.has(last);
  const base = (language !== undefined || disabled ? parts.slice(0, -1) : parts).join(".");
  const bundle = base.startsWith("index.") ? "leaf" : bundleOf(base);
  if (!disabled) return { base, bundle, language };
  return bundle === "leaf" ? { base, bundle, language: last } : undefined;
}

// --- since ---

/**
 * Case-insensitive. From 0.147 on the language need not be the last part. From 0.156 on a part such as `_note_` is ignored;
 * from 0.161 on it can be the language: `_language_fr_`.
 */
function newName(
  name: string,
  { languages, disabledLanguages, hugoMinor }: NameRules,
): ContentName | undefined {
  const [first = "", ...rest] = name.toLowerCase().replaceAll(" ", "-").split(".");
  const parts = rest.slice(0, -1);
  let end = parts.length;
  let language: string | undefined;
  for (let at = parts.length - 1; at >= 0; at--) {
    const part = parts[at] ?? "";
    const wrapped = hugoMinor >= 156 ? /^_(.+)_$/.exec(part)?.[1] : undefined;
    const named =
      wrapped === undefined ? part : hugoMinor >= 161 ? /^language_(.*)/.exec(wrapped)?.[1] : undefined;
    if (language === undefined && named !== undefined && disabledLanguages.has(named)) return undefined;
    if (language === undefined && named !== undefined && languages.has(named)) {
      language = named;
      end = at;
    } else if (wrapped !== undefined) end = at;
    else if (hugoMinor < 147) break;
  }
  const base = [first, ...parts.slice(0, end)].join(".");
  return { base, bundle: bundleOf(base), language };
}

function bundleOf(base: string): ContentName["bundle"] {
  if (base === "index") return "leaf";
  return base === "_index" ? "branch" : "none";
}
