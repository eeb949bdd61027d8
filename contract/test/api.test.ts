import { describe, expect, test } from "vitest";
import {
  InvalidBody,
  parseMissingBody,
  parseProbeBody,
  parsePublishedExpiry,
  parsePublishedImages,
  parseWarmBody,
} from "../api.ts";

const warm = { img: "worms.jpg", v: "0123456789", variants: [{ q: 66, w: 800, accept: "avif" }], effort: 4 };
const images = { "a b.jpg": ["img=a+b.jpg&q=60&w=800"] };

describe("a body of /api", () => {
  test("a valid body of the API is returned by its parser, without unknown members", () => {
    expect(parseProbeBody({ images: ["worms.jpg"], more: 1 })).toEqual({ images: ["worms.jpg"] });
    expect(parseWarmBody({ ...warm, more: 1 })).toEqual(warm);
    const { effort: _, ...image } = warm;
    expect(parseMissingBody({ images: [warm] })).toEqual({ images: [image] });
    expect(parsePublishedImages(images)).toEqual([
      ["a b.jpg", [{ key: "a b.jpg", quality: 60, width: 800 }]],
    ]);
    expect(parsePublishedExpiry(60)).toBe(60);
    // Names of members that every object has: valibot's own records leave them out.
    for (const key of ["constructor", "prototype"])
      expect(parsePublishedImages({ [key]: [`img=${key}&q=60`] })).toEqual([[key, [{ key, quality: 60 }]]]);
  });

  test.each([
    [parseProbeBody, null, "the body is not an object"],
    [parseProbeBody, { images: "x" }, "images is not a list"],
    [parseProbeBody, { images: [1] }, "images[0] is not text"],
    [parseProbeBody, { images: ["../x"] }, 'images[0] has a "." or ".." segment'],
    [parseProbeBody, { images: Array(501).fill("x") }, "images has more than 500 items"],
    [parseWarmBody, { ...warm, v: "1" }, "v takes the 10 hex digits of a source version"],
    [parseWarmBody, { ...warm, effort: 10 }, "effort takes a whole number from 0 to 9"],
    [parsePublishedExpiry, 0, "expires takes a whole number from 1 to 31536000"],
    [parseWarmBody, { ...warm, variants: [{ q: "66" }] }, "variants[0].q takes a whole number from 1 to 100"],
    [parseWarmBody, { ...warm, variants: [{ fm: "jpeg" }] }, "variants[0].fm takes avif, webp, jpg, png"],
    [parseMissingBody, { images: [{}] }, "images[0].img is not text"],
    [parseMissingBody, { images: [[]] }, "images[0].img is not text"],
    [parseProbeBody, [], "images is not a list"],
    [parseWarmBody, { ...warm, variants: [[]] }, "variants[0] is not an object"],
    [
      parseWarmBody,
      { ...warm, variants: [{ w: null }] },
      "variants[0].w takes a whole number from 1 to 3840",
    ],
    [parsePublishedImages, undefined, "images is not an object"],
    [parsePublishedImages, { "a.jpg": ["img=b.jpg"] }, 'images["a.jpg"][0] is a query of another key'],
    [
      parsePublishedImages,
      { "a.jpg": ["img=a.jpg&q=0"] },
      'images["a.jpg"][0]: q takes a whole number from 1 to 100',
    ],
  ])("an invalid body of the API is refused with the place and the remedy: %o %o", (parse, body, message) => {
    expect(() => parse(body)).toThrow(new InvalidBody(message));
  });
});
