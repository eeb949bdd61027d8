import { describe, expect, test } from "vitest";
import { acceptedBy, askedFormats, formatByType, formats, readerClass, readerClasses } from "../formats.ts";

describe("the table of formats", () => {
  test("each format has its own letter and media type", () => {
    const rows = Object.values(formats);
    expect(formatByType.size).toBe(rows.length);
    const letters = rows.flatMap(({ letter }) => letter ?? []);
    expect(new Set(letters).size).toBe(letters.length);
  });

  test("there is a class of readers for each set of formats, and its name is read back", () => {
    expect(readerClasses).toEqual(["auto", "auto-a", "auto-w", "auto-aw"]);
    for (const of of readerClasses) expect(readerClass(acceptedBy(of))).toBe(of);
    expect(readerClass(["webp", "avif"])).toBe("auto-aw");
  });

  test("an explicit format, and an unknown letter, accept no formats", () => {
    for (const format of askedFormats) expect(acceptedBy(format)).toEqual([]);
    expect(acceptedBy("auto-xw")).toEqual(["webp"]);
  });
});
