import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSite, hugos } from "../../../hugo-module/test/hugo-site.ts";
import { parseShortcodes } from "../references/shortcodes/shortcodes.ts";

const TAGS = 500;
const SEED = Number(process.env.SEED ?? 1);

describe.each([...hugos])("on Hugo $version", (hugo) => {
  test(`the scan reads ${TAGS} generated shortcodes as Hugo does`, async () => {
    const tags = fc.sample(tag, { seed: SEED, numRuns: TAGS });
    const body = tags.join("\n\n");
    await using site = await createSite({
      "content/a.md": `---\ntitle: a\n---\n${body}\n`,
      "layouts/shortcodes/tag.html": "[{{ .Params | jsonify | base64Encode | safeHTML }}]",
    });
    const built = await site.build(hugo);
    expect(built.errors).toEqual([]);
    const printed = [...(built.files.get("a/index.html") ?? "").matchAll(/\[([A-Za-z0-9+/=]*)\]/g)];
    const theirs = printed.map(
      ([, text = ""]): object => JSON.parse(Buffer.from(text, "base64").toString() || "{}") ?? {},
    );
    const ours = parseShortcodes(body);
    expect(ours.length).toBe(theirs.length);
    const read = ours.map(({ start, end, parameters }, at) => ({
      text: body.slice(start, end),
      ours: Object.fromEntries(parameters),
      // Numbers and booleans have their type in templates; parameters without names are a list.
      theirs: Object.fromEntries(
        Object.entries(theirs[at] ?? {}).map(([name, value]) => [name, String(value)]),
      ),
    }));
    expect(
      read.filter((one) => JSON.stringify(sorted(one.ours)) !== JSON.stringify(sorted(one.theirs))),
    ).toEqual([]);
  });
});

// --- tags ---

const space = fc.constantFrom(" ", " ", "  ", "\n", "\t", " \n ", "\r\n");
const bare = fc
  .string({ unit: fc.constantFrom(..."ab1?=>}{<%&/\"'`\\.-_#é[]()!:;,|日"), minLength: 1, maxLength: 8 })
  .filter((text) => !/^["`\\]/.test(text));
const quoted = fc
  .string({ unit: fc.constantFrom(..."ab1 ?=>}{<%&/'.-#é()!:;|日"), maxLength: 10 })
  .chain((text) =>
    fc.constantFrom(`"${text}"`, `"${text}\\"${text}"`, `\`${text}\``, `\`${text}\n"${text}\``),
  );
const word = fc.stringMatching(/^[a-z0-9_][a-z0-9_.-]{0,6}$/);

const named = fc
  .tuple(
    fc.uniqueArray(fc.constantFrom("src", "alt", "caption", "data-x", "w2"), { minLength: 1, maxLength: 4 }),
    fc.array(fc.oneof(bare, quoted), { minLength: 4, maxLength: 4 }),
    // Hugo refuses a space before one equals sign and none before the next.
    fc.constantFrom("=", "= ", " =", " = ", "=\n"),
    space,
  )
  .map(([names, values, sign, between]) =>
    names.map((name, at) => `${name}${sign}${values[at]}`).join(between),
  );
const positional = fc
  .tuple(fc.array(fc.oneof(word, quoted), { maxLength: 4 }), space)
  .map(([values, between]) => values.join(between));

const tag = fc
  .tuple(fc.oneof(named, positional), space, space)
  .map(([parameters, before, after]) => `{{<${before}tag ${parameters}${after}>}}`);

function sorted(values: object): object {
  return Object.fromEntries(Object.entries(values).sort());
}
