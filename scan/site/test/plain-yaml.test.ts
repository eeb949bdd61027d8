import fc from "fast-check";
import { expect, test } from "vitest";
import { plainYaml } from "../config/plain-yaml.ts";
import { parseYaml } from "../config/yaml.ts";

test("ordinary front matter needs no parser", () => {
  const head =
    'title: "Worms: a walk"\r\ndate: 2024-05-01T10:00:00+02:00\ndraft: false\nweight: 12\n\ntags: [walks, "in the rain", Été]  \n' +
    "categories:\n  - Notes\n  - Don't panic\ndescription: It rained - so we walked\n";
  expect(plainYaml(head)).toEqual({
    title: "Worms: a walk",
    date: "2024-05-01T10:00:00+02:00",
    draft: false,
    weight: 12,
    tags: ["walks", "in the rain", "Été"],
    categories: ["Notes", "Don't panic"],
    description: "It rained - so we walked",
  });
});

test("what is not ordinary is left to the parser", () => {
  const texts = [
    ...[
      "",
      "\n",
      "# nothing\n",
      "a: b # c\n",
      "a: 'b'\n",
      'a: "b\\n"\n',
      "a: b: c\n",
      "a: &x b\n",
      "a: |\n  b\n",
    ],
    ...[
      "a:\n",
      "a: b\na: c\n",
      "a:\nb: c\n",
      "a:\n  b: c\n",
      "a: b\n  c\n",
      "a: b\n- c\n",
      "a:\n  - b\n - c\n",
      "- a\n",
      "a:b\n",
    ],
    ...[
      "a: yes\n",
      "Yes: a\n",
      "a: Null\n",
      "a: 010\n",
      "a: 1.5\n",
      "a: 1e3\n",
      "a: [b, [c]]\n",
      "a: [b,]\n",
    ],
    ...['a: ["b, c"]\n', "a: {b: c}\n", "__proto__: a\n", "a: b\rc: d\n", 'a: "b\n', "a: b\n---\n", "...\n"],
  ];
  for (const text of texts) expect(plainYaml(text), JSON.stringify(text)).toBeUndefined();
});

/** A comment at the start hands a text to the parser. */
const BY_PARSER = "# by the parser\n";

test("whatever is read without the parser has the parser's values", () => {
  const name = fc.constantFrom(
    "title",
    "Tags",
    "a",
    "x-y",
    "date",
    "b",
    "c",
    "title",
    "no",
    "constructor",
    "_a",
  );
  const plainScalar = fc.constantFrom(
    "true",
    "0",
    "-7",
    "12",
    "2024-05-01",
    "é à",
    "don't",
    '"a: b"',
    '""',
    "a - b",
    "a & (b)",
  );
  const scalar = fc.oneof(
    { weight: 4, arbitrary: plainScalar },
    fc.constantFrom(
      ...[
        "true",
        "False",
        "no",
        "y",
        "~",
        "null",
        "0",
        "-0",
        "012",
        "12",
        "-7",
        "1_0",
        "0x1f",
        "1.5",
        ".5",
        "1e3",
      ],
      ...[
        "2024-05-01",
        "2024-05-01 10:00:00",
        "2024-05-01T10:00:00Z",
        "10:00",
        "a: b",
        "a:b",
        "a #b",
        "a#b",
        "é à",
      ],
      ...[
        "-",
        "- a",
        "--",
        "don't",
        "'a'",
        '"a"',
        '""',
        '"a: #b, [c]"',
        '"a\\n"',
        '"a" b',
        "a, b",
        "a - b",
        "!a",
        "&a",
      ],
      ...[
        "*a",
        "@a",
        "%a",
        "a!",
        "a?",
        "?",
        "? a",
        "a&b",
        "(a)",
        "a (b)",
        "\u00a0a",
        "a\u00a0",
        "a\tb",
        "a\t",
        "\u2028",
      ],
      ...[
        "a\u0085b",
        "\ufeffa",
        "Inf",
        ".inf",
        "NaN",
        "a]",
        "[a",
        "{a}",
        "a}",
        "<<",
        "=",
        "a = b",
        "x\u0301",
        "𝒳 y",
      ],
    ),
    fc.string({ maxLength: 4 }),
  );
  const spaces = fc.constantFrom("", " ", "  ");
  const list = fc.array(scalar, { maxLength: 3 });
  const line = fc.oneof(
    fc
      .tuple(name, spaces, scalar, spaces)
      .map(([key, before, value, after]) => `${key}:${before}${value}${after}`),
    fc
      .tuple(name, list, fc.constantFrom(",", ", ", " ,"))
      .map(([key, items, by]) => `${key}: [${items.join(by)}]`),
    fc
      .tuple(name, spaces, list)
      .map(([key, indent, items]) => [`${key}:`, ...items.map((one) => `${indent}- ${one}`)].join("\n")),
    fc.constantFrom("", " ", "- a", "  b", "---", "..."),
  );
  const text = fc
    .tuple(fc.array(line, { maxLength: 4 }), fc.constantFrom("\n", "\r\n", "\n\n"))
    .map(([lines, end]) => lines.join(end));
  let plain = 0;
  fc.assert(
    fc.property(text, fc.constantFrom(151, 152), (written, minor) => {
      const values = plainYaml(written);
      if (values === undefined) return;
      plain++;
      expect(values).toEqual(parseYaml(BY_PARSER + written, minor));
    }),
    { numRuns: 2_000 },
  );
  expect(plain).toBeGreaterThan(100);
});
