import fc from "fast-check";
import { describe, expect, test } from "vitest";
import cases from "../cases.json" with { type: "json" };
import { askedFormats } from "../formats.ts";
import { type ManifestImage, parseManifest } from "../manifest.ts";
import { candidatesFor, socialRequest } from "../page/candidates.ts";
import { type Photo, parseDestination } from "../page/destination.ts";
import { defaultParams, type SiteParams } from "../page/params.ts";
import { isFocus, isRatio, largestCrop, type Ratio, ratioOf } from "../url/crop.ts";
import { keyProblem } from "../url/key.ts";
import { formatQuery, type ImageRequest, InvalidRequest, parseQuery } from "../url/request.ts";
import { sign, verify } from "../url/signature.ts";
import { formatUrl } from "../url/url.ts";

describe("a query string", () => {
  test.each(cases.queries)("the query $query is $canonical", ({ query, request, canonical }) => {
    expect(parseQuery(query)).toEqual(request);
    expect(formatQuery(parseQuery(query))).toBe(canonical);
    expect(parseQuery(canonical)).toEqual(request);
  });

  test.each(cases.invalid)("the query $query is refused because of $parameter", ({ query, parameter }) => {
    expect(refusedParameter(query)).toBe(parameter);
  });

  test.each([
    ["ar=80:42", "ar takes the lowest terms: 40:21"],
    ["ar=016:9", "ar takes the lowest terms: 16:9"],
    ["ar=1.91:1", "ar takes two whole numbers, such as 16:9"],
    ["ar=51:10", "ar takes a ratio from 1:5 to 5:1"],
    ["fp=30,70", "fp needs ar, the ratio of the crop"],
    ["ar=16:9&fp=030,7", "fp takes no leading zeros: 30,7"],
  ])("a query with %s is refused with a message that says what to request", (crop, words) => {
    expect(() => parseQuery(`img=worms.jpg&${crop}`)).toThrow(words);
  });

  test("printing and parsing a query are exact inverses, for every request", () => {
    fc.assert(
      fc.property(requests(), (request) => {
        expect(parseQuery(formatQuery(request))).toEqual(request);
      }),
    );
  });

  test("parsing any text as a query throws only refusals", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        refusedParameter(text);
        refusedParameter(`img=${text}`);
      }),
    );
  });
});

describe("a Markdown destination", () => {
  test.each(cases.destinations)("the destination $destination with $params", (row) => {
    const site = {
      ...defaultParams,
      endpoint: cases.endpoint,
      ...("params" in row ? row.params : {}),
    } as SiteParams;
    const parsed = parseDestination(row.destination, site, "folder" in row ? row.folder : "");
    const images =
      "manifest" in row ? row.manifest : "image" in row ? { [keyOf(row.destination)]: row.image } : {};
    const image = (key: string) => parseManifest({ schema: 2, images })?.images[key];
    const urls = parsed.kind === "photo" ? shown(parsed, site, image).map(formatQuery) : [];
    expect(urls).toEqual(row.urls);
  });

  test("an invalid key in a destination is named with the reason", () => {
    const parsed = parseDestination("a\\b.jpg", { ...defaultParams, endpoint: cases.endpoint });
    expect(parsed).toEqual({ kind: "invalid", problem: 'the key "a\\b.jpg" contains a backslash' });
  });

  test("an ignored override of a destination is named", () => {
    const parsed = parseDestination("a.jpg?q=0&w=x&fm=tiff&ar=6:1&fp=1", {
      ...defaultParams,
      endpoint: cases.endpoint,
    });
    expect(parsed.kind === "photo" && parsed.problems).toEqual([
      "q=0 is ignored: it takes a whole number from 1 to 100",
      "w=x is ignored: it takes a whole number from 1 to 3840",
      "fm=tiff is ignored: it takes auto, avif, webp, jpg or png",
      "ar=6:1 is ignored: it takes a ratio from 1:5 to 5:1, such as 16:9",
      "fp=1 is ignored: it takes two whole numbers from 0 to 100, such as 30,70",
    ]);
  });
});

describe("a link preview", () => {
  test.each(cases.previews)("the link preview of $src", ({ src, query, ...row }) => {
    const site = { ...defaultParams, endpoint: cases.endpoint };
    const parsed = parseDestination(src, site);
    const image = "image" in row ? (row.image as ManifestImage) : undefined;
    const asked = parsed.kind === "photo" ? socialRequest(parsed, site, image) : undefined;
    expect(asked && formatQuery(asked)).toBe(query);
  });
});

