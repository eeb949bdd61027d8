import fc from "fast-check";
import { describe, expect, test } from "vitest";
import cases from "../../test/fixtures/markdown-cases.json" with { type: "json" };
import { relevantBlocks } from "../references/blocks.ts";
import { markdownImages } from "../references/markdown.ts";
import { wholeReading } from "../references/reading.ts";

const endpoints = ["https://images.example"];

/** The parser's result for the reduced text, with positions in the whole text. */
function reduced(text: string, portion?: number) {
  const { readings, plain } = relevantBlocks(wholeReading(text), [...endpoints, "<img"], portion);
  const parsed = readings.flatMap(({ text, fileOffset }) =>
    markdownImages(text, endpoints).map((image) => ({ ...image, offset: fileOffset(image.offset) })),
  );
  const all = [...plain.map((image) => ({ ...image, as: "image" })), ...parsed];
  // A definition that several portions need can contain images itself.
  const once = new Map(all.map((image) => [`${image.offset} ${image.as} ${image.destination}`, image]));
  return [...once.values()].sort((a, b) => a.offset - b.offset);
}

describe("the blocks of a text that are parsed", () => {
  const names = Object.keys(cases) as (keyof typeof cases)[];

  test.each(names)("parsing only the blocks that can have images finds the same images: %s", (name) => {
    const whole = markdownImages(cases[name], endpoints);
    expect(reduced(cases[name])).toEqual(whole);
    expect(reduced(cases[name], 10)).toEqual(whole);
  });

  test.each([
    // The fence in the item ends with the item. The next fence is a new one, and contains an empty line.
    "- a\n  ```\n\n```\nx\n\n![y](y.jpg)\n```\n",
    "1. a\n  ```\n  b\n\n![y](y.jpg)\n  ```\n",
    "1. a\n  ```\n  b\n  ```\n\n![y](y.jpg)\n",
    "- a\n  <!--\n\n-->\n<!--\n\n![y](y.jpg)\n-->\n",
    // A definition's term can be above an empty line.
    "Term\n\n:   para\n\n    ![w](worms.jpg)\n",
    "\ufeffprose\n\n![w](worms.jpg)\n",
  ])("blocks that a line alone does not decide give the same images as the whole text: %j", (text) => {
    expect(reduced(text)).toEqual(markdownImages(text, endpoints));
  });

  test("blocks between any two others give the same images as the whole text", () => {
    const all = names.map((name) => cases[name]);
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...all), { minLength: 2, maxLength: 6 }), (parts) => {
        const text = parts.join("\n\n");
        const whole = markdownImages(text, endpoints);
        expect(reduced(text)).toEqual(whole);
        expect(reduced(text, 10)).toEqual(whole);
      }),
      { numRuns: 200 },
    );
  });

  test("blocks of any lines that open, contain and close each other give the same images as the whole text", () => {
    fc.assert(
      fc.property(fc.array(lines(), { maxLength: 24 }), fc.constantFrom("\n", "\r\n", "\r"), (all, end) => {
        const text = all.join(end);
        const whole = markdownImages(text, endpoints);
        expect(reduced(text)).toEqual(whole);
        expect(reduced(text, 10)).toEqual(whole);
      }),
      { numRuns: 1000 },
    );
  });
});

test("prose without an image is not parsed", () => {
  expect(relevantBlocks(wholeReading("a\n\n```\nb\n```\n\n[c]: d\n"), []).readings).toEqual([]);
});

test("prose around an image is not parsed, but its definitions are", () => {
  const text = "prose\n\n![w][id]\n\n- more\n- prose\n\n[id]: worms.jpg\n";
  expect(relevantBlocks(wholeReading(text), []).readings.map(({ text }) => text)).toEqual([
    "![w][id]\n\n[id]: worms.jpg\n",
  ]);
});

test("prose around an image in a list with code is not parsed", () => {
  const text = "prose\n\n1. a\n\n   ```\n   b\n   ```\n\n   ![w](worms.jpg)\n\nmore prose\n";
  const list = text.slice(text.indexOf("1."), text.indexOf("more"));
  expect(relevantBlocks(wholeReading(text), []).readings.map(({ text }) => text)).toEqual([list]);
});

test("code about images is not parsed if it stands alone", () => {
  const text = "![*w*](worms.jpg)\n\n```md\n![a](a.jpg)\n```\n\n~~~\n![b](b.jpg)\n";
  expect(relevantBlocks(wholeReading(text), []).readings.map(({ text }) => text)).toEqual([
    "![*w*](worms.jpg)\n\n",
  ]);
});

function lines(): fc.Arbitrary<string> {
  const indents = [
    "",
    "",
    "",
    " ",
    "  ",
    "   ",
    "    ",
    "\t",
    "> ",
    "- ",
    "1. ",
    "  - ",
    ": ",
    ":   ",
    "[^1]: ",
  ];
  const bodies = [
    ...[
      "",
      "",
      "",
      "",
      "word",
      "![a](a.jpg)",
      "![b][id]",
      "[id]: b.jpg",
      "[id]:",
      "[Id]: c.jpg 'x'",
      "x[^1]",
      "![c](c.jpg) ![d](",
      "d.jpg)",
    ],
    ...[
      "```",
      "````",
      "~~~",
      "```js",
      "``` `",
      "`code",
      "---",
      "===",
      "# h",
      "| a | b |",
      "|---|---|",
      "| ![f](f.jpg) | ![b][id] |",
    ],
    ...[
      "<!-- ",
      "-->",
      "<!-->",
      "<pre>",
      "</pre>",
      "<div>",
      "</div>",
      "<script",
      "</script>",
      "<?",
      "?>",
      "<!X",
      ">",
    ],
    ...[
      "<![CDATA[",
      "]]>",
      "<span>",
      "<b",
      "*",
      "- ",
      "+",
      "[^1]: note",
      "\\",
      '<img src="https://images.example/?img=e.jpg&q=5">',
    ],
  ];
  return fc
    .tuple(fc.constantFrom(...indents), fc.constantFrom(...bodies))
    .map(([indent, body]) => indent + body);
}
