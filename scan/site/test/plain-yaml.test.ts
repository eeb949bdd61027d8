import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { blogs } from "../../test/fixtures/blogs.ts";
import { fixtures } from "../../test/fixtures/sites.ts";
import { plainYaml } from "../config/plain-yaml.ts";

function parsed(text: string): unknown {
  try {
    return parse(text, { merge: true, uniqueKeys: false, logLevel: "error" }) ?? {};
  } catch {
    return "an error";
  }
}

/** That the short way says what the parser says, or nothing. */
function agrees(text: string): void {
  const plain = plainYaml(text);
  if (plain !== undefined) expect(plain).toEqual(parsed(text));
}

describe("plain YAML means what a YAML parser says", () => {
  test("plain YAML means the same as to a YAML parser, in every fixture's front matter", () => {
    const files = [...Object.values(fixtures), ...Object.values(blogs)].flatMap((fixture) =>
      Object.values(fixture.files(169)),
    );
    const heads = files.flatMap((file) => /^---\r?\n([\s\S]*?)^---/m.exec(String(file))?.[1] ?? []);
    expect(heads.length).toBeGreaterThan(20);
    for (const head of heads) agrees(head);
  });

  test("plain YAML means the same as to a YAML parser, in any arrangement of its parts", () => {
    let taken = 0;
    fc.assert(
      fc.property(fc.array(lines(), { maxLength: 6 }), fc.constantFrom("\n", "\r\n", "\r"), (all, end) => {
        const text = all.join(end);
        if (plainYaml(text) !== undefined) taken++;
        agrees(text);
      }),
      { numRuns: 5000 },
    );
    expect(taken).toBeGreaterThan(200);
  });

  test("plain YAML means the same as to a YAML parser, with any text as a value", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 12 }),
        fc.constantFrom(...wraps),
        (value, [a, b]) => {
          agrees(`key: ${a}${value}${b}\nother: x\n`);
        },
      ),
      { numRuns: 5000 },
    );
  });
});

test("common front matter is plain YAML", () => {
  const head = `title: "Worms: a walk"\ndate: 2024-05-01T10:00:00+02:00\ndraft: false\nweight: 12\n
tags: [walks, "in the rain", Été]\ncategories:\n  - Notes\n  - Don't panic\ndescription: It rained, so we walked.\n`;
  expect(plainYaml(head)).toEqual({
    title: "Worms: a walk",
    date: "2024-05-01T10:00:00+02:00",
    draft: false,
    weight: 12,
    tags: ["walks", "in the rain", "Été"],
    categories: ["Notes", "Don't panic"],
    description: "It rained, so we walked.",
  });
});

const wraps = [
  ["", ""],
  ['"', '"'],
  ["'", "'"],
  ["[", "]"],
  ["- ", ""],
  ["a", ""],
  ["a", "b"],
] as const;

function lines(): fc.Arbitrary<string> {
  const keys = ["a", "b", "A", "a-b", "images", "true", "null", "__proto__", "constructor", "cascade", "1"];
  const before = ["", "", "", "", "  ", "\t", "- ", "  - ", "   - ", "-", "# "];
  const values = [
    ...[
      "",
      "",
      "x",
      "two words",
      "x: y",
      "x:",
      "x #c",
      "x#c",
      "# c",
      "true",
      "False",
      "tRUE",
      "null",
      "~",
      "yes",
    ],
    ...[
      "12",
      "-3",
      "0",
      "-0",
      "012",
      "0x1f",
      "1e3",
      "1_0",
      "1.5",
      ".5",
      "Infinity",
      ".inf",
      "12345678901234567890",
    ],
    ...[
      "2024-01-02",
      "2024-01-02 10:11:12 +0200",
      "2024-01-02T10:11:12Z",
      "10:11",
      "-",
      "?",
      "!t x",
      "&a x",
      "*a",
    ],
    ...[
      '"q"',
      '"q: r"',
      '"q\\n"',
      '"q',
      "'s'",
      "'it''s'",
      "'s",
      '"a" b',
      "|",
      ">",
      "{}",
      "{a: b}",
      "@x",
      "`x`",
      "%x",
    ],
    ...[
      "[]",
      "[ ]",
      "[a]",
      "[a, b]",
      "[a, ]",
      "[, a]",
      '["a,b"]',
      "['a', 3, true]",
      "[a",
      "a]",
      "[[a]]",
      "[a: b]",
    ],
    ...[
      "- x",
      "-x",
      "it's",
      'say "x"',
      "a, b",
      "é",
      "x  ",
      "[a] ",
      "---",
      "...",
      "x\u0085y",
      "x\u2028y",
      "x\u00a0",
      "\ufeff",
    ],
  ];
  const pair = fc.tuple(
    fc.constantFrom(...keys),
    fc.constantFrom(": ", ": ", ": ", ":", " : ", ":  "),
    fc.constantFrom(...values),
  );
  return fc
    .tuple(
      fc.constantFrom(...before),
      fc.oneof(
        pair.map((parts) => parts.join("")),
        fc.constantFrom(...values),
      ),
    )
    .map(([indent, body]) => indent + body);
}
