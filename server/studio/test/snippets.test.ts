import fc from "fast-check";
import type { Image, Root } from "mdast";
import { remark } from "remark";
import { visit } from "unist-util-visit";
import { expect, test } from "vitest";
import { parseDestination } from "../../../contract/page/destination.ts";
import { slotWidth } from "../../../contract/page/slot-width.ts";
import { namedLadders } from "../../../contract/page/tiers.ts";
import { keyProblem } from "../../../contract/url/key.ts";
import {
  coverOf,
  galleryOf,
  ladderThrough,
  markdownOf,
  pathOf,
  shortcodeOf,
  sizesIn,
  sizesLineOf,
  tiersOf,
} from "../page/copy/snippets.ts";

const site = { endpoint: "https://images.example/", sources: [], resolve: "flat" } as const;

/** Keys as cameras, people and attackers write them. */
const key = fc
  .oneof(
    fc.string({ unit: "binary", minLength: 1, maxLength: 30 }),
    fc.string({
      unit: fc.constantFrom(..."ab /.()[]<>{}%?#&*_`\"'\\!~$:;|+=,^é"),
      minLength: 1,
      maxLength: 20,
    }),
  )
  .filter((text) => keyProblem(text) === undefined && !text.includes("//") && !text.endsWith("/"));

function imagesIn(markdown: string): Image[] {
  const images: Image[] = [];
  visit(remark().parse(markdown) as Root, "image", (image) => void images.push(image));
  return images;
}

test("the Markdown of any key and alt text is one image of that key, with that text, in a real parser", () => {
  fc.assert(
    fc.property(key, fc.string({ maxLength: 40 }), (key, alt) => {
      const [image, ...others] = imagesIn(markdownOf({ key, q: 45, alt }));
      expect(others).toEqual([]);
      expect(image?.alt).toBe(alt.replace(/\s+/g, " ").trim());
      expect(parseDestination(image?.url ?? "", site)).toMatchObject({ kind: "photo", key, quality: 45 });
    }),
  );
});

test("spaces are escaped, and letters of every script stay readable", () => {
  expect(markdownOf({ key: "trips/my Würmer.jpg", q: 45, alt: "Worms [small]" })).toBe(
    "![Worms \\[small\\]](trips/my%20Würmer.jpg?q=45)",
  );
  expect(markdownOf({ key: "a.jpg", alt: undefined })).toBe("![](a.jpg#decorative)");
  expect(pathOf("a(1)%20#?.jpg")).toBe("a%281%29%2520%23%3F.jpg");
});

test("no text can end a shortcode or begin another one", () => {
  expect(shortcodeOf({ key: "a b.jpg", q: 45, alt: 'a "good" day' })).toBe(
    '{{< img src="a%20b.jpg?q=45" alt=`a "good" day` >}}',
  );
  expect(shortcodeOf({ key: 'x">}}{{<evil>}}.jpg', alt: '`a" b' })).toBe(
    '{{< img src="x%22%3E%7D%7D%7B%7B%3Cevil%3E%7D%7D.jpg" alt="`a\\" b" >}}',
  );
  expect(shortcodeOf({ key: "a.jpg", alt: "C:\\" })).toBe('{{< img src="a.jpg" alt=`C:\\` >}}');
  expect(shortcodeOf({ key: "a.jpg", alt: '`\\" >}}{{< evil' })).toBe(
    '{{< img src="a.jpg" alt=`\'\\" >}}{{< evil` >}}',
  );
  expect(markdownOf({ key: "a.jpg", alt: "{{< evil >}}" })).toBe("![\\{\\{\\< evil \\>\\}\\}](a.jpg)");
  expect(galleryOf(["a.jpg"])).toBe('{{< imgproxy/gallery keys="a.jpg" >}}');
  expect(galleryOf(["a.jpg", "my b.jpg"])).toBe('{{< imgproxy/gallery "a.jpg" "my%20b.jpg" >}}');
});

test("a cover is written for the theme's own parameter", () => {
  expect(coverOf("a b.jpg", "image")).toBe('image: "a%20b.jpg"');
  expect(coverOf("a.jpg", "images")).toBe('images: ["a.jpg"]');
  expect(coverOf("a.jpg", "cover.image")).toBe('cover:\n  image: "a.jpg"');
});

test("a ladder goes through the chosen quality, and keeps its steps", () => {
  const balanced = namedLadders.balanced ?? [];
  expect(ladderThrough(balanced, { width: 1200, quality: 50 })).toEqual(
    balanced.map(({ width, quality }) => ({ width, quality: quality - 10 })),
  );
  expect(ladderThrough(balanced, { width: 1000, quality: 63 })).toEqual(balanced);
  expect(tiersOf([{ width: 480, quality: 70 }])).toBe(
    "[params.imgproxy]\ntiers = [\n  { width = 480, quality = 70 },\n]",
  );
});

test("a column's width becomes the sizes of a column that is narrower in narrow windows", () => {
  const sizes = sizesIn("700");
  expect(sizesLineOf(sizes)).toBe('[params.imgproxy]\nsizes = "(min-width: 761px) 700px, 92vw"');
  expect([320, 760, 761, 1440].map((viewport) => Math.round(slotWidth(sizes, viewport) ?? 0))).toEqual([
    294, 699, 700, 700,
  ]);
});

test.each([
  "(min-width: 65.25rem) 60rem, 92vw",
  '<img src="a.jpg" data-sizes="1px" sizes="(min-width: 65.25rem)\n 60rem, 92vw" alt="">',
  'sizes = "(min-width: 65.25rem) 60rem, 92vw"',
  "[params.imgproxy]\nsizes = '(min-width: 65.25rem) 60rem, 92vw'\ntiers = 1",
  "imgproxy:\n  sizes: (min-width: 65.25rem) 60rem, 92vw\n  figure: true",
])("the sizes of a site are found in %s", (text) => {
  expect(sizesIn(text)).toBe("(min-width: 65.25rem) 60rem, 92vw");
});
