import fc from "fast-check";
import { expect, test } from "vitest";
import { namedLadders } from "../../../contract/page/tiers.ts";
import params from "../../../contract/params.json" with { type: "json" };
import { PAIRS } from "../page/photo/blind-test.ts";
import {
  copyKinds,
  folderHash,
  formatRoute,
  type PhotoRoute,
  parseRoute,
  photoFormats,
  photoHash,
  type Route,
  sections,
  sides,
  sortOrders,
  zooms,
} from "../page/url/route.ts";

const name = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !/[/\\]/.test(text));
const anyText = fc.string({ unit: "grapheme", maxLength: 60 });
const percent = fc.integer({ min: 0, max: 1000 }).map((tenths) => tenths / 10);

const photo: fc.Arbitrary<PhotoRoute> = fc.record({
  kind: fc.constant("photo" as const),
  key: fc.array(name, { minLength: 1 }).map((parts) => parts.join("/")),
  q: fc.integer({ min: 1, max: 100 }),
  w: fc.integer({ min: 1, max: 3840 }),
  format: fc.constantFrom(...photoFormats),
  show: fc.constantFrom(...sides),
  zoom: fc.constantFrom(...zooms),
  divider: fc.integer({ min: 1, max: 99 }),
  x: percent,
  y: percent,
  copy: fc.constantFrom(...copyKinds),
  alt: anyText,
  decorative: fc.boolean(),
  tiered: fc.boolean(),
  cover: fc.constantFrom(...params.frontmatter),
  ladder: fc.constantFrom(...Object.keys(namedLadders)),
  column: anyText,
  open: fc.shuffledSubarray([...sections]),
  blind: fc.option(
    fc.record({
      seed: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      answers: fc.array(fc.constantFrom("left" as const, "right" as const), { maxLength: PAIRS }),
    }),
    { nil: undefined },
  ),
});

const folder: fc.Arbitrary<Route> = fc.record({
  kind: fc.constant("folder" as const),
  folder: fc.array(name).map((parts) => parts.map((part) => `${part}/`).join("")),
  find: anyText,
  sort: fc.constantFrom(...sortOrders),
  most: fc.integer({ min: 120, max: 100_000 }),
  whole: fc.boolean(),
  pick: fc.uniqueArray(name),
});

test("every state of the page survives its URL", () => {
  fc.assert(
    fc.property(fc.oneof(photo, folder, fc.constant({ kind: "server" as const })), (route) => {
      // As a browser reads it from its address bar.
      const { hash } = new URL(`http://localhost:5000/_studio/${formatRoute(route)}`);
      expect(parseRoute(hash)).toEqual(route);
    }),
  );
});

test("the URL of a state that nobody has changed has no query", () => {
  for (const hash of ["#/", "#/trips/", "#/trips/alps.jpg", "#//server"])
    expect(formatRoute(parseRoute(hash))).toBe(hash);
  expect([folderHash("a b/"), photoHash("a?.jpg")]).toEqual(["#/a%20b/", "#/a%3F.jpg"]);
});

test.each([
  "q=0.5",
  "q=0",
  "q=101",
  "q=1e1",
  "q=0x10",
  "q=%2050",
  "q=40&q=50",
  "w=99999",
  "format=png",
  "format=AVIF",
  "show=x",
  "zoom=",
  "divider=-1",
  "divider=100",
  "x=100.1",
  "x=1.25",
  "y=.5",
  "y=NaN",
  "copy=html",
  `alt=${"x".repeat(1001)}`,
  "decorative=true",
  "tiered=",
  "cover=title",
  "ladder=__proto__",
  "ladder=constructor",
  `column=${"9".repeat(4001)}`,
  "open=everything",
  "blind=lrlrlr-z",
  "blind=x-z",
  "token=secret",
  "__proto__=1",
])("%s shows the defaults", (query) => {
  expect(parseRoute(`#/a.jpg?${query}`)).toEqual(parseRoute("#/a.jpg"));
});

test("a folder's URL with wrong values shows the defaults, and a key that is no UTF-8 stays as it is", () => {
  expect(
    parseRoute(`#/?sort=x&most=1&whole=1&find=${"x".repeat(201)}&pick=&pick=${"x".repeat(1025)}`),
  ).toEqual(parseRoute("#/"));
  expect(parseRoute("#/?pick=a&pick=b&pick=a")).toMatchObject({ pick: ["a", "b"] });
  expect(parseRoute("")).toMatchObject({ kind: "folder", folder: "" });
  expect(parseRoute("#/%E9.jpg")).toMatchObject({ kind: "photo", key: "%E9.jpg" });
});
