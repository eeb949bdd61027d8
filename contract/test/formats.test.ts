import { describe, expect, test } from "vitest";
import { acceptedBy, askedFormats, formatByType, formats, readerClass, readerClasses } from "../formats.ts";

describe("the table of formats", () => {
  test("has a letter and a media type of its own for each format", () => {
    const rows = Object.values(formats);
    expect(formatByType.size).toBe(rows.length);
    const letters = rows.flatMap(({ letter }) => letter ?? []);
    expect(new Set(letters).size).toBe(letters.length);
  });

  test("names a class of readers for each set of formats, and reads its own names", () => {
    expect(readerClasses).toEqual(["auto", "auto-a", "auto-w", "auto-aw"]);
    for (const of of readerClasses) expect(readerClass(acceptedBy(of))).toBe(of);
    expect(readerClass(["webp", "avif"])).toBe("auto-aw");
  });

  test("accepts nothing for an explicit format or a letter that it does not know", () => {
    for (const format of askedFormats) expect(acceptedBy(format)).toEqual([]);
    expect(acceptedBy("auto-xw")).toEqual(["webp"]);
  });
});
