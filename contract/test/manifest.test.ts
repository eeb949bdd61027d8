import { describe, expect, test } from "vitest";
import {
  formatManifest,
  type Manifest,
  type ManifestImage,
  manifestBasics,
  parseManifest,
} from "../manifest.ts";
import { check } from "../schema.ts";

const good = { width: 4000, height: 3000, version: "0123456789", color: "#102030", placeholder: "UklGRg==" };

const readImage = (image: unknown) => parseManifest({ schema: 2, images: { image } })?.images.image;

test.each([
  ["width", -1],
  ["width", "4000"],
  ["width", 10_000_000],
  ["width", Number.NaN],
  ["height", 0.5],
  ["height", undefined],
  ["version", "012345678"],
  ["version", "0123456789\n"],
  ["version", 1234567890],
  ["color", "red"],
  ["color", "#10203"],
  ["color", "#102030;x"],
  ["color", `red"><script>`],
  ["color", null],
  ["placeholder", ""],
  ["placeholder", "UklGR"],
  ["placeholder", "Uk=lGRg="],
  ["placeholder", `x)"><script>`],
  ["placeholder", "A".repeat(408)],
])("an image whose %s is %j is not from a scan", (member, value) => {
  expect(check(manifestBasics, { ...good, [member]: value })).toMatchObject({ fault: { place: member } });
  expect(readImage({ ...good, [member]: value })).toBeUndefined();
});

test("an image may lack color and placeholder, and its size may be 0, and nothing else may be missing", () => {
  const { color: _, placeholder: __, ...plain } = good;
  for (const image of [good, plain, { ...plain, width: 0, height: 0 }])
    expect(readImage({ ...image, more: 1 })).toEqual(image);
  for (const other of [null, undefined, "x", 1, [], {}]) expect(readImage(other)).toBeUndefined();
});

describe("a manifest", () => {
  const image: ManifestImage = {
    ...good,
    focus: "30,70",
    q: { avif: 48, offset: -4 },
    hdr: true,
    damaged: 63,
    meta: { title: "Worms", aperture: 2.8, keywords: ["a", "b"] },
  };
  const manifest: Manifest = {
    schema: 2,
    images: { "worms.jpg": image, "plain.jpg": good },
    galleries: { "trips/alps": ["trips/alps/b.jpg", "trips/alps/a.jpg"] },
  };

  test("a manifest is read as it was written, with one photograph or gallery on a line", () => {
    const { schema: _, ...said } = manifest;
    const text = formatManifest(manifest);
    expect(parseManifest(JSON.parse(text))).toEqual(said);
    expect(text.split("\n").map((line) => line.slice(0, 17))).toEqual([
      ...["{", '  "schema": 2,', '  "images": {', '    "plain.jpg": ', '    "worms.jpg": ', "  },"],
      ...['  "galleries": {', '    "trips/alps":', "  }", "}", ""],
    ]);
    expect(parseManifest(JSON.parse(formatManifest({ schema: 2, images: {} })))).toEqual({ images: {} });
  });

  test("a manifest of schema 1 is read too", () => {
    expect(parseManifest({ schema: 1, images: { "worms.jpg": good } })).toEqual({
      images: { "worms.jpg": good },
    });
  });

  test("a manifest of a later schema is refused, and other JSON is no manifest", () => {
    expect(() => parseManifest({ schema: 3, images: {} })).toThrow(
      "has schema 3, and this version reads 1 to 2",
    );
    for (const other of [
      null,
      [],
      "x",
      {},
      { schema: "2", images: {} },
      { schema: 0, images: {} },
      { schema: 2, images: [] },
    ])
      expect(parseManifest(other)).toBeUndefined();
  });

  test.each([
    ["focus", "030,70"],
    ["focus", [30, 70]],
    ["q", 50],
    ["q", { avif: 0 }],
    ["q", { offset: 100 }],
    ["q", { gif: 50 }],
    ["meta", "title"],
    ["meta", ["title"]],
    ["hdr", 1],
    ["damaged", 100],
    ["damaged", 0.5],
    ["later", true],
  ])("a manifest entry whose %s is %j loses only that member", (member, value) => {
    const { [member as "focus"]: _, ...rest } = { ...image, later: undefined };
    const { later: __, ...kept } = rest;
    const said = { schema: 2, images: { "worms.jpg": { ...image, [member]: value } } };
    expect(parseManifest(said)?.images["worms.jpg"]).toEqual(kept);
  });

  test("an invalid photograph or gallery is left out of a manifest, and nothing else", () => {
    const broken = { ...manifest.images, "evil.jpg": { ...good, color: "red" }, "none.jpg": null };
    const galleries = { ...manifest.galleries, broken: ["a.jpg", 1], text: "a.jpg" };
    expect(parseManifest({ schema: 2, images: broken, galleries })).toEqual({
      images: manifest.images,
      galleries: manifest.galleries,
    });
  });
});
