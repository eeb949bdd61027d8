import fc from "fast-check";
import { CORE_SCHEMA, load, mergeTag } from "js-yaml";
import { expect, test } from "vitest";
import { repairYaml } from "../config/repair-yaml.ts";

test("text that a parser accepts already means the same after the repair", () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(line, { maxLength: 8 }), (lines) => {
      const text = lines.join("\n");
      const before = parsed(text);
      if (typeof before !== "object" || before === null || Array.isArray(before)) return;
      taken++;
      expect(parsed(repairYaml(text))).toEqual(before);
    }),
    { numRuns: 4000 },
  );
  expect(taken).toBeGreaterThan(80);
});

test("a document end before the first entry ends nothing", () => {
  expect(parsed(repairYaml("...\n... # c\na: 1\n...\nb: 2"))).toEqual({ a: 1 });
});

const line = fc
  .tuple(
    fc.constantFrom("", "", "", "  ", "    ", "- ", "  - ", "- - "),
    fc.constantFrom("a: ", "b: ", "c: ", "'d': ", '"e": ', "f:", ""),
    fc.constantFrom("", "", "!!str ", "&x "),
    fc.constantFrom(
      ...["", "x", "x y", "it's", "#c", "x #c", "x#c", "|", ">-", "|2", "...", "---", "*x", "- x", "%x"],
      ...['"q"', '"q', 'q"', '"\\""', '"q\\', "'s'", "'s", "s'", "'it''s'", "[a, b]", "[a,", "b]", "[", "]"],
      ...["{a: b}", "{a: b,", "c: d}", '["a', 'b", c]', '{"a":b', '[a"b]', "[a # c", "]#c", "x: y", "\tx"],
    ),
  )
  .map((parts) => parts.join(""));

function parsed(text: string): unknown {
  try {
    return load(text, { schema: CORE_SCHEMA.withTags(mergeTag), json: true });
  } catch {
    return undefined;
  }
}
