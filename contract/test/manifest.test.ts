import { expect, test } from "vitest";
import { manifestImage, parseManifestImage } from "../manifest.ts";
import { check } from "../schema.ts";

const good = { width: 4000, height: 3000, version: "0123456789", color: "#102030", placeholder: "UklGRg==" };

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
  expect(check(manifestImage, { ...good, [member]: value })).toMatchObject({ fault: { place: member } });
  expect(parseManifestImage({ ...good, [member]: value })).toBeUndefined();
});

test("an image may lack color and placeholder, and its size may be 0, and nothing else may be missing", () => {
  const { color: _, placeholder: __, ...plain } = good;
  for (const image of [good, plain, { ...plain, width: 0, height: 0 }])
    expect(parseManifestImage({ ...image, more: 1 })).toEqual(image);
  for (const other of [null, undefined, "x", 1, [], {}]) expect(parseManifestImage(other)).toBeUndefined();
});