describe("a crop", () => {
  test.each(cases.crops)("a crop of $src to $ar with $params", (row) => {
    const site = {
      ...defaultParams,
      endpoint: cases.endpoint,
      ...("params" in row ? row.params : {}),
    } as SiteParams;
    const parsed = parseDestination(row.src, site);
    const ratio = ratioOf(row.ar);
    if (parsed.kind !== "photo" || ratio === undefined) throw new Error("no photograph");
    const image = "image" in row ? (row.image as ManifestImage) : undefined;
    const focus = "fp" in row && isFocus(row.fp) ? { focus: row.fp } : {};
    const { all } = candidatesFor({ ...parsed, ratio, ...focus }, site, image);
    expect(all.map(formatQuery)).toEqual(row.urls);
  });

  test("a crop is as large as possible, never larger than the image, and as near to its ratio as whole pixels allow", () => {
    const side = fc.integer({ min: 1, max: 20_000 });
    fc.assert(
      fc.property(side, side, ratios(), (width, height, ratio) => {
        const crop = largestCrop({ width, height }, ratio);
        const [across = 0, down = 0] = ratio.split(":").map(Number);
        expect(crop.width).toBeLessThanOrEqual(width);
        expect(crop.height).toBeLessThanOrEqual(height);
        expect(Math.min(crop.width, crop.height)).toBeGreaterThan(0);
        if (width * down === height * across) expect(crop).toEqual({ width, height });
        const exact = (crop.width * down) / across;
        const [least, most] = [Math.max(1, Math.round(exact)), Math.min(height, Math.round(exact))];
        expect([least, most]).toContain(crop.height);
        // One more column does not fit into the picture, or not at this ratio.
        expect(crop.width === width || ((crop.width + 1) * down) / across > height).toBe(true);
      }),
    );
  });
});

describe("a tuned photograph", () => {
  test.each(cases.tuned)(
    "the tiers of $src with $params and the quality $image.q",
    ({ src, params, image, urls }) => {
      const site = { ...defaultParams, endpoint: cases.endpoint, ...params } as SiteParams;
      const parsed = parseDestination(src, site);
      if (parsed.kind !== "photo") throw new Error("no photograph");
      const { images } = parseManifest({ schema: 2, images: { "worms.jpg": image } }) ?? {};
      const found = candidatesFor(parsed, site, images?.["worms.jpg"]);
      expect(found.all.map(formatQuery)).toEqual(urls);
      expect(found.all).toContainEqual(found.src);
    },
  );
});

function keyOf(destination: string): string {
  return destination.replace(/\?.*/, "");
}

/** The request that a page makes, for the first key that the manifest has. */
function shown(photo: Photo, site: SiteParams, image: (key: string) => ManifestImage | undefined) {
  const key = photo.keys.find((key) => image(key) !== undefined) ?? photo.key;
  return candidatesFor({ ...photo, key }, site, image(key)).all;
}

describe("a signature", () => {
  test.each(cases.signatures)("the signature of $query", ({ key, query, signature }) => {
    const request = parseQuery(query);
    expect(sign(request, key)).toBe(signature);
    expect(verify({ ...request, signature }, ["another key", key])).toBe(true);
    expect(verify({ ...request, signature }, ["another key"])).toBe(false);
    expect(verify({ ...request, signature: signature.slice(1) }, [key])).toBe(false);
    expect(verify(request, [key])).toBe(false);
  });
});

test("a URL joins an endpoint with a path, with and without a slash at its end", () => {
  for (const endpoint of ["https://blog.example/img", "https://blog.example/img/"]) {
    expect(formatUrl(endpoint, { key: "worms.jpg", quality: 33 })).toBe(
      "https://blog.example/img/?img=worms.jpg&q=33",
    );
  }
});

function refusedParameter(query: string): string | undefined {
  try {
    parseQuery(query);
    return undefined;
  } catch (error) {
    if (error instanceof InvalidRequest) return error.parameter;
    throw error;
  }
}

function requests(): fc.Arbitrary<ImageRequest> {
  return fc
    .record(
      {
        ratio: ratios(),
        key: fc.string({ unit: "binary", minLength: 1 }).filter((key) => keyProblem(key) === undefined),
        quality: fc.integer({ min: 1, max: 100 }),
        width: fc.integer({ min: 1, max: 3840 }),
        format: fc.constantFrom(...askedFormats, "json" as const),
        version: fc.stringMatching(/^[0-9a-f]{10}$/),
        signature: fc.string({ unit: "binary" }).filter((text) => text.isWellFormed()),
      },
      { requiredKeys: ["key"] },
    )
    .chain((request) => (request.ratio === undefined ? fc.constant(request) : focusing(request)));
}

function focusing(request: ImageRequest): fc.Arbitrary<ImageRequest> {
  const percent = fc.integer({ min: 0, max: 100 });
  const focus = fc.option(fc.tuple(percent, percent), { nil: undefined });
  return focus.map((point) =>
    point === undefined ? request : { ...request, focus: `${point[0]},${point[1]}` as const },
  );
}

function ratios(): fc.Arbitrary<Ratio> {
  const term = fc.integer({ min: 1, max: 9999 });
  return fc
    .tuple(term, term)
    .map(([across, down]) => `${across}:${down}` as const)
    .filter(isRatio);
}
